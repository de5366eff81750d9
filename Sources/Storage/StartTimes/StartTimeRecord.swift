import Codecs
import TimeSeries

/// Records of start times, in the log and in the state file of snapshots:
///
///     35 starts of a table   table, time (signed), count, column and start (signed) of each; 0 for unknown
///     36 start of a series   labels, time (signed), start (signed)
enum StartTimeRecord {
    static let table: UInt8 = 35
    static let series: UInt8 = 36

    static func table(_ number: UInt32, at time: Int64, _ starts: [(column: UInt32, start: Int64)]) -> [UInt8]
    {
        var bytes: [UInt8] = [table]
        bytes.append(varint: UInt64(number))
        bytes.append(signedVarint: time)
        bytes.append(varint: UInt64(starts.count))
        for (column, start) in starts {
            bytes.append(varint: UInt64(column))
            bytes.append(signedVarint: start)
        }
        return bytes
    }

    static func series(_ labels: Labels, _ change: StartTimes.Change) -> [UInt8] {
        var bytes: [UInt8] = [series]
        bytes.append(prefixed: labels.bytes)
        bytes.append(signedVarint: change.time)
        bytes.append(signedVarint: change.start)
        return bytes
    }

    /// Takes a record without its kind; false where the kind is another.
    static func read(
        _ kind: UInt8, _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, into head: inout Head
    ) throws(CodecError) -> Bool {
        switch kind {
        case table:
            let number = try cursor.number(bytes)
            let time = try cursor.signedVarint(bytes)
            var starts: [(column: UInt32, start: Int64)] = []
            for _ in 0..<(try cursor.length(bytes)) {
                starts.append((try cursor.number(bytes), try cursor.signedVarint(bytes)))
            }
            if head.hasTable(number) { head.tables[Int(number)]?.note(starts, at: time) }
        case series:
            let labels = try cursor.labels(bytes)
            let time = try cursor.signedVarint(bytes)
            head.looseStarts[labels, default: StartTimes()].note(try cursor.signedVarint(bytes), at: time)
        default: return false
        }
        return true
    }

    /// The records of a head for a state file.
    static func forEach(_ head: Head, _ body: ([UInt8]) throws -> Void) throws {
        for (number, table) in head.tables.enumerated() {
            guard let table else { continue }
            for (column, starts) in table.starts.sorted(by: { $0.key < $1.key }) {
                for change in starts.changes {
                    try body(self.table(UInt32(number), at: change.time, [(column, change.start)]))
                }
            }
        }
        for (labels, starts) in head.looseStarts.sorted(by: { $0.key < $1.key }) {
            for change in starts.changes { try body(series(labels, change)) }
        }
    }
}
