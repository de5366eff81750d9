/// Reads what `BitWriter` wrote, from a span that each call is given. The span must reach 8 bytes beyond the
/// last bit (padding), so that every read is one load; a read beyond that throws.
package struct BitReader: Sendable {
    /// In bits from the start of the span.
    package var position: Int

    package init(position: Int = 0) { self.position = position }

    /// The next 57 bits or more, the next one on top.
    @inline(__always)
    private func peek(_ bytes: Span<UInt8>) throws(CodecError) -> UInt64 {
        let offset = position >> 3
        guard offset + 8 <= bytes.count else { throw .truncated(at: offset) }
        return bytes.bigEndian64(at: offset) << UInt64(truncatingIfNeeded: position & 7)
    }

    /// At most 56 bits.
    package mutating func read(_ bytes: Span<UInt8>, _ count: Int) throws(CodecError) -> UInt64 {
        let word = try peek(bytes)
        position += count
        return count == 0 ? 0 : word >> UInt64(truncatingIfNeeded: 64 - count)
    }

    package mutating func read64(_ bytes: Span<UInt8>) throws(CodecError) -> UInt64 {
        let high = try read(bytes, 32)
        return high << 32 | (try read(bytes, 32))
    }

    package mutating func readExpGolomb(_ bytes: Span<UInt8>, order: Int) throws(CodecError) -> UInt64 {
        let zeros = try peek(bytes).leadingZeroBitCount
        guard zeros <= 55 else { throw .malformed("Exp-Golomb prefix of \(zeros) zeros", at: position >> 3) }
        position += zeros
        let head = try read(bytes, zeros + 1) - 1
        let low = try read(bytes, order)
        guard head.leadingZeroBitCount >= order else {
            throw .malformed("Exp-Golomb code above 64 bits", at: position >> 3)
        }
        return head << UInt64(truncatingIfNeeded: order) | low
    }
}
