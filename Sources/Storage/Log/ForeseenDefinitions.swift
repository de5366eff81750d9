import Codecs
import Journal
import TimeSeries

/// What the rest of a log defines, of which a part before it is lost: it may say again what stood there.
struct ForeseenDefinitions {
    /// Columns from a place on; those from the first on with the target.
    private struct Columns {
        var target: Labels?
        var start: Int
        var labels: [Labels]
    }

    /// Bytes of records beyond which no more are kept, so that memory is bounded.
    private static let mostBytes = 64 << 20

    private var tables: [UInt32: [[UInt8]]] = [:]
    private var series: [UInt32: [UInt8]] = [:]
    private var byteCount = 0

    /// Nothing is lost.
    init() {}

    init(_ log: Log, from sequence: UInt64) throws {
        try log.forEach(from: sequence) { note($1) }
    }

    private mutating func note(_ record: [UInt8]) {
        guard byteCount < Self.mostBytes, let kind = record.first else { return }
        var cursor = ByteCursor(1..<record.count)
        switch kind {
        case StoreRecord.table, StoreRecord.columns:
            guard let number = try? cursor.number(record.span) else { return }
            tables[number, default: []].append(record)
        case StoreRecord.series:
            guard let number = try? cursor.number(record.span) else { return }
            series[number] = record
        default: return
        }
        byteCount += record.count
    }

    private static func columns(_ record: [UInt8]) throws(CodecError) -> Columns {
        let bytes = record.span
        var cursor = ByteCursor(1..<record.count)
        _ = try cursor.number(bytes)
        if record[0] == StoreRecord.table {
            let target = try cursor.labels(bytes)
            return Columns(target: target, start: 0, labels: try cursor.labelsList(bytes))
        }
        let start = Int(clamping: try cursor.varint(bytes))
        return Columns(target: nil, start: start, labels: try cursor.labelsList(bytes))
    }

    private func labels(_ number: UInt32) -> Labels? {
        guard let record = series[number] else { return nil }
        var cursor = ByteCursor(1..<record.count)
        guard (try? cursor.number(record.span)) != nil else { return nil }
        return try? cursor.labels(record.span)
    }

    /// Makes a table as wide as a record needs it, as far as that is known.
    func complete(_ number: UInt32, to width: Int, _ head: inout Head) {
        guard !head.isComplete(number, to: width), let records = tables[number] else { return }
        for record in records where !head.isComplete(number, to: width) {
            guard let columns = try? Self.columns(record) else { continue }
            if head.hasTable(number) {
                head.extend(number, from: columns.start, columns.labels)
            } else if let target = columns.target {
                head.addTable(number, target, columns.labels)
            }
        }
    }

    /// Adds the series that are missing below a number, as far as they are known.
    func complete(seriesBelow number: UInt32, _ head: inout Head) {
        guard !series.isEmpty, number > head.loose.nextNumber else { return }
        for missing in head.loose.nextNumber..<number {
            guard let labels = labels(missing) else { continue }
            head.rollUpDropped(labels)
            head.loose.add(missing, labels)
            head.raiseNewest(of: missing, labels)
        }
    }

    /// Adds a series and those below it that are missing; whether it is there.
    func complete(series number: UInt32, _ head: inout Head) -> Bool {
        if head.loose.has(number) { return true }
        guard number >= head.loose.nextNumber, series[number] != nil else { return false }
        complete(seriesBelow: number + 1, &head)
        return head.loose.has(number)
    }
}

extension Head {
    fileprivate func isComplete(_ number: UInt32, to width: Int) -> Bool {
        guard hasTable(number) else { return false }
        return tables[Int(number)].map { $0.width >= width } ?? false
    }

    /// Adds what a table lacks of the columns from a place on, where it has all before them; whether it lacked any.
    @discardableResult
    mutating func extend(_ number: UInt32, from start: Int, _ columns: [Labels]) -> Bool {
        guard hasTable(number), let width = tables[Int(number)]?.width, start <= width,
            width - start < columns.count
        else { return false }
        extend(number, Array(columns[(width - start)...]))
        return true
    }
}
