import Codecs
import TimeSeries

/// Records of rollups in snapshots; numbers are LEB128, times signed ones:
///
///     16 table rollups  table, made, gone (times), levels: count, resolution and gone (time) each
///     17 group          group, levels as above, members: count, labels, made and gone (times) each
///     18 block          0 (table) or 1 (group), its number, resolution, width, buckets, windows: count, end, first and last
///                       (times; differences to the end before, and to the own end), scrapes each;
///                       chunks: count and end each, bytes; sketches: end each, bytes; where series ended: count, series,
///                       window and time (less the end of the window) each
enum RollupRecord {
    static let table: UInt8 = 16
    static let group: UInt8 = 17
    static let block: UInt8 = 18

    /// Whose blocks they are.
    enum Owner: Hashable, Sendable {
        case table(UInt32)
        case group(UInt32)
    }

    static func table(_ number: Int, _ set: RollupSet) -> [UInt8] {
        var bytes: [UInt8] = [table]
        bytes.append(varint: UInt64(number))
        bytes.append(signedVarint: set.made)
        bytes.append(signedVarint: set.rawGone)
        append(set.levels, to: &bytes)
        return bytes
    }

    static func group(_ number: Int, _ group: LooseRollups.Group) -> [UInt8] {
        var bytes: [UInt8] = [self.group]
        bytes.append(varint: UInt64(number))
        append(group.set.levels, to: &bytes)
        bytes.append(varint: UInt64(group.members.count))
        for member in group.members {
            bytes.append(prefixed: member.labels.bytes)
            bytes.append(signedVarint: member.made)
            bytes.append(signedVarint: member.rawGone)
        }
        return bytes
    }

    private static func append(_ levels: [RollupSet.Level], to bytes: inout [UInt8]) {
        bytes.append(varint: UInt64(levels.count))
        for level in levels {
            bytes.append(signedVarint: level.resolution)
            bytes.append(signedVarint: level.gone)
        }
    }

    static func block(_ owner: Owner, _ block: RollupBlock) -> [UInt8] {
        var bytes: [UInt8] = [self.block]
        switch owner {
        case .table(let number):
            bytes.append(0)
            bytes.append(varint: UInt64(number))
        case .group(let number):
            bytes.append(1)
            bytes.append(varint: UInt64(number))
        }
        bytes.append(signedVarint: block.resolution)
        bytes.append(varint: UInt64(block.width))
        bytes.append(varint: UInt64(block.bucketCount))
        bytes.append(varint: UInt64(block.windows.count))
        var last: Int64 = 0
        for window in block.windows {
            bytes.append(signedVarint: window.end &- last)
            bytes.append(signedVarint: window.end &- window.first)
            bytes.append(signedVarint: window.end &- window.last)
            bytes.append(varint: UInt64(window.count))
            last = window.end
        }
        bytes.append(varint: UInt64(block.ends.count))
        for end in block.ends { bytes.append(varint: UInt64(end)) }
        bytes.append(prefixed: block.bytes)
        for end in block.sketchEnds { bytes.append(varint: UInt64(end)) }
        bytes.append(prefixed: block.sketches)
        guard !block.markers.isEmpty else { return bytes }
        bytes.append(varint: UInt64(block.markers.reduce(0) { $0 + $1.value.count }))
        for (series, times) in block.markers.sorted(by: { $0.key < $1.key }) {
            for (window, time) in times.sorted(by: { $0.key < $1.key }) {
                bytes.append(varint: UInt64(series))
                bytes.append(varint: UInt64(window))
                bytes.append(signedVarint: time &- block.windows[window].end)
            }
        }
        return bytes
    }
}

/// Puts the records of rollups back: those of the state file first, then those of rollup files, then `finish`.
struct RollupReader {
    private var newBlocks: [RollupRecord.Owner: [RollupBlock]] = [:]
    private var oldBlocks: [RollupRecord.Owner: [RollupBlock]] = [:]
    private(set) var damagedChunks = 0
    /// The newest window of the block that was read last.
    private(set) var newest = Int64.min

    /// Takes a record without its kind; false where the kind is none of rollups.
    mutating func read(
        _ kind: UInt8, _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, into head: inout Head, isOld: Bool
    ) throws(CodecError) -> Bool {
        switch kind {
        case RollupRecord.table:
            let number = try cursor.number(bytes)
            var set = RollupSet()
            set.made = try cursor.signedVarint(bytes)
            set.rawGone = try cursor.signedVarint(bytes)
            set.levels = try levels(bytes, &cursor)
            if head.tables.indices.contains(Int(number)) { head.tables[Int(number)]?.rollups = set }
        case RollupRecord.group:
            let number = try cursor.number(bytes)
            guard number < 1 << 24 else { throw .malformed("group \(number)", at: cursor.position) }
            var group = LooseRollups.Group()
            group.set.levels = try levels(bytes, &cursor)
            for _ in 0..<(try cursor.length(bytes, limit: LooseRollups.groupSize)) {
                var member = LooseRollups.Member(labels: try cursor.labels(bytes))
                member.made = try cursor.signedVarint(bytes)
                member.rawGone = try cursor.signedVarint(bytes)
                group.members.append(member)
            }
            head.looseRollups.restore(Int(number), group)
        case RollupRecord.block:
            let isGroup = try cursor.byte(bytes) == 1
            let number = try cursor.number(bytes)
            let owner = isGroup ? RollupRecord.Owner.group(number) : .table(number)
            let block = try block(bytes, &cursor)
            damagedChunks += block.damagedChunkCount
            newest = block.last
            if isOld {
                oldBlocks[owner, default: []].append(block)
            } else {
                newBlocks[owner, default: []].append(block)
            }
        default: return false
        }
        return true
    }

    /// - Parameter isSalvaging: what the record of a table's rollups says may be missing.
    mutating func finish(_ head: inout Head, isSalvaging: Bool) {
        for owner in Set(oldBlocks.keys).union(newBlocks.keys) {
            let (old, new) = (oldBlocks[owner] ?? [], newBlocks[owner] ?? [])
            switch owner {
            case .table(let number):
                guard head.tables.indices.contains(Int(number)) else { continue }
                if isSalvaging, let table = head.tables[Int(number)], table.rollups.made == .min {
                    head.tables[Int(number)]?.rollups.salvage(old + new, firstSample: table.firstTime)
                }
                head.tables[Int(number)]?.rollups.restore(old, new)
            case .group(let number):
                guard head.looseRollups.groups.indices.contains(Int(number)) else { continue }
                head.looseRollups.groups[Int(number)]?.set.restore(old, new)
            }
        }
    }

    private func levels(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(CodecError) -> [RollupSet.Level] {
        var levels: [RollupSet.Level] = []
        for _ in 0..<(try cursor.length(bytes, limit: 64)) {
            let resolution = try cursor.signedVarint(bytes)
            guard resolution > levels.last?.resolution ?? 0 else {
                throw .malformed("resolution \(resolution)", at: cursor.position)
            }
            var level = RollupSet.Level(resolution: resolution)
            level.gone = try cursor.signedVarint(bytes)
            levels.append(level)
        }
        return levels
    }

    private func block(_ bytes: Span<UInt8>, _ cursor: inout ByteCursor) throws(CodecError) -> RollupBlock {
        let resolution = try cursor.signedVarint(bytes)
        let width = Int(try cursor.number(bytes))
        let bucketCount = Int(clamping: try cursor.varint(bytes))
        var windows: [RollupBlock.Window] = []
        var last: Int64 = 0
        for _ in 0..<(try cursor.length(bytes, limit: ColumnFormat.largestRowCount)) {
            last &+= try cursor.signedVarint(bytes)
            let first = last &- (try cursor.signedVarint(bytes))
            let newest = last &- (try cursor.signedVarint(bytes))
            let count = Int(clamping: try cursor.varint(bytes))
            windows.append(.init(end: last, first: first, last: newest, count: count))
        }
        let chunkCount = try cursor.length(bytes)
        let ends = try self.ends(bytes, &cursor, chunkCount)
        let content = try cursor.array(bytes, count: try cursor.length(bytes))
        let sketchEnds = try self.ends(bytes, &cursor, chunkCount)
        let sketches = try cursor.array(bytes, count: try cursor.length(bytes))
        let markers = try markers(bytes, &cursor, windows)
        let perChunk = RollupBlock.seriesPerChunk
        guard resolution > 0, !windows.isEmpty, chunkCount > 0, Int(ends[chunkCount - 1]) == content.count,
            Int(sketchEnds[chunkCount - 1]) == sketches.count, (width + perChunk - 1) / perChunk == chunkCount
        else { throw .malformed("rollup block", at: cursor.position) }
        return RollupBlock(
            resolution: resolution, windows: windows, width: width, bytes: content, ends: ends,
            sketches: sketches, sketchEnds: sketchEnds, bucketCount: bucketCount, markers: markers)
    }

    /// Older files, and blocks of series that all go on, end before these.
    private func markers(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, _ windows: [RollupBlock.Window]
    ) throws(CodecError) -> [UInt32: [Int: Int64]] {
        var markers: [UInt32: [Int: Int64]] = [:]
        guard !cursor.isAtEnd else { return markers }
        for _ in 0..<(try cursor.length(bytes)) {
            let series = try cursor.number(bytes)
            let window = Int(try cursor.number(bytes))
            let time = try cursor.signedVarint(bytes)
            guard windows.indices.contains(window) else {
                throw .malformed("rollup block", at: cursor.position)
            }
            markers[series, default: [:]][window] = windows[window].end &+ time
        }
        return markers
    }

    private func ends(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, _ count: Int
    ) throws(CodecError) -> [UInt32] {
        var ends: [UInt32] = []
        for _ in 0..<count {
            let end = try cursor.number(bytes)
            // Each part holds at least a checksum.
            guard end >= (ends.last ?? 0) + 4 else { throw .malformed("ends of chunks", at: cursor.position) }
            ends.append(end)
        }
        return ends
    }
}

extension RollupSet {
    /// Makes what the record of an empty set would say, as far as its blocks show it.
    fileprivate mutating func salvage(_ blocks: [RollupBlock], firstSample: Int64?) {
        levels = Set(blocks.map(\.resolution)).sorted().map { Level(resolution: $0) }
        let windows = blocks.lazy.flatMap(\.windows)
        made = windows.map(\.last).max() ?? .min
        let oldest = windows.map(\.first).min() ?? .max
        if let firstSample {
            rawGone = oldest < firstSample ? min(made, firstSample - 1) : .min
        } else {
            rawGone = made
        }
    }

    /// Puts back blocks, the first ones of which are in rollup files.
    mutating func restore(_ old: [RollupBlock], _ new: [RollupBlock]) {
        for (blocks, arePersisted) in [(old, true), (new, false)] {
            for block in blocks {
                guard let level = levels.firstIndex(where: { $0.resolution == block.resolution }),
                    block.last > levels[level].gone
                else { continue }
                // A file that a crash left without its manifest, and the one that was written after it.
                if arePersisted, levels[level].blocks.contains(where: { $0.isSame(as: block) }) { continue }
                levels[level].append(block)
                if arePersisted { levels[level].persisted += 1 }
            }
        }
    }
}

extension RollupBlock {
    fileprivate func isSame(as other: RollupBlock) -> Bool {
        first == other.first && last == other.last && windows == other.windows && bytes == other.bytes
    }
}
