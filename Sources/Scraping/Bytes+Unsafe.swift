import Glibc

/// Whole-run operations on bytes, where a loop over a span would cost several times as much.
///
/// Safety: each pointer comes from a span and is used for no more than its count, inside the closure that lends it.
enum Bytes {
    /// Whether the bytes of a text from `start` to `end` stand in another one at `position`.
    @inline(__always)
    static func repeats(
        _ text: Span<UInt8>, _ start: Int, _ end: Int, in other: Span<UInt8>, at position: Int
    ) -> Bool {
        let size = end &- start
        guard start >= 0, size > 0, end <= text.count, position >= 0, size <= other.count &- position
        else { return size == 0 }
        return unsafe text.withUnsafeBufferPointer { first in
            unsafe other.withUnsafeBufferPointer { second in
                unsafe memcmp(first.baseAddress! + start, second.baseAddress! + position, size) == 0
            }
        }
    }

    /// A hash for tables that are checked against the bytes; never leaves the process.
    static func hash(_ bytes: Span<UInt8>) -> UInt64 {
        unsafe bytes.withUnsafeBytes { bytes in
            var hash: UInt64 = 0x9e37_79b9_7f4a_7c15 ^ UInt64(bytes.count)
            var offset = 0
            while offset + 8 <= bytes.count {
                mix(&hash, unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                offset += 8
            }
            var rest: UInt64 = 0
            while offset < bytes.count {
                rest = rest << 8 | UInt64(unsafe bytes[offset])
                offset += 1
            }
            mix(&hash, rest)
            return hash
        }
    }

    /// The same for long runs: four words at a time, whose multiplications overlap.
    static func hashLong(_ bytes: Span<UInt8>) -> UInt64 {
        let whole = bytes.count & ~31
        var (a, b, c, d) = (UInt64(bytes.count), UInt64(1), UInt64(2), UInt64(3))
        unsafe bytes.withUnsafeBytes { bytes in
            var offset = 0
            while offset < whole {
                mix(&a, unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                mix(&b, unsafe bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
                mix(&c, unsafe bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self))
                mix(&d, unsafe bytes.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self))
                offset += 32
            }
        }
        var hash = hash(bytes.extracting(whole..<bytes.count))
        for lane in [a, b, c, d] { mix(&hash, lane) }
        return hash
    }

    @inline(__always)
    private static func mix(_ hash: inout UInt64, _ word: UInt64) {
        let (high, low) = (hash ^ word).multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
        hash = high ^ low
    }
}
