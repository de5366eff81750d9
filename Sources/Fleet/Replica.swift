package import TimeSeries

/// One running copy of a workload.
package struct Replica: Hashable, Sendable, Codable {
    package enum Phase: String, Hashable, Sendable, Codable, CaseIterable {
        /// Commanded or launched, health check not yet passed.
        case starting
        case ready
        /// Was ready, health check fails.
        case unready
        case stopping
        /// Ended; waits for its back-off.
        case crashed
    }

    package var id: ReplicaID
    package var workload: WorkloadID
    package var node: NodeID
    package var phase: Phase
    package var since: Timestamp
    /// `host:port`, once known.
    package var address: String?
    package var restarts: Int
    /// The last reason for a crash or an unready state.
    package var message: String?
    /// What is reserved for it, as of its start.
    package var request: Resources

    package init(
        id: ReplicaID, workload: WorkloadID, node: NodeID, phase: Phase, since: Timestamp,
        address: String? = nil,
        restarts: Int = 0, message: String? = nil, request: Resources
    ) {
        self.id = id
        self.workload = workload
        self.node = node
        self.phase = phase
        self.since = since
        self.address = address
        self.restarts = restarts
        self.message = message
        self.request = request
    }
}
