import Codecs
import Journal
import TimeSeries

/// The snapshots of a store on disk: chunk files, written once and kept until all in them is dropped, state files
/// with the rest, and manifests that say which files make up a snapshot and where the log goes on. A snapshot
/// exists once its manifest has its name; the two newest are kept.
struct SnapshotFolder: Sendable {
    static let folder = "snapshots"

    struct ChunkFile: Hashable, Sendable {
        var number: UInt64
        /// The oldest time in it; nil where an older program wrote the manifest.
        var first: Int64?
        /// The newest time in it.
        var last: Int64
        var byteCount: Int
    }

    struct Manifest: Hashable, Sendable {
        var number: UInt64
        /// The last log sequence that is part of the snapshot.
        var sequence: UInt64
        var stateByteCount: Int
        var chunkFiles: [ChunkFile]
        var rollupFiles = RollupFiles()
        /// Up to where the log was on disk; nil for a copy, which has none, and where an older program wrote the manifest.
        var logEnd: LogEnd?
    }

    let disk: any Disk
    /// Oldest first, at most two.
    var manifests: [Manifest] = []
    /// Files that could not be read as a whole; set aside where others are deleted.
    var damagedFiles: Set<String> = []
    /// Whether nothing of any state could be read.
    var isGivenUp = false
    var lastNumber: UInt64 = 0
    /// Whether files of no use are left that the disk did not delete.
    private(set) var hasUnused = false
    /// The furthest end of the log that any manifest tells of.
    var logEnd: LogEnd?

    init(_ disk: any Disk) throws(DiskError) {
        self.disk = disk
        try disk.createFolder(SnapshotFolder.folder)
    }

    static func path(_ kind: String, _ number: UInt64) -> String {
        let digits = String(number)
        return "\(folder)/\(kind)-\(String(repeating: "0", count: max(0, 10 - digits.count)))\(digits)"
    }

    var byteCount: Int {
        let files = Set(manifests.flatMap(\.chunkFiles))
        let rollups = manifests.last?.rollupFiles.byteCount ?? 0
        return files.reduce(manifests.reduce(rollups) { $0 + $1.stateByteCount }) { $0 + $1.byteCount }
    }

    /// Writes a snapshot of a head as it was behind log sequence `sequence`, which must be durable; `logEnd` is where the log
    /// was on disk then. Returns the sequence below which the log is needed no more. Where it is written `anew`, nothing of it is
    /// in a file yet, and all files of before go. A `isDense` one takes some ten times as long and is smaller, and needs none
    /// beside it, which would have another state. The only one is written twice where its state has no more bytes than `smallState`.
    mutating func write(
        _ head: Head, sequence: UInt64, logEnd: LogEnd? = nil, anew: Bool = false, isDense: Bool = false,
        smallState: Int = SnapshotFolder.smallState
    ) throws -> UInt64 {
        lastNumber = try nextNumber()
        let number = lastNumber
        var manifest: Manifest
        let temporary = SnapshotFolder.path("manifest", number) + ".new"
        do {
            manifest = try prepare(head, number, sequence, after: anew ? nil : manifests.last, isDense)
            manifest.logEnd = logEnd
            try name(manifest, temporary, isDense)
        } catch {
            // What was begun would fill a full disk further with each attempt.
            let begun = (try? SnapshotFolder.files(disk)) ?? []
            for file in begun where file.number == number { try? disk.remove(file.path) }
            throw error
        }
        try disk.synchronizeFolder(SnapshotFolder.folder)
        manifests = (anew || isDense ? [] : manifests.suffix(1)) + [manifest]
        let others = manifest.chunkFiles.reduce(manifest.rollupFiles.byteCount) { $0 + $1.byteCount }
        if manifests.count == 1, manifest.stateByteCount <= max(smallState, others / Self.cheapShare) {
            repeatState(of: manifest, isDense)
        }
        return manifests[0].sequence + 1
    }

    /// The next number that no file or folder has: what else has such a name is not written over.
    private func nextNumber() throws -> UInt64 {
        let taken = Set(try disk.list(SnapshotFolder.folder).compactMap { File($0)?.number })
        var number = lastNumber + 1
        while taken.contains(number) { number += 1 }
        guard number < File.numberLimit else {
            throw StoreError.snapshot("no number is left for its files")
        }
        return number
    }

    /// A state of no more bytes, or of no more than this share of the chunks, is written twice. Of a service that goes on the
    /// next snapshot adds another anyway.
    static let smallState = 128 << 10
    /// The same of a copy, in which half as many bytes say as much: tails are sealed.
    static let smallCopy = 64 << 10
    /// The same of an import, whose bytes count: what it came from is still there. Two such states of an import or a copy, and
    /// their manifests, are not protected in themselves as well.
    static let smallImport = 3 << 10
    private static let cheapShare = 16

    /// Writes the only snapshot once more, its state in a file of its own: the log before it goes, so that nothing else says
    /// what its series are should a byte of the state be damaged. Where the disk refuses, it stays the only one.
    private mutating func repeatState(of manifest: Manifest, _ isDense: Bool) {
        guard let number = try? nextNumber() else { return }
        lastNumber = number
        var copy = manifest
        copy.number = number
        let state = SnapshotFolder.path("state", copy.number)
        let temporary = SnapshotFolder.path("manifest", copy.number) + ".new"
        do {
            let file = try RecordFile(
                disk, state, id: copy.number, isDense: isDense, isFilledUp: !isDense)
            let report = try RecordFile.read(
                disk, SnapshotFolder.path("state", manifest.number), id: manifest.number
            ) {
                try file.append($1)
            }
            guard report.damage.isEmpty, report.mended.isEmpty else {
                throw StoreError.snapshot("a state that was just written is damaged")
            }
            try file.finish(unprotected: isDense ? Self.smallImport : 0)
            copy.stateByteCount = file.byteCount
            try name(copy, temporary, isDense)
            try disk.synchronizeFolder(SnapshotFolder.folder)
            manifests.append(copy)
        } catch {
            for path in [SnapshotFolder.path("manifest", copy.number), state, temporary] {
                try? disk.remove(path)
            }
        }
    }

    /// Writes a manifest, whose files are all there, and gives it its name.
    private func name(_ manifest: Manifest, _ temporary: String, _ isDense: Bool) throws {
        let isTwin = isDense && manifest.stateByteCount <= Self.smallImport
        let file = try RecordFile(disk, temporary, id: manifest.number)
        try file.append(SnapshotFolder.encode(manifest))
        try file.finish(unprotected: isTwin ? .max : 0)
        try disk.synchronizeFolder(SnapshotFolder.folder)
        try disk.rename(temporary, to: SnapshotFolder.path("manifest", manifest.number))
    }

    private func prepare(
        _ head: Head, _ number: UInt64, _ sequence: UInt64, after before: Manifest?, _ isDense: Bool
    ) throws -> Manifest {
        var chunkFiles = (before?.chunkFiles ?? []).filter { $0.last >= head.droppedBefore }
        if let file = try writeChunks(head, number, isDense) { chunkFiles.append(file) }
        var rollupFiles = before?.rollupFiles ?? RollupFiles()
        try rollupFiles.write(head, disk, number)
        let state = try writeState(head, number, isDense)
        return Manifest(
            number: number, sequence: sequence, stateByteCount: state, chunkFiles: chunkFiles,
            rollupFiles: rollupFiles)
    }

    /// The chunks of a store of no more bytes are written densely too: more would take longer than a second.
    static let denseChunks = 8 << 20

    private func writeChunks(_ head: Head, _ number: UInt64, _ isDense: Bool) throws -> ChunkFile? {
        let isDenser = isDense && head.byteCount <= Self.denseChunks
        var file: RecordFile?
        var (first, last) = (Int64.max, Int64.min)
        func append(_ record: [UInt8], _ from: Int64, _ to: Int64) throws {
            if file == nil {
                let path = SnapshotFolder.path("chunks", number)
                file = try RecordFile(
                    disk, path, id: number, isDense: isDenser, isFilledUp: !isDense)
            }
            try PieceRecord.forEach(record) { try file?.append($0) }
            first = min(first, from)
            last = max(last, to)
        }
        for (index, table) in head.tables.enumerated() {
            guard let table else { continue }
            for rows in table.sealed[table.persisted..<table.finalCount] {
                try append(SnapshotRecord.rows(index, rows), rows.first, rows.last)
            }
        }
        for index in head.loose.groups.indices {
            let group = head.loose.groups[index]
            for part in group.parts[group.persisted..<group.finalCount] {
                try append(SnapshotRecord.group(index, part), part.first, part.last)
            }
        }
        guard let file else { return nil }
        try file.finish()
        return ChunkFile(number: number, first: first, last: last, byteCount: file.byteCount)
    }

    private func writeState(_ head: Head, _ number: UInt64, _ isDense: Bool) throws -> Int {
        let file = try RecordFile(
            disk, SnapshotFolder.path("state", number), id: number, isDense: isDense,
            isFilledUp: !isDense)
        var count = 0
        func append(_ record: [UInt8]) throws {
            try PieceRecord.forEach(record) {
                try file.append($0)
                count += 1
            }
        }
        try append(SnapshotRecord.head(head))
        var layouts: [ObjectIdentifier: Int] = [:]
        for case let table? in head.tables where layouts[ObjectIdentifier(table.layout)] == nil {
            let number = layouts.count
            layouts[ObjectIdentifier(table.layout)] = number
            try append(LayoutRecord.columns(number, table.layout.columns))
        }
        for (index, table) in head.tables.enumerated() {
            guard let table else { continue }
            try append(SnapshotRecord.table(index, table, layout: layouts[ObjectIdentifier(table.layout)]!))
            for rows in table.sealed[table.finalCount...] { try append(SnapshotRecord.rows(index, rows)) }
        }
        for number in head.loose.all { try append(SnapshotRecord.series(number, head.loose)) }
        for index in head.loose.groups.indices {
            let group = head.loose.groups[index]
            for part in group.parts[group.finalCount...] { try append(SnapshotRecord.group(index, part)) }
        }
        try head.forEachRollupRecord(append)
        for tombstone in head.tombstones { try append(DeletionRecord.tombstone(tombstone)) }
        try head.exemplars.forEach { try append(ExemplarRecord.exemplar($1, of: $0)) }
        try StartTimeRecord.forEach(head, append)
        for record in MetadataRecord.records(head.metadata.byName) { try append(record) }
        try append(SnapshotRecord.end(count))
        try file.finish(unprotected: isDense ? Self.smallImport : 0)
        return file.byteCount
    }

    /// Deletes the files of no manifest that is kept, among them those that a crash left behind; damaged ones are set aside. What
    /// fails is tried again the next time.
    mutating func removeUnused() throws {
        hasUnused = true
        var kept: Set<String> = []
        for manifest in manifests {
            kept.insert(SnapshotFolder.path("manifest", manifest.number))
            kept.insert(SnapshotFolder.path("state", manifest.number))
            for file in manifest.chunkFiles { kept.insert(SnapshotFolder.path("chunks", file.number)) }
            kept.formUnion(manifest.rollupFiles.all.map(\.path))
        }
        let unused = try SnapshotFolder.files(disk).filter { !kept.contains($0.path) }
        // Manifests first: none may come back after a power cut that counts files which are gone.
        for file in unused where file.kind == "manifest" { try remove(file.path) }
        var failure: (any Error)?
        for file in unused where file.kind != "manifest" {
            do {
                try remove(file.path)
            } catch {
                failure = error
            }
        }
        try disk.synchronizeFolder(SnapshotFolder.folder)
        if let failure { throw failure }
        hasUnused = false
    }

    private mutating func remove(_ path: String) throws {
        guard damagedFiles.contains(path) else { return try disk.remove(path) }
        try Quarantine.take(path, on: disk)
        damagedFiles.remove(path)
    }
}
