import Glibc
import SwiftOverlayShims

/// What a demo program says and measures of itself.
enum DemoProcess {
    /// One line to standard output, at once, also where that is a file.
    static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = unsafe write(1, bytes, bytes.count)
    }

    static var cpuSeconds: Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }

    /// Of the calling thread.
    static var threadCPUSeconds: Double { seconds(CLOCK_THREAD_CPUTIME_ID) }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
