import Actuation
import Audit
import Control
import Coordination
import Fleet
import Foundation
import Glibc
import Journal
import PromQL
import Scaling
import Storage
import SwiftOverlayShims  // where Glibc's timespec is defined
import Synchronization
import TimeSeries

/// From the arrival of a sample to the command at the backend, with the parts of the service in one process: store on a
/// disk, queries, measurements, decisions in a journal that is synchronised, actuator. Targets are scraped once a
/// second, evenly spread; every 300 ms one sample asks for more replicas of one workload.
///
///     scaling-latency [TARGETS] [WORKLOADS] [EVENTS]
@main
struct ScalingLatency {
    static let replicas = 5
    static let nodes = 50

    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let targets = arguments.first ?? 10_000
        let workloads = arguments.dropFirst().first ?? 100
        let events = arguments.dropFirst(2).first ?? 200
        let folder = FileManager.default.temporaryDirectory.appending(path: "scaling-latency-\(getpid())")
            .path
        try FileManager.default.createDirectory(
            atPath: folder + "/samples", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let rig = try Rig(folder: folder, targets: targets, workloads: workloads)
        let begin = processorTime()
        let clock = ContinuousClock()
        let start = clock.now
        let latencies = try await rig.run(events: events)
        let elapsed = clock.now - start
        let sorted = latencies.sorted()
        func quantile(_ share: Double) -> String {
            guard !sorted.isEmpty else { return "-" }
            let rank = Int((Double(sorted.count - 1) * share).rounded())
            return "\(sorted[rank].milliseconds) ms"
        }
        print("\(targets) targets, \(workloads) policies, \(sorted.count) of \(events) commands seen")
        print(
            "sample to command: p50 \(quantile(0.5)), p90 \(quantile(0.9)), p99 \(quantile(0.99)), max \(quantile(1))"
        )
        let share = (processorTime() - begin) / elapsed.seconds
        print(
            "processor time \((share * 1000).rounded() / 10) % of one core over \(elapsed.milliseconds / 1000) s"
        )
    }

    /// Seconds of processor time of this process.
    static func processorTime() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

extension Duration {
    var seconds: Double { Double(milliseconds) / 1000 }
}
