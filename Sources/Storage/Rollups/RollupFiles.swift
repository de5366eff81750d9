import Journal

/// The files of a snapshot that hold final blocks, apart by resolution, as their retention is: written once, kept
/// until all in them is dropped.
struct RollupFiles: Hashable, Sendable {
    /// By resolution in milliseconds.
    var files: [Int64: [SnapshotFolder.ChunkFile]] = [:]

    static func kind(_ resolution: Int64) -> String { "rollups-\(resolution)" }

    /// The paths and expected lengths, coarsest resolution last, oldest file first.
    var all: [(path: String, file: SnapshotFolder.ChunkFile)] {
        files.sorted { $0.key < $1.key }.flatMap { resolution, files in
            files.map { (SnapshotFolder.path(RollupFiles.kind(resolution), $0.number), $0) }
        }
    }

    var byteCount: Int { all.reduce(0) { $0 + $1.file.byteCount } }

    /// Writes the final blocks of a head that are in no file yet, and forgets files of which all is gone.
    mutating func write(_ head: Head, _ disk: any Disk, _ number: UInt64) throws {
        var open: [Int64: (file: RecordFile, first: Int64, last: Int64)] = [:]
        try head.forEachRollupSet { owner, set in
            for level in set.levels {
                for block in level.blocks[level.persisted..<max(level.persisted, level.finalCount)] {
                    let path = SnapshotFolder.path(RollupFiles.kind(level.resolution), number)
                    let file = try open[level.resolution]?.file ?? RecordFile(disk, path, id: number)
                    try PieceRecord.forEach(RollupRecord.block(owner, block)) { try file.append($0) }
                    let first = min(open[level.resolution]?.first ?? .max, block.first &- level.resolution)
                    let last = max(open[level.resolution]?.last ?? .min, block.last)
                    open[level.resolution] = (file, first, last)
                }
            }
        }
        var oldest: [Int64: Int64] = [:]
        head.forEachRollupSet { _, set in
            for level in set.levels {
                guard let first = level.span?.lowerBound else { continue }
                oldest[level.resolution] = min(oldest[level.resolution] ?? first, first)
            }
        }
        for (resolution, list) in files {
            let first = oldest[resolution]
            let kept = list.filter { file in first.map { file.last > $0 } ?? false }
            files[resolution] = kept.isEmpty ? nil : kept
        }
        for (resolution, written) in open.sorted(by: { $0.key < $1.key }) {
            try written.file.finish()
            files[resolution, default: []].append(
                .init(
                    number: number, first: written.first, last: written.last,
                    byteCount: written.file.byteCount))
        }
    }
}

extension Head {
    func forEachRollupSet<Failure: Error>(
        _ body: (RollupRecord.Owner, RollupSet) throws(Failure) -> Void
    ) throws(Failure) {
        for (number, table) in tables.enumerated() {
            if let table, !table.rollups.levels.isEmpty { try body(.table(UInt32(number)), table.rollups) }
        }
        for (number, group) in looseRollups.groups.enumerated() {
            if let group { try body(.group(UInt32(number)), group.set) }
        }
    }

    /// The records of rollups that stand in a state file.
    func forEachRollupRecord(_ body: ([UInt8]) throws -> Void) throws {
        for (number, table) in tables.enumerated() {
            if let table, table.rollups.made > .min { try body(RollupRecord.table(number, table.rollups)) }
        }
        for (number, group) in looseRollups.groups.enumerated() {
            if let group { try body(RollupRecord.group(number, group)) }
        }
        try forEachRollupSet { owner, set in
            for level in set.levels {
                for block in level.blocks[max(level.persisted, level.finalCount)...] {
                    try body(RollupRecord.block(owner, block))
                }
            }
        }
    }

    /// As `markPersisted(as:)`, for rollups.
    mutating func markRollupsPersisted(as copy: Head) {
        for (number, table) in copy.tables.enumerated() {
            if let table { tables[number]?.rollups.markPersisted(as: table.rollups) }
        }
        for (number, group) in copy.looseRollups.groups.enumerated() {
            if let group { looseRollups.groups[number]?.set.markPersisted(as: group.set) }
        }
    }
}

extension RollupSet {
    mutating func markPersisted(as copy: RollupSet) {
        for old in copy.levels where old.finalCount > 0 {
            guard let level = levels.firstIndex(where: { $0.resolution == old.resolution }) else { continue }
            levels[level].markPersisted(through: old.blocks[old.finalCount - 1])
        }
    }
}
