/// The Castagnoli CRC (polynomial 0x1EDC6F41, reflected), by the processor's instruction or eight bytes a step from tables.
package enum CRC32C {
    /// The checksum of a part of `bytes`; pass an earlier checksum as `seed` to go on behind it.
    package static func checksum(
        _ bytes: Span<UInt8>, _ range: Range<Int>, seed: UInt32 = 0
    ) -> UInt32 {
        hasInstruction ? ~instructed(~seed, bytes, range) : ~tabulated(~seed, bytes, range)
    }

    /// Goes on with a CRC, not inverted, over a part of `bytes`.
    static func tabulated(_ crc: UInt32, _ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt32 {
        let tables = tables.span
        var crc = crc
        var position = range.lowerBound
        while position + 8 <= range.upperBound {
            let word = bytes.littleEndian64(at: position) ^ UInt64(crc)
            var next: UInt32 = 0
            for step in 0..<8 {
                let byte = Int(truncatingIfNeeded: (word >> UInt64(8 * step)) & 0xff)
                next ^= tables[256 * (7 - step) + byte]
            }
            crc = next
            position += 8
        }
        while position < range.upperBound {
            crc = tables[Int((crc ^ UInt32(bytes[position])) & 0xff)] ^ (crc >> 8)
            position += 1
        }
        return crc
    }

    package static func checksum(_ bytes: Span<UInt8>) -> UInt32 { checksum(bytes, 0..<bytes.count) }

    /// Table k advances a byte by k further zero bytes.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82f6_3b78 : crc >> 1 }
            tables[byte] = crc
        }
        for index in 256..<8 * 256 {
            let previous = tables[index - 256]
            tables[index] = (previous >> 8) ^ tables[Int(previous & 0xff)]
        }
        return tables
    }()
}
