package import Fleet
package import TimeSeries

/// What is really there, for those who compare it with what somebody believes.
extension VirtualFleet {
    /// Every replica that runs, on nodes that are cut off as well; by id.
    package var running: [Replica] { replicas.values.map(\.replica).sorted { $0.id < $1.id } }

    package func replica(_ id: ReplicaID) -> Replica? { replicas[id]?.replica }

    /// Every node that was started, dead ones as well; by id.
    package var nodeIDs: [NodeID] { nodes.keys.sorted() }

    package func isReachable(_ node: NodeID, at now: Timestamp) -> Bool {
        nodes[node]?.isReachable(at: now) ?? false
    }

    package func isCutOff(_ node: NodeID) -> Bool { nodes[node]?.cutOffSince != nil }

    /// Which life of the node this is; nil where it was never started or has been stopped.
    package func incarnation(of node: NodeID) -> Int? { nodes[node]?.incarnation }

    /// Where a node shows metrics.
    package static func metricsAddress(of node: NodeID) -> String { "\(node):9100" }
}
