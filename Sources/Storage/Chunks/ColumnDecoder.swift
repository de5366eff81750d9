import Codecs
import TimeSeries

/// Decodes single columns of a chunk whose bytes are followed by eight bytes of padding. Damaged bytes throw,
/// never trap, and never ask for more memory than the chunk's number of rows.
struct ColumnDecoder {
    let rowCount: Int
    /// Where the first column begins in the bytes.
    let start: Int
    /// Where each column ends, counted from there.
    let ends: [Int]

    func range(of column: Int) -> Range<Int> {
        start + (column == 0 ? 0 : ends[column - 1])..<start + ends[column]
    }

    /// Appends the rows of a column, `Marker.absent` where there is no sample; returns whether there are such rows.
    func decode(
        _ column: Int, _ bytes: Span<UInt8>, into values: inout [Double]
    ) throws(CodecError) -> Bool {
        guard ends.indices.contains(column) else { throw .malformed("no column \(column)", at: 0) }
        var cursor = ByteCursor(range(of: column))
        let tag = try cursor.byte(bytes)
        let transform = tag & 0x0f
        if transform == ColumnFormat.absent {
            values.append(contentsOf: repeatElement(Marker.absent, count: rowCount))
            return true
        }
        if transform == ColumnFormat.copy {
            let other = Int(try cursor.byte(bytes))
            guard other < column else { throw .malformed("copy of a later column", at: cursor.position) }
            return try decode(other, bytes, into: &values)
        }
        let runs = tag & ColumnFormat.hasAbsent != 0 ? try presence(bytes, &cursor) : nil
        let count = runs?.present ?? rowCount
        let start = values.count
        switch transform {
        case ColumnFormat.constant:
            let value = Double(bitPattern: try cursor.fixed64(bytes))
            values.append(contentsOf: repeatElement(value, count: count))
        case ColumnFormat.runs: try runsOfBits(bytes, &cursor, count: count, into: &values)
        case ColumnFormat.plain:
            values.reserveCapacity(start + count)
            for _ in 0..<count { values.append(Double(bitPattern: try cursor.fixed64(bytes))) }
        case ColumnFormat.xor:
            try XORCodec.decode(bytes, start: cursor.position, count: count, into: &values)
        default:
            try decimals(column, tag, bytes, &cursor, count: count, into: &values)
        }
        if let runs { ColumnDecoder.spread(runs.lengths, &values, from: start, present: count) }
        return runs != nil
    }

    private func presence(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(CodecError) -> (lengths: [Int], present: Int) {
        let count = try cursor.length(bytes, limit: rowCount + 1)
        var lengths: [Int] = []
        var total = 0
        var present = 0
        for index in 0..<count {
            let length = Int(clamping: try cursor.varint(bytes))
            guard length <= rowCount - total else { throw .malformed("runs too long", at: cursor.position) }
            lengths.append(length)
            total += length
            if index % 2 == 0 { present += length }
        }
        guard total == rowCount, present > 0 else { throw .malformed("runs too short", at: cursor.position) }
        return (lengths, present)
    }

    /// Moves the values behind `start` apart, so that absent rows fit between them.
    private static func spread(_ lengths: [Int], _ values: inout [Double], from start: Int, present: Int) {
        let packed = Array(values[start..<start + present])
        values.removeSubrange(start...)
        var next = 0
        for (index, length) in lengths.enumerated() {
            if index % 2 == 0 {
                values.append(contentsOf: packed[next..<next + length])
                next += length
            } else {
                values.append(contentsOf: repeatElement(Marker.absent, count: length))
            }
        }
    }

    private func decimals(
        _ column: Int, _ tag: UInt8, _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, count: Int,
        into values: inout [Double]
    ) throws(CodecError) {
        var exceptions: [(row: Int, bits: UInt64)] = []
        if tag & ColumnFormat.hasExceptions != 0 {
            var row = 0
            for _ in 0..<(try cursor.length(bytes, limit: count)) {
                row += Int(clamping: min(try cursor.varint(bytes), UInt64(count)))
                guard row < count else { throw .malformed("exception out of range", at: cursor.position) }
                exceptions.append((row, try cursor.fixed64(bytes)))
            }
        }
        let scaleByte = try cursor.byte(bytes)
        guard let scale = Scale(byte: scaleByte) else {
            throw .malformed("scale \(scaleByte)", at: cursor.position)
        }
        let first = try cursor.signedVarint(bytes)
        let start = values.count
        if tag & 0x0f == ColumnFormat.decimalConstant {
            values.append(contentsOf: repeatElement(scale.value(first), count: count))
        } else {
            try StepDecoder.integers(
                self, column, tag, bytes, &cursor, first: first, count: count, into: &values)
            StepDecoder.scale(&values, from: start, scale)
        }
        for exception in exceptions { values[start + exception.row] = Double(bitPattern: exception.bits) }
    }

    private func runsOfBits(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, count: Int, into values: inout [Double]
    ) throws(CodecError) {
        let changes = try cursor.length(bytes, limit: count)
        var value = Double(bitPattern: try cursor.fixed64(bytes))
        var row = 0
        for _ in 0..<changes {
            let run = Int(clamping: try cursor.varint(bytes))
            guard run < count - row else { throw .malformed("run of \(run) rows", at: cursor.position) }
            values.append(contentsOf: repeatElement(value, count: run))
            value = Double(bitPattern: try cursor.fixed64(bytes))
            row += run
        }
        values.append(contentsOf: repeatElement(value, count: count - row))
    }
}
