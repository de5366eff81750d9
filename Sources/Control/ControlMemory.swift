package import Fleet
package import Scaling
package import TimeSeries

/// Everything the loop carries from one step to the next: a fold over the events, so that a snapshot plus the events
/// since yields it again, byte for byte.
package struct ControlMemory: Hashable, Sendable, Codable {
    package struct PolicyMemory: Hashable, Sendable, Codable {
        package var policy: ScalingPolicy
        package var scaling = ScalingMemory()
        package var measurement: Measurement?
        package var decision: ScaleDecision?
        package var entry: String?
        var recordedAt: Timestamp?
        /// Count and kinds of reason of what was recorded last.
        var recordedKey: String?
        /// The demand that was measured last, in replicas, and when it fell by half or more from one measurement to
        /// the next.
        var demand: Double?
        var collapsedAt: Timestamp?

        init(policy: ScalingPolicy) { self.policy = policy }
    }

    /// A pool, the nodes in it in the order of their making, and the last number that was given.
    package struct PoolMemory: Hashable, Sendable, Codable {
        package var pool: NodePool
        package internal(set) var members: [NodeID] = []
        var next = 0

        init(pool: NodePool) { self.pool = pool }
    }

    /// A replica that has no place.
    package struct Unplaced: Hashable, Sendable, Codable {
        var since: Timestamp
        var reasons: [String]
        var recordedAt: Timestamp?
        var recorded: [String]
    }

    /// How a request of an operator ended.
    package struct RequestRecord: Hashable, Sendable, Codable {
        package var at: Timestamp
        /// The audit entry about it.
        package var entry: String
        /// Nil where it was accepted.
        package var refusal: String?
    }

    package internal(set) var epoch: UInt64 = 0
    package internal(set) var generation: UInt64 = 0
    package internal(set) var now = Timestamp(milliseconds: 0)
    /// When the present epoch began.
    package internal(set) var beganAt = Timestamp(milliseconds: 0)
    /// The higher epoch that was seen, where somebody else leads.
    package internal(set) var deposedBy: UInt64?
    package internal(set) var fleet = FleetState()
    package internal(set) var limits = GuardLimits()
    package internal(set) var policies: [String: PolicyMemory] = [:]
    package internal(set) var ledger = IntentLedger()
    package internal(set) var freeze: ControlView.Freeze?
    package internal(set) var requests: [String: RequestRecord] = [:]
    package internal(set) var observedAt: Timestamp?
    var commandCount = 0
    var entryCount = 0
    var replicaCount = 0
    /// Whether an inventory arrived in this epoch.
    var hasObserved = false
    /// Set when a freeze ends: what stayed away all the while is believed to be gone.
    var believesAbsences = false
    /// Nodes and replicas of the last inventory that was taken in, for `observedUnchanged`.
    var lastInventory: Inventory?
    var watches: [NodeID: NodeWatch] = [:]
    /// Configured once and no longer: drained, then stopped.
    var retired: [NodeID: Timestamp] = [:]
    /// Pools of nodes with their members; nil where none is configured.
    package internal(set) var pools: [NodePoolID: PoolMemory]?
    /// The nodes that a person wrote one by one, beside pools.
    var writtenNodes: [NodeSpec]?
    var velocities: [WorkloadID: Velocity] = [:]
    /// What was stopped of all workloads together.
    var fleetVelocity: Velocity?
    /// When the clock was set last.
    var clockSteppedAt: Timestamp?
    /// No replica is resized until then, after a backend would not.
    var resizeHolds: [WorkloadID: Timestamp]?
    /// How long replicas took to become ready lately.
    var startUps: StartUpTimes?
    /// Demand fell everywhere at once: no count is lowered until then.
    package internal(set) var collapse: ControlView.Freeze?
    var backOffs: [WorkloadID: StartBackOff] = [:]
    var unplaced: [WorkloadID: Unplaced] = [:]
    var deferred: [WorkloadID: [String]] = [:]
    /// Why replicas are missing, until they are replaced.
    var losses: [WorkloadID: [String]] = [:]
    /// Until when a copy of a singleton may still run on a lost node.
    var singletonHolds: [WorkloadID: SingletonHold] = [:]

    struct SingletonHold: Hashable, Sendable, Codable {
        var node: NodeID
        var until: Timestamp
    }

    package init() {}

    /// What measuring needs to know.
    package var learned: Learned {
        var shares: [String: Double] = [:]
        for (name, known) in policies { shares[name] = known.scaling.learnedShare(known.policy) }
        return Learned(startUps: startUps?.percentiles ?? [:], shares: shares)
    }
}
