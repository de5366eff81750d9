import Glibc
import SwiftOverlayShims  // where Glibc's timespec is defined

/// Safety: the pointer is to a variable of the function.
enum Nanoseconds {
    /// Of a clock.
    static func now(_ clock: clockid_t = CLOCK_MONOTONIC) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
