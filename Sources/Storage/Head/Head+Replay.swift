import Codecs
import TimeSeries

extension Head {
    /// Takes a record of the log, as the live store took it. A record that makes no sense (after damage) changes
    /// nothing, one that refers to something lost brings what it can.
    /// - Parameter foreseen: what is defined behind, where something before is lost.
    /// - Returns: what the record refers to and is lost.
    @discardableResult
    mutating func replay(
        _ record: [UInt8], at sequence: UInt64 = 0, _ foreseen: ForeseenDefinitions = ForeseenDefinitions(),
        _ workers: Workers = .one
    ) throws(CodecError) -> LostReference? {
        let bytes = record.span
        var cursor = ByteCursor(count: bytes.count)
        let kind = try cursor.byte(bytes)
        switch kind {
        case StoreRecord.table: try replayTable(bytes, &cursor, sequence)
        case StoreRecord.columns: return try replayColumns(bytes, &cursor, sequence, foreseen)
        case StoreRecord.row: return try replayRow(bytes, &cursor, foreseen)
        case StoreRecord.close:
            let number = try cursor.number(bytes)
            if hasTable(number) { tables[Int(number)]?.isOpen = false }
        case StoreRecord.series: try replaySeries(bytes, &cursor, sequence, foreseen)
        case StoreRecord.samples: return try replaySamples(bytes, &cursor, foreseen, workers)
        case StoreRecord.histogram:
            let number = try cursor.number(bytes)
            let time = try cursor.signedVarint(bytes)
            let histogram = try HistogramCodec.decode(bytes, &cursor)
            durability.found(time)
            guard foreseen.complete(series: number, &self) else { return .series(number) }
            var report = AppendReport()
            append(number, time, histogram, &report)
        case StoreRecord.window: window = try cursor.signedVarint(bytes)
        case DeletionRecord.tombstone:
            let tombstone = try Tombstone(bytes, &cursor)
            if take(tombstone) {
                lone.note(.deletion(tombstone), at: sequence)
            } else {
                lone.remove(tombstone)
            }
        case StoreRecord.metadata:
            try readMetadata(of: try cursor.text(bytes), bytes, &cursor)
        default:
            guard try readExtra(kind, bytes, &cursor) else {
                throw .malformed("record of kind \(kind)", at: 0)
            }
        }
        return nil
    }

    private mutating func replayTable(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, _ sequence: UInt64
    ) throws(CodecError) {
        let number = try cursor.number(bytes)
        let target = try cursor.labels(bytes)
        guard number < tables.count + 1_000_000 else { throw .malformed("table \(number)", at: 1) }
        guard hasTable(number) else {
            let columns = try cursor.labelsList(bytes)
            addTable(number, target, columns)
            lone.note(.columns(table: number, 0..<columns.count), at: sequence)
            return
        }
        // Said again.
        lone.remove(0..<(try cursor.length(bytes)), of: number)
    }

    private mutating func replayColumns(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, _ sequence: UInt64, _ foreseen: ForeseenDefinitions
    ) throws(CodecError) -> LostReference? {
        let number = try cursor.number(bytes)
        let width = Int(clamping: try cursor.varint(bytes))
        let added = try cursor.labelsList(bytes)
        foreseen.complete(number, to: width, &self)
        guard hasTable(number), let known = tables[Int(number)]?.width, known >= width else {
            return .table(number)
        }
        if extend(number, from: width, added) {
            lone.note(.columns(table: number, width..<width + added.count), at: sequence)
        } else {
            lone.remove(width..<width + added.count, of: number)
        }
        return nil
    }

    private mutating func replaySeries(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, _ sequence: UInt64, _ foreseen: ForeseenDefinitions
    ) throws(CodecError) {
        let number = try cursor.number(bytes)
        guard number < UInt64(loose.nextNumber) + 1_000_000 else {
            throw .malformed("series \(number)", at: 1)
        }
        foreseen.complete(seriesBelow: number, &self)
        guard number >= loose.nextNumber else {
            lone.remove(series: number)
            return
        }
        let labels = try cursor.labels(bytes)
        rollUpDropped(labels)
        loose.add(number, labels)
        guard loose.has(number) else { return }
        raiseNewest(of: number, labels)
        lone.note(.series(number..<number + 1), at: sequence)
    }

    private mutating func replaySamples(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, _ foreseen: ForeseenDefinitions, _ workers: Workers
    ) throws(CodecError) -> LostReference? {
        var samples = try StoreRecord.samples(bytes, &cursor)
        let oldest = samples.samples.reduce(Int64.max) { min($0, $1.timestamp.milliseconds) }
        durability.found(oldest)
        var lost: LostReference?
        for index in samples.handles.indices {
            let number = samples.handles[index]
            guard !loose.has(number), !foreseen.complete(series: number, &self) else { continue }
            samples.handles[index] = KnownSamples.noHandle
            if lost == nil { lost = .series(number) }
        }
        var report = AppendReport()
        _ = take(samples, &report, workers)
        return lost
    }

    /// Takes the metadata of a metric: kind, help and unit.
    mutating func readMetadata(
        of name: String, _ bytes: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(CodecError) {
        let kind = MetricMetadata.Kind(rawValue: try cursor.text(bytes)) ?? .unknown
        let help = try cursor.text(bytes)
        _ = describe(name, MetricMetadata(kind: kind, help: help, unit: try cursor.text(bytes)))
    }

    /// Takes a record that logs and state files share.
    mutating func readExtra(
        _ kind: UInt8, _ bytes: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(CodecError) -> Bool {
        if try DeletionRecord.read(kind, bytes, &cursor, into: &self) { return true }
        if try ExemplarRecord.read(kind, bytes, &cursor, into: &self) { return true }
        return try StartTimeRecord.read(kind, bytes, &cursor, into: &self)
    }

    func hasTable(_ number: UInt32) -> Bool {
        tables.indices.contains(Int(number)) && tables[Int(number)] != nil
    }

    /// Cells that did not change come from the row before. Where that is lost, they are absent up to the
    /// next full row: a sample is rather missing than wrong.
    private mutating func replayRow(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, _ foreseen: ForeseenDefinitions
    ) throws(CodecError) -> LostReference? {
        let number = try cursor.number(bytes)
        let time = try cursor.signedVarint(bytes)
        let rowsBefore = try cursor.varint(bytes)
        let width = Int(clamping: try cursor.varint(bytes))
        // A row takes at least a bit a cell.
        guard width <= 8 * cursor.remaining else { throw .malformed("row width", at: cursor.position) }
        let hasAllCells = try cursor.byte(bytes) == 0
        durability.found(time)
        foreseen.complete(number, to: width, &self)
        guard hasTable(number), let shape = tables[Int(number)]?.shape else { return .table(number) }
        var isWhole = width <= shape.width
        var row: [Double]
        if hasAllCells {
            guard cursor.remaining == 8 * width else { throw .malformed("row", at: cursor.position) }
            row = [Double](repeating: 0, count: width)
            var cells = row.mutableSpan
            for column in 0..<width {
                cells[column] = Double(bitPattern: bytes.littleEndian64(at: cursor.position + 8 * column))
            }
        } else {
            // One that has got columns of later on has none in them yet.
            let base = shape.appendedRows == rowsBefore ? tables[Int(number)]?.lastRow : nil
            let bitmap = try cursor.take((width + 7) / 8).lowerBound
            let known = base.flatMap { $0.count >= width ? Array($0.prefix(width)) : nil }
            row = known ?? [Double](repeating: Marker.absent, count: width)
            let isBaseWhole = known != nil && tables[Int(number)]?.lacksCells == false
            isWhole = isWhole && (isBaseWhole || cursor.remaining == 8 * width)
            for byte in 0..<(width + 7) / 8 {
                var bits = bytes[bitmap + byte]
                while bits != 0 {
                    let column = 8 * byte + bits.trailingZeroBitCount
                    guard column < width else { throw .malformed("row", at: bitmap) }
                    row[column] = Double(bitPattern: try cursor.fixed64(bytes))
                    bits &= bits - 1
                }
            }
        }
        while row.count < shape.width { row.append(Marker.absent) }
        if row.count > shape.width { row.removeLast(row.count - shape.width) }
        guard time > shape.lastTime ?? .min else {
            // The snapshot has it already.
            tables[Int(number)]?.appendedRows = rowsBefore + 1
            return nil
        }
        tables[Int(number)]?.appendedRows = rowsBefore
        tables[Int(number)]?.lacksCells = !isWhole
        append(number, at: time, row)
        finishWork(of: number)
        return isWhole ? nil : .table(number)
    }
}
