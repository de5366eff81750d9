import Glibc
import Journal
import SwiftOverlayShims  // where Glibc's timespec is defined

/// Nanoseconds of CPU time of this process.
func processorTime() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// Nanoseconds since some start.
func wallTime() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// The shortest of a few runs, in nanoseconds of CPU time.
func best(of runs: Int = 5, _ body: () throws -> Void) rethrows -> Double {
    var shortest = Double.infinity
    for _ in 0..<runs {
        let start = processorTime()
        try body()
        shortest = min(shortest, processorTime() - start)
    }
    return shortest
}

/// Resident bytes of this process.
func residentBytes() -> Int {
    guard let disk = try? RealDisk(root: "/proc/self"), let file = try? disk.open("statm", create: false),
        let text = try? file.read(at: 0, count: 200)
    else { return 0 }
    let fields = String(decoding: text, as: UTF8.self).split(separator: " ")
    return (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
}

/// A number with so many digits behind the point.
func text(_ number: Double, _ digits: Int = 3) -> String {
    guard number.isFinite else { return "-" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = (number * scale).rounded() / scale
    var result = "\(rounded)"
    let behind = result.split(separator: ".").last.map(\.count) ?? 0
    if digits == 0 { return String(result.dropLast(2)) }
    result += String(repeating: "0", count: max(0, digits - behind))
    return result
}
