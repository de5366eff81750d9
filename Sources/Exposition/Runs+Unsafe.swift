import Glibc

/// Whole-run operations on bytes, where a loop over a span would cost several times as much.
///
/// Safety: each pointer comes from a span and is used for no more than its count, inside the closure that lends it.
enum Runs {
    /// Appends a run to an array.
    @inline(__always)
    static func append(_ run: Span<UInt8>, to bytes: inout [UInt8]) {
        unsafe run.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    /// Where the first line break stands.
    static func firstNewline(_ run: Span<UInt8>) -> Int? {
        unsafe run.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress,
                let found = unsafe memchr(start, Int32(UInt8(ascii: "\n")), bytes.count)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - start
        }
    }
}
