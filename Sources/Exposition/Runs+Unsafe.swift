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
    static func firstNewline(_ run: Span<UInt8>) -> Int? { first(UInt8(ascii: "\n"), in: run) }

    /// Where a byte stands first.
    static func first(_ byte: UInt8, in run: Span<UInt8>) -> Int? {
        unsafe run.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress,
                let found = unsafe memchr(start, Int32(byte), bytes.count)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - start
        }
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    /// The next quote or backslash from `start` on, or the end. Eight bytes at a time: a byte that equals another is
    /// zero in their XOR, and taking one from it borrows into its highest bit.
    static func plainEnd(_ text: Span<UInt8>, from start: Int) -> Int {
        unsafe text.withUnsafeBytes { bytes in
            var index = start
            while index + 8 <= bytes.count {
                let word = unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
                let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
                let slashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
                let found = ((quotes &- ones) & ~quotes | (slashes &- ones) & ~slashes) & highs
                // The lowest mark is exact; those above it may come from the borrow.
                if found != 0 { return index + found.trailingZeroBitCount >> 3 }
                index += 8
            }
            while index < bytes.count {
                let byte = unsafe bytes[index]
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return index }
                index += 1
            }
            return max(index, start)
        }
    }

    /// The highest bit of each byte from `first` to `last`; of `word` no byte is above 0x7f, so that none carries into
    /// the next.
    @inline(__always)
    private static func marks(_ word: UInt64, from first: UInt8, through last: UInt8) -> UInt64 {
        let isFromFirst = word &+ ones &* UInt64(0x80 - first)
        let isBehindLast = word &+ ones &* UInt64(0x7f - last)
        return isFromFirst & ~isBehindLast
    }

    /// The next byte from `start` on that is no letter, digit, underscore or, with `colons`, colon; or the end. Eight
    /// bytes at a time.
    static func wordEnd(_ text: Span<UInt8>, from start: Int, colons: Bool) -> Int {
        unsafe text.withUnsafeBytes { bytes in
            // The colon follows the nine.
            let lastDigit = colons ? UInt8(ascii: ":") : UInt8(ascii: "9")
            var index = start
            while index + 8 <= bytes.count {
                let word = unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
                let low = word & ~highs
                let letters = marks(low | ones &* 0x20, from: UInt8(ascii: "a"), through: UInt8(ascii: "z"))
                let digits = marks(low, from: UInt8(ascii: "0"), through: lastDigit)
                let underscores = marks(low, from: UInt8(ascii: "_"), through: UInt8(ascii: "_"))
                let outside = ~((letters | digits | underscores) & ~word) & highs
                if outside != 0 { return index + outside.trailingZeroBitCount >> 3 }
                index += 8
            }
            while index < bytes.count {
                let byte = unsafe bytes[index]
                let isLetter = (byte | 0x20) &- UInt8(ascii: "a") < 26
                let isDigit = byte >= UInt8(ascii: "0") && byte <= lastDigit
                guard isLetter || isDigit || byte == UInt8(ascii: "_") else { break }
                index += 1
            }
            return max(index, start)
        }
    }

    static func isASCII(_ run: Span<UInt8>) -> Bool {
        unsafe run.withUnsafeBytes { bytes in
            var index = 0
            var bits: UInt64 = 0
            while index + 8 <= bytes.count {
                bits |= unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                index += 8
            }
            while index < bytes.count {
                bits |= UInt64(unsafe bytes[index])
                index += 1
            }
            return bits & highs == 0
        }
    }
}
