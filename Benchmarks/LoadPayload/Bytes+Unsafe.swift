/// Safety: the pointer comes from an array and is used inside the closure that lends it, for a range that is checked.
package enum Bytes {
    /// Appends a part of one array to another in one copy.
    package static func append(_ source: [UInt8], _ range: Range<Int>, to bytes: inout [UInt8]) {
        precondition(range.lowerBound >= 0 && range.upperBound <= source.count)
        unsafe source.withUnsafeBufferPointer {
            unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: $0[range]))
        }
    }
}
