package import TimeSeries

/// A machine, or what a backend offers as one, as configured and as believed.
package struct Node: Hashable, Sendable, Codable {
    /// What is known of its life.
    package enum Health: Hashable, Sendable, Codable {
        /// Configured, never seen.
        case expected
        case ready
        /// Silent, but not yet long enough.
        case suspect(since: Timestamp)
        /// Given up; its replicas are placed anew.
        case lost(since: Timestamp)
    }

    package var id: NodeID
    package var capacity: Resources
    /// Capacity less what the machine keeps for itself.
    package var allocatable: Resources
    package var labels: [String: String]
    package var health: Health
    /// Takes no new replicas.
    package var isCordoned: Bool
    /// Its replicas are being moved away.
    package var isDraining: Bool
    package var lastHeard: Timestamp?
    /// Changes when the node process is another one than before.
    package var incarnation: String?
    /// Where it shows metrics.
    package var metricsAddress: String?

    package init(
        id: NodeID, capacity: Resources, allocatable: Resources? = nil, labels: [String: String] = [:],
        health: Health = .expected, isCordoned: Bool = false, isDraining: Bool = false,
        lastHeard: Timestamp? = nil, incarnation: String? = nil, metricsAddress: String? = nil
    ) {
        self.id = id
        self.capacity = capacity
        self.allocatable = allocatable ?? capacity
        self.labels = labels
        self.health = health
        self.isCordoned = isCordoned
        self.isDraining = isDraining
        self.lastHeard = lastHeard
        self.incarnation = incarnation
        self.metricsAddress = metricsAddress
    }
}

/// What a person wrote about a node.
package struct NodeSpec: Hashable, Sendable, Codable {
    package var id: NodeID
    package var capacity: Resources
    package var labels: [String: String]

    package init(id: NodeID, capacity: Resources, labels: [String: String] = [:]) {
        self.id = id
        self.capacity = capacity
        self.labels = labels
    }
}

extension Node: ClockBound {
    package mutating func clockStepped(by step: Duration) {
        lastHeard.clockStepped(by: step)
        switch health {
        case .expected, .ready: break
        case .suspect(let since): health = .suspect(since: since + step)
        case .lost(let since): health = .lost(since: since + step)
        }
    }
}
