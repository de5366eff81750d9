package import Fleet
package import Scaling
package import TimeSeries

/// What the loop believes and intends, for people and the API. A value of one moment.
package struct ControlView: Hashable, Sendable, Codable {
    package struct NodeView: Hashable, Sendable, Codable {
        package var node: Node
        /// What the replicas on it, and those on their way, have reserved.
        package var requested: Resources
        package var replicas: Int
        package var isConfigured: Bool
        /// Takes nothing until then, after losses in a row.
        package var quarantinedUntil: Timestamp?
        /// Why replicas cannot leave a draining node yet; one line each.
        package var drainBlockers: [String]
    }

    package struct WorkloadView: Hashable, Sendable, Codable {
        package var workload: Workload
        package var desired: Int
        package var ready: Int
        package var starting: Int
        package var unready: Int
        package var stopping: Int
        /// The policy that decides its count.
        package var policy: String?
        package var pause: Pause?
        /// What every node says against a replica that has no place; empty where all have one.
        package var unplaced: [String]
        /// What holds starts or stops back at this moment; one line each.
        package var deferred: [String]
        /// No start before then, after failed ones in a row.
        package var backOffUntil: Timestamp?
    }

    package struct PolicyView: Hashable, Sendable, Codable {
        package var policy: ScalingPolicy
        /// Whether its decisions take effect.
        package var isInCharge: Bool
        package var measurement: Measurement?
        package var decision: ScaleDecision?
        /// How it stands beside a reactive autoscaler, where it is compared with one.
        package var account: ReferenceAccount?
        /// The audit entry that last recorded a decision: what `flyball explain` takes.
        package var entry: String?
    }

    package struct CommandView: Hashable, Sendable, Codable {
        package var id: String
        /// `start web-1-3 on n2`.
        package var text: String
        package var state: Intent.State
        package var issuedAt: Timestamp
        package var deadline: Timestamp
        package var reason: String
    }

    package struct Freeze: Hashable, Sendable, Codable {
        package var since: Timestamp
        package var until: Timestamp
        package var reason: String
    }

    package var at: Timestamp
    package var epoch: UInt64
    package var generation: UInt64
    package var version: UInt64
    /// Nil while this service leads; else why it commands nothing.
    package var standsDown: String?
    /// When the fleet was last seen whole.
    package var observedAt: Timestamp?
    package var nodes: [NodeView]
    package var workloads: [WorkloadView]
    package var replicas: [Replica]
    package var policies: [PolicyView]
    package var pauses: [Pause]
    package var freeze: Freeze?
    package var openCommands: [CommandView]
    /// The last commands that ended, newest first.
    package var closedCommands: [CommandView]
}
