package import Fleet
import Synchronization
import TimeSeries

/// Measures how long replicas take from their start to being ready, by looking at them again and again.
package final class StartUpWatch: Sendable {
    private struct Seen {
        var starting: [ReplicaID: Timestamp] = [:]
        /// The fleet's version of the last look.
        var version: UInt64?
    }

    private let seen = Mutex(Seen())

    package init() {}

    /// The start-ups that ended since the last look. A replica that crashed meanwhile does not count.
    package func look(_ fleet: FleetState) -> [(workload: WorkloadID, time: Duration)] {
        seen.withLock { seen in
            var ended: [(workload: WorkloadID, time: Duration)] = []
            // What did not change needs no look: it is asked for many times a second.
            guard fleet.version != seen.version else { return [] }
            seen.version = fleet.version
            seen.starting = seen.starting.filter { fleet.replicas[$0.key] != nil }
            for replica in fleet.sortedReplicas {
                switch replica.phase {
                case .starting where replica.restarts == 0:
                    if seen.starting[replica.id] == nil { seen.starting[replica.id] = replica.since }
                case .ready:
                    guard let since = seen.starting.removeValue(forKey: replica.id) else { continue }
                    ended.append((workload: replica.workload, time: replica.since - since))
                default: seen.starting[replica.id] = nil
                }
            }
            return ended
        }
    }
}
