import Glibc
import SwiftOverlayShims  // where Glibc's timespec is defined

/// Safety: the pointer comes from an array and is used inside the closure that lends it, for a range that is checked.
enum Bytes {
    /// Appends a part of one array to another in one copy.
    @inline(__always)
    static func append(_ source: [UInt8], _ range: Range<Int>, to bytes: inout [UInt8]) {
        precondition(range.lowerBound >= 0 && range.upperBound <= source.count)
        unsafe source.withUnsafeBufferPointer {
            unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: $0[range]))
        }
    }

    /// Nanoseconds of a clock.
    static func now(_ clock: clockid_t = CLOCK_MONOTONIC) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
