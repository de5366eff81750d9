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
            let code = BoundedCode(largest: largest)
            try integers(cursor, sums: sums, isSigned: isSigned, first, count, shift, into: &values) {
                (codes: inout CodeReader) throws(CodecError) in
                let long = try codes.peek(code.bits, bytes) &>> UInt64(truncatingIfNeeded: 64 &- code.bits)
                let isShort = long &>> 1 < code.shortCount
                codes.skip(isShort ? code.bits &- 1 : code.bits)
                return isShort ? long &>> 1 : long &- code.shortCount
            }
        } else {
            let table = try PrefixTable(count: Int(kind) - Int(ColumnFormat.listed), bytes, &cursor)
            let bits = table.bits
            let entries = table.entries.span
            let numbers = table.numbers.span
            try integers(cursor, sums: sums, isSigned: isSigned, first, count, shift, into: &values) {
                (codes: inout CodeReader) throws(CodecError) in
                let word = try codes.peek(bits, bytes)
                let entry = entries[Int(truncatingIfNeeded: word &>> UInt64(truncatingIfNeeded: 64 &- bits))]
                guard entry != 0 else { throw .malformed("no code", at: codes.position >> 3) }
                codes.skip(Int(entry & 0xff))
                return numbers[Int(entry &>> 8)]
            }
        }
    }

    /// - Parameter next: reads the next number.
    @inline(__always)
    private static func integers(
        _ cursor: ByteCursor, sums: Bool, isSigned: Bool, _ first: Int64, _ count: Int, _ shift: Int64,
        into values: inout [Double], next: (inout CodeReader) throws(CodecError) -> UInt64
    ) throws(CodecError) {
        var codes = CodeReader(order: 0, cursor)
        try values.append(addingCapacity: count) { out throws(CodecError) in
            var value = first
            if sums { out.append(Double(bitPattern: UInt64(bitPattern: first))) }
            for _ in (sums ? 1 : 0)..<count {
                let number = try next(&codes)
                let step = (isSigned ? ZigZag.unfold(number) : Int64(bitPattern: number)) &<< shift
                let integer = value &+ step
                out.append(Double(bitPattern: UInt64(bitPattern: integer)))
                if sums { value = integer }
            }
        }
    }
}
