import CChecksum

/// The only file that touches the processor's instruction, which reads the bytes of a span and no others.
extension CRC32C {
    /// Whether the processor has an instruction for it, asked once.
    static let hasInstruction = flyball_has_crc32c()

    /// Goes on with a CRC, not inverted, over a part of `bytes`, where there is the instruction for it.
    static func instructed(_ crc: UInt32, _ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt32 {
        let part = bytes.extracting(range)
        return unsafe part.withUnsafeBufferPointer { part in
            guard let start = part.baseAddress else { return crc }
            return unsafe flyball_crc32c(crc, start, part.count)
        }
    }
}
