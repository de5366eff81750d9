package import Fleet
import TimeSeries

/// How long a workload's replicas take from their start to being ready: the newest `capacity` start-ups of
/// each.
package struct StartUpTimes: Hashable, Sendable, Codable {
    static let capacity = 64
    private var times: [WorkloadID: [Duration]] = [:]

    package init() {}

    package mutating func record(_ time: Duration, of workload: WorkloadID) {
        guard time >= .zero else { return }
        times[workload, default: []].append(time)
        if let count = times[workload]?.count, count > Self.capacity { times[workload]?.removeFirst() }
    }

    /// Forgets the workloads that are not kept.
    package mutating func keep(_ isKept: (WorkloadID) -> Bool) { times = times.filter { isKept($0.key) } }

    /// The 95th percentile of each workload's start-ups, for `Measurer.measure`.
    package var percentiles: [WorkloadID: Duration] {
        times.compactMapValues { times in
            let sorted = times.sorted()
            return sorted.isEmpty ? nil : sorted[(sorted.count - 1) * 95 / 100]
        }
    }
}
