import Glibc

/// Whole-word access to spans. The only unsafe lines of the byte readers: `RawSpan` checks the bounds of every
/// load itself and is unsafe in the type alone, which is an integer here, of which every bit pattern is valid.
extension Span<UInt8> {
    /// Eight bytes from `offset`, the first one the least significant.
    @inlinable @inline(__always)
    package func littleEndian64(at offset: Int) -> UInt64 {
        let raw = unsafe self.bytes
        return unsafe raw.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
    }

    /// Eight bytes from `offset`, the first one the most significant.
    @inlinable @inline(__always)
    package func bigEndian64(at offset: Int) -> UInt64 {
        let raw = unsafe self.bytes
        return unsafe raw.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self).bigEndian
    }

    /// A copy of a part.
    package func array(_ range: Range<Int>) -> [UInt8] {
        guard !range.isEmpty else { return [] }
        let part = extracting(range)
        return unsafe part.withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// Whether both hold the same bytes.
    package func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count, count > 0 else { return count == other.count }
        return unsafe withUnsafeBufferPointer { mine in
            unsafe other.withUnsafeBufferPointer {
                unsafe memcmp(mine.baseAddress!, $0.baseAddress!, mine.count) == 0
            }
        }
    }
}

extension MutableSpan<UInt8> {
    /// Sets eight bytes from `offset`, the first one to the least significant.
    @inlinable @inline(__always)
    package mutating func setLittleEndian64(_ word: UInt64, at offset: Int) {
        var raw = unsafe self.mutableBytes
        raw.storeBytes(of: word.littleEndian, toByteOffset: offset, as: UInt64.self)
    }
}

extension [UInt8] {
    /// Appends a part of a span.
    package mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let part = bytes.extracting(range)
        unsafe part.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    /// Appends a number as its eight little-endian bytes, in one copy.
    @inlinable @inline(__always)
    package mutating func append(littleEndian value: UInt64) {
        unsafe Swift.withUnsafeBytes(of: value.littleEndian) { unsafe append(contentsOf: $0) }
    }

    /// Appends a number as its four big-endian bytes, in one copy.
    @inlinable @inline(__always)
    package mutating func append(bigEndian value: UInt64) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
    }

    /// Appends numbers as their little-endian bytes.
    package mutating func append(fixed64 values: Span<Double>) {
        guard values.count > 0 else { return }
        unsafe values.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }
}
