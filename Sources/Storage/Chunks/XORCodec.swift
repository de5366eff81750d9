import Codecs

/// Doubles that are no short decimal fractions: the bits in which each differs from the one before, as in
/// Facebook's Gorilla paper, with six bits for the leading zeros.
enum XORCodec {
    static func encode(_ values: Span<Double>) -> [UInt8] {
        var writer = BitWriter()
        var previous = values[0].bitPattern
        writer.write64(previous)
        var leading = 65
        var trailing = 0
        for row in 1..<values.count {
            let difference = values[row].bitPattern ^ previous
            previous = values[row].bitPattern
            guard difference != 0 else {
                writer.write(0, 1)
                continue
            }
            let zerosBefore = difference.leadingZeroBitCount
            let zerosBehind = difference.trailingZeroBitCount
            if leading <= zerosBefore, trailing <= zerosBehind {
                writer.write(0b10, 2)
            } else {
                leading = zerosBefore
                trailing = zerosBehind
                writer.write(0b11, 2)
                writer.write(UInt64(leading), 6)
                writer.write(UInt64(64 - leading - trailing - 1), 6)
            }
            let count = 64 - leading - trailing
            let bits = difference >> UInt64(trailing)
            writer.write(bits, count)
        }
        return writer.finish()
    }

    /// Appends `count` values that start at byte `start`.
    static func decode(
        _ bytes: Span<UInt8>, start: Int, count: Int, into values: inout [Double]
    ) throws(CodecError) {
        var reader = BitReader(position: 8 * start)
        var previous = try reader.read64(bytes)
        values.append(Double(bitPattern: previous))
        var trailing = 0
        var width = 0
        for _ in 1..<max(1, count) {
            if try reader.read(bytes, 1) == 1 {
                if try reader.read(bytes, 1) == 1 {
                    let leading = Int(try reader.read(bytes, 6))
                    width = Int(try reader.read(bytes, 6)) + 1
                    trailing = 64 - leading - width
                    guard trailing >= 0 else { throw .malformed("XOR window", at: reader.position >> 3) }
                }
                let high = width > 32 ? try reader.read(bytes, width - 32) : 0
                let low = try reader.read(bytes, min(width, 32))
                previous ^= (high << 32 | low) << UInt64(trailing)
            }
            values.append(Double(bitPattern: previous))
        }
    }
}
