import CSnappy

/// Snappy blocks (not the framing format), as the Prometheus remote protocols use them.
/// The only file that touches libsnappy, which checks every copy against the length that the block declares.
package enum Snappy {
    package static func compress(_ bytes: Span<UInt8>) -> [UInt8] {
        let capacity = snappy_max_compressed_length(bytes.count)
        return unsafe [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
            var length = capacity
            let status = unsafe bytes.withUnsafeBytes { source in
                let input = unsafe source.baseAddress?.assumingMemoryBound(to: CChar.self)
                let output = unsafe UnsafeMutableRawPointer(target.baseAddress!).assumingMemoryBound(
                    to: CChar.self)
                // An empty span has no address, and libsnappy wants one even for nothing.
                return unsafe snappy_compress(input ?? UnsafePointer(output), source.count, output, &length)
            }
            precondition(status == SNAPPY_OK, "snappy_compress refused \(bytes.count) bytes")
            count = length
        }
    }

    /// - Throws: `.tooLong` where the block declares more than `limit` bytes, `.malformed` where it is damaged.
    package static func decompress(_ block: Span<UInt8>, limit: Int) throws(CodecError) -> [UInt8] {
        guard block.count > 0 else { throw .truncated(at: 0) }
        var declared = 0
        let measured = unsafe block.withUnsafeBytes { source in
            unsafe snappy_uncompressed_length(
                source.baseAddress!.assumingMemoryBound(to: CChar.self), source.count, &declared)
        }
        guard measured == SNAPPY_OK else { throw .malformed("damaged Snappy length", at: 0) }
        guard declared <= limit else { throw .tooLong(declared: declared, limit: limit) }
        var status = SNAPPY_OK
        // One byte more, so that an empty result has an address too.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: declared + 1) { target, count in
            var length = declared
            status = unsafe block.withUnsafeBytes { source in
                let input = unsafe source.baseAddress!.assumingMemoryBound(to: CChar.self)
                let output = unsafe UnsafeMutableRawPointer(target.baseAddress!).assumingMemoryBound(
                    to: CChar.self)
                return unsafe snappy_uncompress(input, source.count, output, &length)
            }
            count = status == SNAPPY_OK ? length : 0
        }
        guard status == SNAPPY_OK, bytes.count == declared else {
            throw .malformed("damaged Snappy block", at: 0)
        }
        return bytes
    }
}
