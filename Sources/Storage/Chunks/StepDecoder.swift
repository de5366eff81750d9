import Codecs

/// Integers of decimal columns from their steps. They are appended to the column's values as bit patterns, which
/// `scale` turns into numbers where they are: no array of their own, and one pass that is bound by the bits alone
/// (about 3 ns an integer).
enum StepDecoder {
    static func integers(
        _ decoder: ColumnDecoder, _ column: Int, _ tag: UInt8, _ bytes: Span<UInt8>,
        _ cursor: inout ByteCursor, first: Int64, count: Int, into values: inout [Double]
    ) throws(CodecError) {
        let start = values.count
        switch tag & 0x0f {
        case ColumnFormat.sameSteps:
            let other = Int(try cursor.byte(bytes))
            guard other < column else { throw .malformed("steps of a later column", at: cursor.position) }
            try otherIntegers(decoder, other, bytes, count: count, into: &values)
            var out = values.mutableSpan
            let difference = first &- out[start].integer
            for index in start..<start + count {
                out[index] = Double(integer: out[index].integer &+ difference)
            }
        case ColumnFormat.steps:
            let shift = try shift(tag, bytes, &cursor)
            try plain(tag, bytes, &cursor, first: first, count: count, shift: shift, into: &values)
        case ColumnFormat.bends:
            guard count > 1 else { throw .malformed("bends of one row", at: cursor.position) }
            let step = try cursor.signedVarint(bytes)
            let shift = try shift(tag, bytes, &cursor)
            values.append(Double(integer: first))
            try plain(tag, bytes, &cursor, first: step, count: count - 1, shift: shift, into: &values)
            var out = values.mutableSpan
            var value = first
            for index in start + 1..<start + count {
                value &+= out[index].integer
                out[index] = Double(integer: value)
            }
        case ColumnFormat.linear:
            let step = try cursor.signedVarint(bytes)
            values.append(contentsOf: repeatElement(Double(integer: first), count: count))
            var out = values.mutableSpan
            var value = first
            for index in start..<start + count {
                out[index] = Double(integer: value)
                value &+= step
            }
        case ColumnFormat.levels:
            let lowest = first &+ (try cursor.signedVarint(bytes))
            let shift = try shift(tag, bytes, &cursor)
            try levels(bytes, &cursor, lowest: lowest, count: count, shift: shift, into: &values)
        case ColumnFormat.sparse:
            try sparse(tag, bytes, &cursor, first: first, count: count, into: &values)
        default:
            throw .malformed("transform \(tag & 0x0f)", at: cursor.position)
        }
    }

    /// The integers of the column that a `sameSteps` column refers to, which has steps of its own.
    private static func otherIntegers(
        _ decoder: ColumnDecoder, _ column: Int, _ bytes: Span<UInt8>, count: Int, into values: inout [Double]
    ) throws(CodecError) {
        var cursor = ByteCursor(decoder.range(of: column))
        let tag = try cursor.byte(bytes)
        switch tag & 0x0f {
        case ColumnFormat.steps, ColumnFormat.bends, ColumnFormat.sparse, ColumnFormat.levels,
            ColumnFormat.linear:
            break
        default: throw .malformed("steps of a column without steps", at: cursor.position)
        }
        if tag & ColumnFormat.hasAbsent != 0 {
            let runs = try cursor.length(bytes, limit: decoder.rowCount + 1)
            for _ in 0..<runs { _ = try cursor.varint(bytes) }
        }
        if tag & ColumnFormat.hasExceptions != 0 {
            for _ in 0..<(try cursor.length(bytes, limit: decoder.rowCount)) {
                _ = try cursor.varint(bytes)
                _ = try cursor.fixed64(bytes)
            }
        }
        _ = try cursor.byte(bytes)
        let first = try cursor.signedVarint(bytes)
        try integers(decoder, column, tag, bytes, &cursor, first: first, count: count, into: &values)
    }

    private static func shift(
        _ tag: UInt8, _ bytes: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(CodecError) -> Int64 {
        guard tag & ColumnFormat.hasShift != 0 else { return 0 }
        let shift = try cursor.byte(bytes)
        guard shift < 64 else { throw .malformed("shift \(shift)", at: cursor.position) }
        return Int64(shift)
    }

    private static func order(_ bytes: Span<UInt8>, _ cursor: inout ByteCursor) throws(CodecError) -> Int {
        let order = try cursor.byte(bytes)
        guard order <= 55 else { throw .malformed("order \(order)", at: cursor.position) }
        return Int(order)
    }

    private static func plain(
        _ tag: UInt8, _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, first: Int64, count: Int,
        shift: Int64,
        into values: inout [Double]
    ) throws(CodecError) {
        guard isExpGolomb(bytes, cursor) else {
            return try FewNumbers.integers(
                tag, sums: true, bytes, cursor, first: first, count: count, shift: shift, into: &values)
        }
        let order = try order(bytes, &cursor)
        var codes = CodeReader(order: order, cursor)
        guard count > 0 else { return }
        let isNonnegative = tag & ColumnFormat.isNonnegative != 0
        try values.append(addingCapacity: count) { out throws(CodecError) in
            var value = first
            out.append(Double(integer: value))
            if isNonnegative {
                for _ in 1..<count {
                    value &+= Int64(bitPattern: try codes.next(bytes)) &<< shift
                    out.append(Double(integer: value))
                }
            } else {
                for _ in 1..<count {
                    value &+= ZigZag.unfold(try codes.next(bytes)) &<< shift
                    out.append(Double(integer: value))
                }
            }
        }
    }

    private static func isExpGolomb(_ bytes: Span<UInt8>, _ cursor: ByteCursor) -> Bool {
        cursor.position >= cursor.end || bytes[cursor.position] < ColumnFormat.bounded
    }

    private static func levels(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, lowest: Int64, count: Int, shift: Int64,
        into values: inout [Double]
    ) throws(CodecError) {
        guard isExpGolomb(bytes, cursor) else {
            return try FewNumbers.integers(
                0, sums: false, bytes, cursor, first: lowest, count: count, shift: shift, into: &values)
        }
        let order = try order(bytes, &cursor)
        var codes = CodeReader(order: order, cursor)
        let start = values.count
        values.append(contentsOf: repeatElement(0, count: count))
        var out = values.mutableSpan
        for index in start..<start + count {
            out[index] = Double(
                integer: lowest &+ (Int64(bitPattern: try codes.next(bytes)) &<< shift))
        }
    }

    private static func sparse(
        _ tag: UInt8, _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, first: Int64, count: Int,
        into values: inout [Double]
    ) throws(CodecError) {
        let shift = try shift(tag, bytes, &cursor)
        let changes = Int(clamping: try cursor.varint(bytes))
        guard changes < count else { throw .malformed("\(changes) changes", at: cursor.position) }
        let gapOrder = try order(bytes, &cursor)
        let order = try order(bytes, &cursor)
        let isNonnegative = tag & ColumnFormat.isNonnegative != 0
        var codes = CodeReader(order: order, cursor)
        let end = values.count + count
        values.append(contentsOf: repeatElement(Double(integer: first), count: count))
        var out = values.mutableSpan
        var value = first
        var row = end - count + 1
        for _ in 0..<changes {
            let gap = try codes.next(bytes, order: gapOrder)
            guard gap < UInt64(end - row) else {
                throw .malformed("gap of \(gap) rows", at: codes.position >> 3)
            }
            for _ in 0..<gap {
                out[row] = Double(integer: value)
                row += 1
            }
            let code = try codes.next(bytes)
            value &+= (isNonnegative ? Int64(bitPattern: code &+ 1) : ZigZag.unfold(code)) &<< shift
            out[row] = Double(integer: value)
            row += 1
        }
        for row in row..<end { out[row] = Double(integer: value) }
    }

    /// Turns the integers from a place on into values.
    static func scale(_ values: inout [Double], from start: Int, _ scale: Scale) {
        var out = values.mutableSpan
        switch scale.kind {
        case .divided where scale.exponent == 0:
            for row in start..<out.count { out[row] = Double(out[row].integer) }
        case .divided:
            let power = scale.power
            for row in start..<out.count { out[row] = Double(out[row].integer) / power }
        case .multiplied:
            let inverse = scale.inverse
            for row in start..<out.count { out[row] = Double(out[row].integer) * inverse }
        case .dividedTwice:
            for row in start..<out.count { out[row] = Double(out[row].integer) / 1000 / 1000 }
        case .bits, .near:
            for row in start..<out.count { out[row] = scale.value(out[row].integer) }
        }
    }
}

extension Double {
    /// The bits of an integer, in the place of a value that it will become.
    @inline(__always)
    fileprivate init(integer: Int64) { self.init(bitPattern: UInt64(bitPattern: integer)) }

    @inline(__always)
    fileprivate var integer: Int64 { Int64(bitPattern: bitPattern) }
}
