package import Control
package import Fleet
import Synchronization
import TimeSeries

/// Measures how long replicas take from their start to being ready, by looking at them again and again.
package final class StartUpWatch: Sendable {
    private let starting = Mutex<[ReplicaID: Timestamp]>([:])

    package init() {}

    /// The start-ups that ended since the last look. A replica that crashed meanwhile does not count.
    package func look(_ view: ControlView) -> [(workload: WorkloadID, time: Duration)] {
        starting.withLock { starting in
            var ended: [(workload: WorkloadID, time: Duration)] = []
            let ids = Set(view.replicas.map(\.id))
            starting = starting.filter { ids.contains($0.key) }
            for replica in view.replicas {
                switch replica.phase {
                case .starting where replica.restarts == 0:
                    if starting[replica.id] == nil { starting[replica.id] = replica.since }
                case .ready:
                    guard let since = starting.removeValue(forKey: replica.id) else { continue }
                    ended.append((workload: replica.workload, time: replica.since - since))
                default: starting[replica.id] = nil
                }
            }
            return ended
        }
    }
}
