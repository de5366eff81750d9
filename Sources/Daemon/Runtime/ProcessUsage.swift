import Foundation
import SwiftOverlayShims  // where timeval is defined

/// What this process uses, from the kernel.
enum ProcessUsage {
    /// User and system time.
    static var cpuSeconds: Double {
        var usage = rusage()
        unsafe getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    static var residentBytes: Double? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let fields = text.split(separator: " ")
        return fields.count > 1 ? Double(fields[1]).map { $0 * Double(sysconf(Int32(_SC_PAGESIZE))) } : nil
    }

    /// Half of what the machine, or a cgroup that this process is in, has.
    static var defaultMemoryLimit: Int {
        let machine = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        let own = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        let limits = memoryLimitFiles(cgroups: own).compactMap { path in
            (try? String(contentsOfFile: path, encoding: .utf8)).flatMap {
                Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
        return ([machine] + limits.filter { $0 > 0 }).min()! / 2
    }

    /// The files that may hold a limit: of the cgroup in `/proc/self/cgroup` and those around it, version 2 and 1.
    static func memoryLimitFiles(cgroups: String) -> [String] {
        var files: [String] = []
        for line in cgroups.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[1].isEmpty || parts[1].split(separator: ",").contains("memory")
            else {
                continue
            }
            let root = parts[1].isEmpty ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
            let name = parts[1].isEmpty ? "memory.max" : "memory.limit_in_bytes"
            var folders = parts[2].split(separator: "/").map(String.init)
            while true {
                files.append(([root] + folders + [name]).joined(separator: "/"))
                guard folders.popLast() != nil else { break }
            }
        }
        return files
    }
}
