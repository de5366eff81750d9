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
    /// A node is no longer part of the fleet.
    case nodeRemoved(NodeID)
    case nodeCordoned(NodeID, Bool)
    /// Draining cordons as well; its end lifts both.
    case nodeDraining(NodeID, Bool)
    case replicaSeen(Replica)
    case replicaGone(ReplicaID)
    case desired(WorkloadID, Int)
    case paused(Pause)
    /// Lifts the pause of this scope.
    case resumed(WorkloadID?)
}

/// No command for a workload (all workloads where nil) until a moment; somebody's, and for a reason.
package struct Pause: Hashable, Sendable, Codable {
    package var workload: WorkloadID?
    package var since: Timestamp
    package var until: Timestamp
    package var owner: String
    package var reason: String

    package init(workload: WorkloadID?, since: Timestamp, until: Timestamp, owner: String, reason: String) {
        self.workload = workload
        self.since = since
        self.until = until
        self.owner = owner
        self.reason = reason
    }
}
