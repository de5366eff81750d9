extension [UInt8] {
    /// Appends a run in one go.
    ///
    /// Safety: the pointer is the span's own and used within the closure that lends it.
    mutating func append(copying run: Span<UInt8>) {
        unsafe run.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
