import Fleet
import TimeSeries

/// The replicas of one workload as the plan must see them.
struct Census {
    /// Running or about to, on nodes that stay, without a stop on its way. By id.
    var staying: [Replica] = []
    /// The same on nodes that are being emptied.
    var leaving: [Replica] = []
    /// A stop is on its way or under way.
    var stopping: [Replica] = []
    /// Starts that no inventory has shown yet; they may or may not happen.
    var pending: [Intent] = []

    /// Everything that is or may come to be there for good.
    var have: Int { staying.count + pending.count }
    /// Everything that may run at this moment.
    var possible: Int { staying.count + leaving.count + stopping.count + pending.count }

    /// Stops of staying replicas that were sent and that no inventory shows as under way.
    var unconfirmedStops = 0

    static func ready(_ replicas: [Replica]) -> Int { replicas.count { $0.phase == .ready } }

    static func take(_ memory: ControlMemory) -> [WorkloadID: Census] {
        var result: [WorkloadID: Census] = [:]
        let stops = memory.ledger.stopping
        for replica in memory.fleet.sortedReplicas {
            let isLeaving = memory.fleet.nodes[replica.node]?.isDraining ?? false
            if replica.phase == .stopping || stops.contains(replica.id) {
                result[replica.workload, default: Census()].stopping.append(replica)
                if replica.phase != .stopping, !isLeaving {
                    result[replica.workload, default: Census()].unconfirmedStops += 1
                }
            } else if isLeaving {
                result[replica.workload, default: Census()].leaving.append(replica)
            } else {
                result[replica.workload, default: Census()].staying.append(replica)
            }
        }
        for intent in memory.ledger.sortedOpen {
            if case .start(let replica, let workload, _, _) = intent.subject,
                memory.fleet.replicas[replica] == nil
            {
                result[workload, default: Census()].pending.append(intent)
            }
        }
        return result
    }
}
