import Codecs
import TimeSeries

extension Head {
    /// Takes a record of the log, as the live store took it. A record that makes no sense (after damage) changes
    /// nothing.
    mutating func replay(_ record: [UInt8]) throws(CodecError) {
        let bytes = record.span
        var cursor = ByteCursor(count: bytes.count)
        var report = AppendReport()
        let kind = try cursor.byte(bytes)
        switch kind {
        case StoreRecord.table:
            let number = try cursor.number(bytes)
            let target = try cursor.labels(bytes)
            guard number < tables.count + 1_000_000 else { throw .malformed("table \(number)", at: 1) }
            guard !hasTable(number) else { return }
            addTable(number, target, try cursor.labelsList(bytes))
        case StoreRecord.columns:
            let number = try cursor.number(bytes)
            let width = Int(clamping: try cursor.varint(bytes))
            let added = try cursor.labelsList(bytes)
            guard hasTable(number), tables[Int(number)]?.width == width else { return }
            extend(number, added)
        case StoreRecord.row: try replayRow(bytes, &cursor)
        case StoreRecord.close:
            let number = try cursor.number(bytes)
            if hasTable(number) { tables[Int(number)]?.isOpen = false }
        case StoreRecord.series:
            let number = try cursor.number(bytes)
            guard number < UInt64(loose.nextNumber) + 1_000_000 else {
                throw .malformed("series \(number)", at: 1)
            }
            let labels = try cursor.labels(bytes)
            loose.add(number, labels)
            if loose.has(number) { raiseNewest(of: number, labels) }
        case StoreRecord.samples:
            var time: Int64 = 0
            for _ in 0..<(try cursor.length(bytes)) {
                let number = try cursor.number(bytes)
                time &+= try cursor.signedVarint(bytes)
                let value = Double(bitPattern: try cursor.fixed64(bytes))
                append(number, time, value, &report)
            }
        case StoreRecord.histogram:
            let number = try cursor.number(bytes)
            let time = try cursor.signedVarint(bytes)
            append(number, time, try HistogramCodec.decode(bytes, &cursor), &report)
        case StoreRecord.window: window = try cursor.signedVarint(bytes)
        case StoreRecord.metadata:
            try readMetadata(of: try cursor.text(bytes), bytes, &cursor)
        default:
            guard try readExtra(kind, bytes, &cursor) else {
                throw .malformed("record of kind \(kind)", at: 0)
            }
        }
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
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(CodecError) {
        let number = try cursor.number(bytes)
        let time = try cursor.signedVarint(bytes)
        let rowsBefore = try cursor.varint(bytes)
        let width = Int(clamping: try cursor.varint(bytes))
        // A row takes at least a bit a cell.
        guard width <= 8 * cursor.remaining else { throw .malformed("row width", at: cursor.position) }
        let isWhole = try cursor.byte(bytes) == 0
        guard hasTable(number), let shape = tables[Int(number)]?.shape else { return }
        var row: [Double]
        if isWhole {
            guard cursor.remaining == 8 * width else { throw .malformed("row", at: cursor.position) }
            row = [Double](repeating: 0, count: width)
            var cells = row.mutableSpan
            for column in 0..<width {
                cells[column] = Double(bitPattern: bytes.littleEndian64(at: cursor.position + 8 * column))
            }
        } else {
            let base = shape.appendedRows == rowsBefore ? tables[Int(number)]?.lastRow : nil
            let bitmap = try cursor.take((width + 7) / 8).lowerBound
            row =
                base.flatMap { $0.count == width ? $0 : nil }
                ?? [Double](repeating: Marker.absent, count: width)
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
            return
        }
        tables[Int(number)]?.appendedRows = rowsBefore
        append(number, at: time, row)
        finishWork(of: number)
    }
}
