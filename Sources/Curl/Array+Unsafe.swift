extension [UInt8] {
    /// Appends a run in one go.
    ///
    /// Safety: the pointer is the span's own and used within the closure that lends it.
    mutating func append(copying run: Span<UInt8>) {
        unsafe run.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    /// Makes room for so many bytes and a little more, since the next answer may be a little longer. What a server
    /// announces beyond 64 MiB has to come first.
    mutating func reserveCapacity(forAnswerOf length: Int) {
        let length = Swift.min(length, 64 << 20)
        if length > capacity { reserveCapacity(length + length / 16) }
    }
}
