import Codecs
import TimeSeries

/// Puts the records of snapshot files back into a head: first those of the state file, then those of the chunk
/// files from the oldest to the newest, then `finish()`.
struct SnapshotReader {
    /// Whether records of the state file may be missing: of those that are there, each is taken that makes sense alone.
    let isSalvaging: Bool
    private var layouts: [UInt64: Layout] = [:]
    private var pieces = PieceReader()
    private var count = 0
    private var seriesCount: UInt32 = 0
    private var newestSeries = Int64.min
    /// No number of a table is as large where the head does not say how many there are.
    private static let mostTables = 1 << 24
    private var isComplete = false
    /// Records of the state file that make no sense.
    private(set) var unreadableRecords = 0
    /// Parts of the state file, which are newer than those of chunk files.
    private var newRows: [UInt32: [SealedRows]] = [:]
    private var oldRows: [UInt32: [SealedRows]] = [:]
    /// By number of the group.
    private var newParts: [UInt32: [LoosePart]] = [:]
    private var oldParts: [UInt32: [LoosePart]] = [:]
    /// Chunks whose checksum was wrong; their samples are lost.
    var damagedChunks: Int { damaged + rollups.damagedChunks }
    private var damaged = 0
    private var rollups = RollupReader()
    /// The newest time in the parts and blocks that were read since it was set.
    var newest = Int64.min

    init(isSalvaging: Bool = false) { self.isSalvaging = isSalvaging }

    /// Whether all of the state file was there.
    var isWhole: Bool { isComplete && unreadableRecords == 0 }

    /// Takes the record at a place of the state file, counted from 1.
    mutating func readState(_ record: [UInt8], at place: UInt64, into head: inout Head) {
        do {
            if record.first == SnapshotRecord.metadata {
                try head.replay([StoreRecord.metadata] + record.dropFirst())
            }
            try read(record, at: place, into: &head, isOld: false)
        } catch {
            unreadableRecords += 1
        }
    }

    /// Takes the record at a place of its file, counted from 1; of a chunk file where `isOld`.
    mutating func read(
        _ record: [UInt8], at place: UInt64, into head: inout Head, isOld: Bool
    ) throws(CodecError) {
        if PieceRecord.isBeginning(record) { takeUnfinished(into: &head, isOld: isOld) }
        if record.first == PieceRecord.kind {
            if let whole = try pieces.take(record, at: place) {
                try read(whole, at: place, into: &head, isOld: isOld)
            } else {
                count += 1
            }
            return
        }
        let bytes = record.span
        var cursor = ByteCursor(count: bytes.count)
        let kind = try cursor.byte(bytes)
        switch kind {
        case SnapshotRecord.head:
            head.newest = try cursor.signedVarint(bytes)
            head.droppedBefore = try cursor.signedVarint(bytes)
            let tables = Int(try cursor.number(bytes))
            head.tables = [Table?](repeating: nil, count: tables)
            seriesCount = try cursor.number(bytes)
            // Older files do not have it.
            if !cursor.isAtEnd { head.window = try cursor.signedVarint(bytes) }
        case SnapshotRecord.layout:
            // The head has the first place, layout 0 the second.
            layouts[place &- 2] = head.layout(try cursor.labelsList(bytes))
        case SnapshotRecord.columns:
            let (number, columns) = try LayoutRecord.read(bytes, &cursor)
            layouts[number] = head.layout(columns)
        case SnapshotRecord.metrics: try MetadataRecord.read(bytes, &cursor, into: &head)
        case SnapshotRecord.table: try table(bytes, &cursor, into: &head)
        case SnapshotRecord.rows:
            let number = try cursor.number(bytes)
            let rows = try rows(bytes, &cursor)
            newest = max(newest, rows.last)
            if rows.last < head.droppedBefore { break }
            if isOld {
                oldRows[number, default: []].append(rows)
            } else {
                newRows[number, default: []].append(rows)
            }
        case SnapshotRecord.series: try series(bytes, &cursor, into: &head)
        case SnapshotRecord.part:
            let number = try cursor.number(bytes)
            try takePart(bytes, &cursor, number, slots: 1 << UInt16(number & 15), head, isOld)
        case SnapshotRecord.group:
            let number = try cursor.number(bytes)
            let slots = UInt16(truncatingIfNeeded: try cursor.number(bytes))
            try takePart(bytes, &cursor, number, slots: slots, head, isOld)
        case SnapshotRecord.histogramGroup:
            let number = try cursor.number(bytes)
            let slots = UInt16(truncatingIfNeeded: try cursor.number(bytes))
            let histograms = UInt16(truncatingIfNeeded: try cursor.number(bytes))
            try takePart(bytes, &cursor, number, slots: slots, histograms: histograms, head, isOld)
        case SnapshotRecord.metadata: break
        case SnapshotRecord.end: isComplete = try cursor.varint(bytes) == UInt64(count)
        default:
            if try rollups.read(kind, bytes, &cursor, into: &head, isOld: isOld) {
                newest = max(newest, rollups.newest)
                break
            }
            guard try head.readExtra(kind, bytes, &cursor) else {
                throw .malformed("snapshot record of kind \(kind)", at: 0)
            }
        }
        count += 1
    }

    /// Ends a file, of chunks where `isOld`: what its last record lacks does not come any more.
    mutating func endFile(into head: inout Head, isOld: Bool) {
        takeUnfinished(into: &head, isOld: isOld)
    }

    /// Takes what there is of rows that lack their last pieces, which are not counted for that.
    private mutating func takeUnfinished(into head: inout Head, isOld: Bool) {
        guard let rows = pieces.takeUnfinished() else { return }
        let before = count
        try? read(rows, at: 0, into: &head, isOld: isOld)
        count = before
    }

    mutating func finish(_ head: inout Head) {
        if isSalvaging { restoreHead(&head) }
        for number in head.tables.indices {
            let old = ascending(oldRows[UInt32(number)] ?? [])
            head.tables[number]?.restore(sealed: old + (newRows[UInt32(number)] ?? []), persisted: old.count)
        }
        head.loose.reserve(seriesCount)
        for group in Set(oldParts.keys).union(newParts.keys) {
            let old = SnapshotReader.distinct(oldParts[group] ?? [])
            // The longest first: in version 1 each series had parts of its own.
            let new = (newParts[group] ?? []).enumerated().sorted {
                ($1.element.rowCount, $0.offset) < ($0.element.rowCount, $1.offset)
            }
            head.loose.restore(Int(group), parts: old + new.map(\.element), persisted: old.count)
        }
        rollups.finish(&head, isSalvaging: isSalvaging)
    }

    /// What the first record of the state file said, as far as the others show it. A number that had samples is not given
    /// again, or those would be another series'.
    private mutating func restoreHead(_ head: inout Head) {
        for (group, parts) in oldParts.merging(newParts, uniquingKeysWith: +) {
            let slots = parts.reduce(0) { $0 | $1.slots }
            seriesCount = max(seriesCount, 16 * group + 16 - UInt32(slots.leadingZeroBitCount))
        }
        for case let table? in head.tables {
            head.newest = max(head.newest, table.lastTime ?? .min)
        }
        head.newest = max(head.newest, newestSeries)
        for parts in newRows.values.joined() { head.newest = max(head.newest, parts.last) }
    }

    /// Without parts that a later file holds a second time: an abandoned one, or with their histograms, which the state had
    /// before.
    private static func distinct(_ parts: [LoosePart]) -> [LoosePart] {
        var result: [LoosePart] = []
        var places: [LoosePart.Identity: Int] = [:]
        for part in parts {
            if let place = places[part.identity],
                part.histogramSlots != 0 || result[place].bytes == part.bytes
            {
                result[place] = part
            } else {
                places[part.identity] = result.count
                result.append(part)
            }
        }
        return result
    }

    /// Without rows that an abandoned chunk file holds a second time.
    private func ascending(_ rows: [SealedRows]) -> [SealedRows] {
        var last = Int64.min
        return rows.filter { part in
            guard part.first > last else { return false }
            last = part.last
            return true
        }
    }

    private mutating func table(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, into head: inout Head
    ) throws(CodecError) {
        let number = try cursor.number(bytes)
        let isOpen = try cursor.byte(bytes) == 1
        let target = try cursor.labels(bytes)
        guard let layout = layouts[UInt64(try cursor.number(bytes))],
            Int(number) < (isSalvaging ? SnapshotReader.mostTables : head.tables.count)
        else { throw .malformed("table", at: 0) }
        head.addTable(number, target, layout.columns)
        head.tables[Int(number)]?.isOpen = isOpen
        head.tables[Int(number)]?.appendedRows = try cursor.varint(bytes)
        let rows = try cursor.length(bytes, limit: Table.tailRows)
        var times: [Int64] = []
        for _ in 0..<rows { times.append(try cursor.signedVarint(bytes)) }
        let cells = rows * layout.columns.count
        guard cursor.remaining == 8 * cells else { throw .malformed("tail", at: cursor.position) }
        var tail: [Double] = []
        tail.reserveCapacity(cells)
        for _ in 0..<cells { tail.append(Double(bitPattern: try cursor.fixed64(bytes))) }
        head.tables[Int(number)]?.restore(tailTimes: times, tail: tail)
    }

    private mutating func rows(_ bytes: Span<UInt8>, _ cursor: inout ByteCursor) throws(CodecError)
        -> SealedRows
    {
        let rowCount = try cursor.length(bytes, limit: ColumnFormat.largestRowCount)
        var times: [Int64] = []
        var time: Int64 = 0
        for _ in 0..<rowCount {
            time &+= try cursor.signedVarint(bytes)
            times.append(time)
        }
        let columnCount = Int(try cursor.number(bytes))
        let sampleCount = Int(try cursor.number(bytes))
        let chunkCount = try cursor.length(bytes)
        var ends: [UInt32] = []
        for _ in 0..<chunkCount { ends.append(try cursor.number(bytes)) }
        let length = try cursor.length(bytes)
        let content = try cursor.array(bytes, count: length)
        let perChunk = SealedRows.columnsPerChunk
        guard rowCount > 0, ends.last.map(Int.init) ?? 0 == length, zip(ends, ends.dropFirst()).allSatisfy(<),
            (columnCount + perChunk - 1) / perChunk == chunkCount
        else { throw .malformed("rows", at: cursor.position) }
        let rows = SealedRows(
            times: TimeColumn(times), columnCount: columnCount, sampleCount: sampleCount, bytes: content,
            ends: ends)
        let damagedChunks = Set(rows.damagedChunks)
        damaged += damagedChunks.count
        // The next snapshot must not have the damage as well.
        return damagedChunks.isEmpty ? rows : rows.without(chunks: damagedChunks)
    }

    private mutating func series(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, into head: inout Head
    ) throws(CodecError) {
        let number = try cursor.number(bytes)
        let labels = try cursor.labels(bytes)
        guard number < seriesCount || isSalvaging, number >= head.loose.nextNumber else {
            throw .malformed("series", at: 0)
        }
        let newest = try cursor.signedVarint(bytes)
        newestSeries = max(newestSeries, newest)
        let tail = try samples(bytes, &cursor)
        let late = try samples(bytes, &cursor)
        var histograms: [(time: Int64, histogram: FloatHistogram)] = []
        for _ in 0..<(try cursor.length(bytes)) {
            let time = try cursor.signedVarint(bytes)
            histograms.append((time, try HistogramCodec.decode(bytes, &cursor)))
        }
        guard head.loose.find(labels) == nil else { throw .malformed("series twice", at: 0) }
        head.loose.add(number, labels)
        head.loose.restore(number, tail: tail, late: late, newest: newest, histograms: histograms)
    }

    private func samples(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(CodecError) -> [Sample] {
        var samples: [Sample] = []
        for _ in 0..<(try cursor.length(bytes)) {
            let time = Timestamp(milliseconds: try cursor.signedVarint(bytes))
            samples.append(Sample(time, Double(bitPattern: try cursor.fixed64(bytes))))
        }
        return samples
    }

    private mutating func takePart(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, _ number: UInt32, slots: UInt16,
        histograms: UInt16 = 0, _ head: Head, _ isOld: Bool
    ) throws(CodecError) {
        let first = try cursor.signedVarint(bytes)
        let last = try cursor.signedVarint(bytes)
        let rowCount = try cursor.number(bytes)
        let content = try cursor.array(bytes, count: try cursor.length(bytes))
        let part = LoosePart(
            first: first, last: last, rowCount: rowCount, slots: slots, histogramSlots: histograms,
            bytes: content)
        guard part.isIntact, slots != 0, histograms & ~slots == 0 else {
            damaged += 1
            return
        }
        newest = max(newest, last)
        guard last >= head.droppedBefore else { return }
        if isOld {
            oldParts[number >> 4, default: []].append(part)
        } else {
            newParts[number >> 4, default: []].append(part)
        }
    }
}
