import Codecs

/// Integers of decimal columns whose numbers are few, or none of them above a largest one: codes that stand in the place of
/// Exp-Golomb ones (`ColumnFormat.bounded` and `listed`).
enum FewNumbers {
    /// Appends integers as `StepDecoder` does.
    /// - Parameter sums: whether the numbers are steps from `first` on; else how much each integer is above that.
    @inline(never)
    static func integers(
        _ tag: UInt8, sums: Bool, _ bytes: Span<UInt8>, _ cursor: ByteCursor, first: Int64, count: Int,
        shift: Int64,
        into values: inout [Double]
    ) throws(CodecError) {
        var cursor = cursor
        let kind = try cursor.byte(bytes)
        let isSigned = sums && tag & ColumnFormat.isNonnegative == 0
        guard count > 0 else { return }
        if kind == ColumnFormat.bounded {
            let largest = try cursor.varint(bytes)
            guard (1..<1 << ColumnFormat.mostBoundedBits).contains(largest) else {
                throw .malformed("numbers up to \(largest)", at: cursor.position)
            }
            try integers(
                BoundedCode(largest: largest), CodeReader(order: 0, cursor), sums: sums, isSigned: isSigned,
                bytes,
                first, count, shift, into: &values)
        } else {
            let table = try PrefixTable(count: Int(kind) - Int(ColumnFormat.listed), bytes, &cursor)
            try integers(
                table, CodeReader(order: 0, cursor), sums: sums, isSigned: isSigned, bytes, first, count,
                shift,
                into: &values)
        }
    }

    @inline(__always)
    private static func integers(
        _ code: some NumberCode, _ reader: CodeReader, sums: Bool, isSigned: Bool, _ bytes: Span<UInt8>,
        _ first: Int64, _ count: Int, _ shift: Int64, into values: inout [Double]
    ) throws(CodecError) {
        var reader = reader
        try values.append(addingCapacity: count) { out throws(CodecError) in
            var value = first
            if sums { out.append(Double(bitPattern: UInt64(bitPattern: first))) }
            for _ in (sums ? 1 : 0)..<count {
                let number = try code.next(&reader, bytes)
                let step = (isSigned ? ZigZag.unfold(number) : Int64(bitPattern: number)) &<< shift
                let integer = value &+ step
                out.append(Double(bitPattern: UInt64(bitPattern: integer)))
                if sums { value = integer }
            }
        }
    }
}
