import Glibc

/// Whole-run operations on bytes, where a loop over a span would cost several times as much.
///
/// Safety: each pointer comes from a span and is used for no more than its count, inside the closure that lends it.
package enum Runs {
    /// Appends a run to an array.
    @inline(__always)
    package static func append(_ run: Span<UInt8>, to bytes: inout [UInt8]) {
        unsafe run.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    /// Whether two runs are equal.
    @inline(__always)
    package static func same(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
        guard a.count == b.count, a.count > 0 else { return a.count == b.count }
        return unsafe a.withUnsafeBufferPointer { first in
            unsafe b.withUnsafeBufferPointer { second in
                unsafe memcmp(first.baseAddress!, second.baseAddress!, first.count) == 0
            }
        }
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

    private static let highs: UInt64 = 0x8080_8080_8080_8080

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

    /// Copies a run to `position`, which moves behind it. Short ones, as names and values are, in two words that may
    /// overlap.
    @inline(__always)
    static func copy(_ run: Span<UInt8>, to bytes: inout MutableSpan<UInt8>, at position: inout Int) {
        let size = run.count
        precondition(size <= bytes.count - position, "a run is longer than the room that was made for it")
        unsafe run.withUnsafeBytes { run in
            unsafe bytes.withUnsafeMutableBytes { bytes in
                guard let from = run.baseAddress, let start = bytes.baseAddress else { return }
                let to = unsafe start + position
                if size > 16 {
                    unsafe to.copyMemory(from: from, byteCount: size)
                } else if size >= 8 {
                    unsafe copy(UInt64.self, from, to, size)
                } else if size >= 4 {
                    unsafe copy(UInt32.self, from, to, size)
                } else {
                    for index in 0..<size {
                        unsafe to.storeBytes(of: run[index], toByteOffset: index, as: UInt8.self)
                    }
                }
            }
        }
        position &+= size
    }

    @inline(__always)
    private static func copy<Word: FixedWidthInteger>(
        _ type: Word.Type, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, _ size: Int
    ) {
        let last = size - MemoryLayout<Word>.size
        let head = unsafe from.loadUnaligned(as: Word.self)
        let tail = unsafe from.loadUnaligned(fromByteOffset: last, as: Word.self)
        unsafe to.storeBytes(of: head, as: Word.self)
        unsafe to.storeBytes(of: tail, toByteOffset: last, as: Word.self)
    }
}
