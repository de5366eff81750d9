/// A reading position in a span that each call is given: a struct cannot hold the span itself yet.
/// Every read checks what remains before it takes or allocates anything.
@usableFromInline package struct ByteCursor: Hashable, Sendable {
    @usableFromInline package var position: Int
    /// Reads end here.
    @usableFromInline package let end: Int

    @inlinable
    package init(_ range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
    }

    @inlinable
    package init(count: Int) { self.init(0..<count) }

    @inlinable
    package var remaining: Int { end - position }
    @inlinable
    package var isAtEnd: Bool { position >= end }

    @inlinable
    package mutating func byte(_ bytes: Span<UInt8>) throws(CodecError) -> UInt8 {
        guard position < end else { throw .truncated(at: position) }
        position += 1
        return bytes[position - 1]
    }

    /// An unsigned LEB128 number of at most ten bytes.
    @inlinable
    package mutating func varint(_ bytes: Span<UInt8>) throws(CodecError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try byte(bytes)
            guard shift < 63 || byte <= 1 else { throw .malformed("varint above 64 bits", at: position - 1) }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    /// A signed number, zigzag in LEB128.
    @inlinable
    package mutating func signedVarint(_ bytes: Span<UInt8>) throws(CodecError) -> Int64 {
        ZigZag.decode(try varint(bytes))
    }

    /// A length or count; refused where it is above what remains or above `limit`.
    @inlinable
    package mutating func length(
        _ bytes: Span<UInt8>, limit: Int = .max
    ) throws(CodecError) -> Int {
        let start = position
        let declared = Int(clamping: try varint(bytes))
        guard declared <= limit else { throw .tooLong(declared: declared, limit: limit) }
        guard declared <= remaining else { throw .truncated(at: start) }
        return declared
    }

    /// The range of `count` bytes, which are stepped over.
    @inlinable
    package mutating func take(_ count: Int) throws(CodecError) -> Range<Int> {
        guard count >= 0, count <= remaining else { throw .truncated(at: position) }
        position += count
        return position - count..<position
    }

    /// `count` bytes as an array.
    package mutating func array(_ bytes: Span<UInt8>, count: Int) throws(CodecError) -> [UInt8] {
        bytes.array(try take(count))
    }

    /// A little-endian 32-bit number.
    package mutating func fixed32(_ bytes: Span<UInt8>) throws(CodecError) -> UInt32 {
        let range = try take(4)
        var value: UInt32 = 0
        for offset in 0..<4 { value |= UInt32(bytes[range.lowerBound + offset]) << UInt32(8 * offset) }
        return value
    }

    /// A little-endian 64-bit number.
    @inlinable
    package mutating func fixed64(_ bytes: Span<UInt8>) throws(CodecError) -> UInt64 {
        let range = try take(8)
        return bytes.littleEndian64(at: range.lowerBound)
    }
}

extension Span<UInt8> {
    /// The unsigned LEB128 number that a whole range holds, nil where it holds none or more than that. Up to eight bytes are
    /// looked at as one word.
    @inlinable @inline(__always)
    package func varint(filling range: Range<Int>) -> UInt64? {
        guard 1...8 ~= range.count, range.upperBound >= 8 else {
            var cursor = ByteCursor(range)
            guard let value = try? cursor.varint(self), cursor.isAtEnd else { return nil }
            return value
        }
        let unused = UInt64(64 &- 8 &* range.count)
        var word = littleEndian64(at: range.upperBound &- 8) &>> unused
        // All bytes but the last say that another follows.
        guard word & 0x8080_8080_8080_8080 == 0x0080_8080_8080_8080 &>> unused else { return nil }
        word = word & 0x007f_007f_007f_007f | (word & 0x7f00_7f00_7f00_7f00) &>> 1
        word = word & 0x0000_3fff_0000_3fff | (word & 0x3fff_0000_3fff_0000) &>> 2
        return word & 0x0fff_ffff | (word & 0x0fff_ffff_0000_0000) &>> 4
    }
}
