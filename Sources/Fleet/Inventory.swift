package import TimeSeries

/// What a backend sees at one moment. What is missing from a complete inventory is gone; from an incomplete one, unknown.
package struct Inventory: Hashable, Sendable, Codable {
    package struct NodeReport: Hashable, Sendable, Codable {
        package var id: NodeID
        /// Whether it answered for this inventory. Where not, its replicas are absent from `replicas`, which says nothing of them.
        package var isReachable: Bool
        /// Why not, or what else is wrong with it.
        package var message: String?
        package var capacity: Resources
        package var allocatable: Resources
        package var labels: [String: String]
        package var incarnation: String?
        package var metricsAddress: String?

        package init(
            id: NodeID, isReachable: Bool, message: String? = nil, capacity: Resources,
            allocatable: Resources? = nil, labels: [String: String] = [:], incarnation: String? = nil,
            metricsAddress: String? = nil
        ) {
            self.id = id
            self.isReachable = isReachable
            self.message = message
            self.capacity = capacity
            self.allocatable = allocatable ?? capacity
            self.labels = labels
            self.incarnation = incarnation
            self.metricsAddress = metricsAddress
        }
    }

    package var observedAt: Timestamp
    /// False where the backend could not list everything it should know.
    package var isComplete: Bool
    package var nodes: [NodeReport]
    package var replicas: [Replica]
    /// The highest epoch the backend has accepted, where it fences.
    package var epoch: UInt64

    package init(
        observedAt: Timestamp, isComplete: Bool = true, nodes: [NodeReport], replicas: [Replica],
        epoch: UInt64 = 0
    ) {
        self.observedAt = observedAt
        self.isComplete = isComplete
        self.nodes = nodes
        self.replicas = replicas
        self.epoch = epoch
    }
}
