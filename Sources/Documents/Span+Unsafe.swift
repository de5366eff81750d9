/// Runs of bytes at once. `RawSpan` checks the bounds of what is loaded, the copy those of the room.
extension Span<UInt8> {
    /// Whether a JSON string of these bytes needs no escapes and no look at UTF-8: no control characters, quotes,
    /// backslashes or bytes from 0x80. Eight bytes at a time.
    package var isPlainASCII: Bool {
        let raw = unsafe self.bytes
        var index = 0
        while index &+ 8 <= count {
            let word = unsafe raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            guard Span.isPlainASCII(word) else { return false }
            index &+= 8
        }
        while index < count {
            let byte = self[index]
            guard byte >= 0x20, byte < 0x80, byte != 0x22, byte != 0x5c else { return false }
            index &+= 1
        }
        return true
    }

    /// The high bit of a byte is set by a subtraction that borrows, of 0x20 or, where the byte is one that is looked
    /// for, of 1. A borrow may reach the next byte, but only from one that is not plain itself.
    @inline(__always)
    private static func isPlainASCII(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5c)
        let found = (word &- ones &* 0x20) | (quote &- ones) | (backslash &- ones) | word
        return found & (ones &* 0x80) == 0
    }
}

extension OutputSpan<UInt8> {
    /// Appends all bytes of a span. Traps where there is no room for them.
    @inline(__always)
    package mutating func append(copying bytes: Span<UInt8>) {
        precondition(bytes.count <= freeCapacity, "\(bytes.count) bytes for \(freeCapacity)")
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            unsafe bytes.withUnsafeBufferPointer { source in
                guard let from = source.baseAddress, let to = buffer.baseAddress else { return }
                unsafe (to + count).update(from: from, count: source.count)
                count += source.count
            }
        }
    }
}
