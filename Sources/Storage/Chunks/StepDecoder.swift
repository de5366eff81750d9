import Codecs

/// Integers of decimal columns from their steps.
enum StepDecoder {
    static func integers(
        _ decoder: ColumnDecoder, _ column: Int, _ tag: UInt8, _ bytes: Span<UInt8>,
        _ cursor: inout ByteCursor, first: Int64, count: Int
    ) throws(CodecError) -> [Int64] {
        switch tag & 0x0f {
        case ColumnFormat.sameSteps:
            let other = Int(try cursor.byte(bytes))
            guard other < column else { throw .malformed("steps of a later column", at: cursor.position) }
            var integers = try otherIntegers(decoder, other, bytes, count: count)
            let difference = first &- integers[0]
            for index in integers.indices { integers[index] &+= difference }
            return integers
        case ColumnFormat.steps:
            let shift = try shift(tag, bytes, &cursor)
            return try plain(tag, bytes, &cursor, first: first, count: count, shift: shift)
        case ColumnFormat.bends:
            guard count > 1 else { throw .malformed("bends of one row", at: cursor.position) }
            let step = try cursor.signedVarint(bytes)
            let shift = try shift(tag, bytes, &cursor)
            var steps = try plain(tag, bytes, &cursor, first: step, count: count - 1, shift: shift)
            var value = first
            for index in steps.indices {
                value &+= steps[index]
                steps[index] = value
            }
            return [first] + steps
        case ColumnFormat.linear:
            let step = try cursor.signedVarint(bytes)
            var integers = [Int64](repeating: first, count: count)
            for row in 1..<max(1, count) { integers[row] = integers[row - 1] &+ step }
            return integers
        case ColumnFormat.levels:
            let lowest = first &+ (try cursor.signedVarint(bytes))
            let shift = try shift(tag, bytes, &cursor)
            return try levels(bytes, &cursor, lowest: lowest, count: count, shift: shift)
        case ColumnFormat.sparse:
            return try sparse(tag, bytes, &cursor, first: first, count: count)
        default:
            throw .malformed("transform \(tag & 0x0f)", at: cursor.position)
        }
    }

    /// The integers of the column that a `sameSteps` column refers to, which has steps of its own.
    private static func otherIntegers(
        _ decoder: ColumnDecoder, _ column: Int, _ bytes: Span<UInt8>, count: Int
    ) throws(CodecError) -> [Int64] {
        var cursor = ByteCursor(decoder.range(of: column))
        let tag = try cursor.byte(bytes)
        guard
            [
                ColumnFormat.steps, ColumnFormat.bends, ColumnFormat.sparse, ColumnFormat.levels,
                ColumnFormat.linear,
            ].contains(
                tag & 0x0f)
        else {
            throw .malformed("steps of a column without steps", at: cursor.position)
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
        return try integers(decoder, column, tag, bytes, &cursor, first: first, count: count)
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
        _ tag: UInt8, _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, first: Int64, count: Int, shift: Int64
    ) throws(CodecError) -> [Int64] {
        let order = try order(bytes, &cursor)
        let isNonnegative = tag & ColumnFormat.isNonnegative != 0
        var reader = BitReader(position: 8 * cursor.position)
        var integers = [Int64](repeating: first, count: count)
        var out = integers.mutableSpan
        var value = first
        for index in 1..<max(1, count) {
            let code = try reader.next(bytes, order: order)
            value &+= (isNonnegative ? Int64(bitPattern: code) : ZigZag.unfold(code)) &<< shift
            out[index] = value
        }
        return integers
    }

    private static func levels(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, lowest: Int64, count: Int, shift: Int64
    ) throws(CodecError) -> [Int64] {
        let order = try order(bytes, &cursor)
        var reader = BitReader(position: 8 * cursor.position)
        var integers = [Int64](repeating: lowest, count: count)
        var out = integers.mutableSpan
        for index in 0..<count {
            out[index] = lowest &+ (Int64(bitPattern: try reader.next(bytes, order: order)) &<< shift)
        }
        return integers
    }

    private static func sparse(
        _ tag: UInt8, _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, first: Int64, count: Int
    ) throws(CodecError) -> [Int64] {
        let shift = try shift(tag, bytes, &cursor)
        let changes = Int(clamping: try cursor.varint(bytes))
        guard changes < count else { throw .malformed("\(changes) changes", at: cursor.position) }
        let gapOrder = try order(bytes, &cursor)
        let order = try order(bytes, &cursor)
        let isNonnegative = tag & ColumnFormat.isNonnegative != 0
        var reader = BitReader(position: 8 * cursor.position)
        var integers: [Int64] = []
        integers.reserveCapacity(count)
        var value = first
        integers.append(value)
        for _ in 0..<changes {
            let gap = try reader.next(bytes, order: gapOrder)
            guard gap < UInt64(count - integers.count) else {
                throw .malformed("gap of \(gap) rows", at: reader.position >> 3)
            }
            for _ in 0..<gap { integers.append(value) }
            let code = try reader.next(bytes, order: order)
            value &+= (isNonnegative ? Int64(bitPattern: code &+ 1) : ZigZag.unfold(code)) &<< shift
            integers.append(value)
        }
        while integers.count < count { integers.append(value) }
        return integers
    }

    static func scale(_ integers: Span<Int64>, _ scale: Scale, into values: inout [Double]) {
        let start = values.count
        values.append(contentsOf: repeatElement(0, count: integers.count))
        var out = values.mutableSpan
        switch scale.kind {
        case .divided where scale.exponent == 0:
            for row in 0..<integers.count { out[start + row] = Double(integers[row]) }
        case .divided:
            let power = scale.power
            for row in 0..<integers.count { out[start + row] = Double(integers[row]) / power }
        case .multiplied:
            let inverse = scale.inverse
            for row in 0..<integers.count { out[start + row] = Double(integers[row]) * inverse }
        case .dividedTwice:
            for row in 0..<integers.count { out[start + row] = Double(integers[row]) / 1000 / 1000 }
        }
    }
}

extension BitReader {
    /// The next Exp-Golomb code, by one load where it fits into 57 bits, as nearly all do.
    @inline(__always)
    fileprivate mutating func next(_ bytes: Span<UInt8>, order: Int) throws(CodecError) -> UInt64 {
        let offset = position &>> 3
        guard offset <= bytes.count &- 8 else { throw .truncated(at: offset) }
        let word = bytes.word(at: offset) &<< UInt64(truncatingIfNeeded: position & 7)
        let zeros = word.leadingZeroBitCount
        let length = 2 &* zeros &+ 1 &+ order
        guard length <= 57 else { return try readExpGolomb(bytes, order: order) }
        position &+= length
        let whole = (word &<< UInt64(zeros)) &>> UInt64(truncatingIfNeeded: 63 &- zeros &- order)
        return whole &- (1 &<< UInt64(truncatingIfNeeded: order))
    }
}
