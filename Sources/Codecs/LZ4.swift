import CLZ4

/// LZ4 blocks, without the frame format around them: the caller stores the decoded length.
/// The only file that touches liblz4, which writes no byte past the capacity that it is given.
package enum LZ4 {
    /// The longest input of one block, liblz4's own limit.
    package static let longestInput = 0x7E00_0000

    /// The block, which may be longer than the input where that does not compress.
    /// - Parameter isDense: takes some ten times as long (LZ4HC) to make it smaller.
    package static func compress(_ bytes: Span<UInt8>, isDense: Bool = false) -> [UInt8] {
        precondition(
            bytes.count <= longestInput, "LZ4 block of \(bytes.count) bytes, at most \(longestInput)")
        guard bytes.count > 0 else { return [] }
        let capacity = Int(LZ4_compressBound(Int32(bytes.count)))
        return unsafe [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
            count = unsafe bytes.withUnsafeBytes { source in
                let input = unsafe source.baseAddress!.assumingMemoryBound(to: CChar.self)
                let output = unsafe UnsafeMutableRawPointer(target.baseAddress!).assumingMemoryBound(
                    to: CChar.self)
                let (length, room) = (Int32(source.count), Int32(capacity))
                return unsafe Int(
                    isDense
                        ? LZ4_compress_HC(input, output, length, room, LZ4HC_CLEVEL_MAX)
                        : LZ4_compress_default(input, output, length, room))
            }
        }
    }

    /// The `byteCount` bytes that the block was made of, and `padding` zeros behind them.
    /// - Throws: `.malformed` where the block is damaged or holds another number of bytes.
    package static func decompress(_ block: Span<UInt8>, byteCount: Int, padding: Int = 0) throws(CodecError)
        -> [UInt8]
    {
        guard byteCount > 0 else {
            guard byteCount == 0, block.count == 0 else {
                throw .malformed("LZ4 block of \(block.count) bytes for \(byteCount)", at: 0)
            }
            return [UInt8](repeating: 0, count: padding)
        }
        // No block can expand more than 255 times, so a lying length is refused before memory is taken for it.
        guard byteCount <= longestInput, byteCount / 255 <= block.count else {
            throw .tooLong(declared: byteCount, limit: min(longestInput, 255 * block.count))
        }
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: byteCount + padding) { target, count in
            count = unsafe block.withUnsafeBytes { source in
                let input = unsafe source.baseAddress?.assumingMemoryBound(to: CChar.self)
                let output = unsafe UnsafeMutableRawPointer(target.baseAddress!).assumingMemoryBound(
                    to: CChar.self)
                return unsafe max(
                    0, Int(LZ4_decompress_safe(input, output, Int32(source.count), Int32(byteCount))))
            }
            for _ in 0..<padding {
                unsafe target[count] = 0
                count += 1
            }
        }
        guard bytes.count == byteCount + padding else { throw .malformed("damaged LZ4 block", at: 0) }
        return bytes
    }
}
