extension [UInt8] {
    /// Appends an unsigned LEB128 number.
    @inlinable
    package mutating func append(varint value: UInt64) {
        var value = value
        while value >= 0x80 {
            append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        append(UInt8(truncatingIfNeeded: value))
    }

    /// Appends a signed number, zigzag in LEB128.
    @inlinable
    package mutating func append(signedVarint value: Int64) { append(varint: ZigZag.encode(value)) }

    /// Appends a little-endian 32-bit number.
    package mutating func append(fixed32 value: UInt32) {
        for shift in 0..<UInt32(4) { append(UInt8(truncatingIfNeeded: value >> (8 * shift))) }
    }

    /// Appends a little-endian 64-bit number.
    @inlinable
    package mutating func append(fixed64 value: UInt64) { append(littleEndian: value) }

    /// Appends the count as LEB128, then the bytes.
    package mutating func append(prefixed bytes: [UInt8]) {
        append(varint: UInt64(bytes.count))
        append(contentsOf: bytes)
    }

    /// Appends the length in UTF-8 as LEB128, then the text.
    package mutating func append(prefixed text: String) {
        append(varint: UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }
}
