package import TimeSeries

/// Everything that changes the belief about the fleet.
package enum FleetEvent: Hashable, Sendable, Codable {
    /// Nodes and workloads as written; what is not listed any more is no longer configured.
    case configured(nodes: [NodeSpec], workloads: [Workload])
    /// A node answered.
    case nodeReported(Inventory.NodeReport, at: Timestamp)
    case nodeSuspected(NodeID, since: Timestamp)
    /// A node is given up, and with it what ran there.
    case nodeLost(NodeID, since: Timestamp)
    /// A node was stopped on purpose, and what ran there with it: it is expected to be started again.
    case nodeStopped(NodeID)
    /// A node is no longer part of the fleet.
    case nodeRemoved(NodeID)
    case nodeCordoned(NodeID, Bool)
    /// Draining cordons as well; its end lifts both.
    case nodeDraining(NodeID, Bool)
    case replicaSeen(Replica)
    case replicaGone(ReplicaID)
    case desired(WorkloadID, Int)
    /// What one replica of a workload reserves from now on; what was written where nil.
    case sized(WorkloadID, Resources?)
    case paused(Pause)
    /// Lifts the pauses of this scope, in all directions.
    case resumed(WorkloadID?)
    /// Lifts this pause only.
    case pauseEnded(Pause)
}

/// A direction in which a count moves.
package enum PauseDirection: String, Hashable, Sendable, Codable, CaseIterable {
    case up, down
}

/// No command for a workload (all workloads where nil) until a moment; somebody's, and for a reason. With a direction,
/// only the count is kept from moving that way.
package struct Pause: Hashable, Sendable, Codable {
    package var workload: WorkloadID?
    package var direction: PauseDirection?
    package var since: Timestamp
    package var until: Timestamp
    package var owner: String
    package var reason: String

    package init(
        workload: WorkloadID?, direction: PauseDirection? = nil, since: Timestamp, until: Timestamp,
        owner: String, reason: String
    ) {
        self.workload = workload
        self.direction = direction
        self.since = since
        self.until = until
        self.owner = owner
        self.reason = reason
    }
}
