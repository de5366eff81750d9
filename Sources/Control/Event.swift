package import Fleet
package import Scaling
package import TimeSeries

/// Everything that can happen to the control loop. Recorded in full before it takes effect; replaying events
/// yields the same effects.
package enum Event: Hashable, Sendable, Codable {
    /// A leader begins; every command from here on bears this epoch.
    case began(epoch: UInt64)
    case configured(ControlConfiguration)
    case measured(Measurement)
    case observed(Inventory)
    /// The backend was asked again and saw exactly what it had seen before.
    case observedUnchanged(at: Timestamp)
    case outcome(command: String, Outcome)
    case requested(OperatorRequest)
    /// The wall clock was set by so much more than has passed; everything else in the batch is by the new one.
    case clockStepped(by: Duration)
    /// The service ended by a person's hand and stopped every node with all that ran there.
    case ended
    case tick
}

/// What the loop is to do, or to say.
package enum Effect: Hashable, Sendable {
    /// Recorded and made durable before any `execute` of the same batch.
    case record(AuditEntry)
    case execute(Command)
    /// What a recorded scaling decision was made from; journaled with the events, as a part of the evidence.
    case evidence(DecisionInputs)
}

/// What a person asked for, and who that was.
package struct OperatorRequest: Hashable, Sendable, Codable {
    package enum Action: Hashable, Sendable, Codable {
        /// All workloads where nil; one direction only where one is given.
        case pause(WorkloadID?, until: Timestamp, direction: PauseDirection? = nil)
        case resume(WorkloadID?)
        /// Holds until a policy decides otherwise; a workload without policy keeps it.
        case scale(WorkloadID, to: Int)
        case drain(NodeID)
        /// Ends a drain or cordon.
        case resumeNode(NodeID)
        case cordon(NodeID)
    }

    /// Chosen by the caller; the same id twice is one request.
    package var id: String
    package var action: Action
    package var principal: String
    package var reason: String

    package init(id: String, action: Action, principal: String, reason: String) {
        self.id = id
        self.action = action
        self.principal = principal
        self.reason = reason
    }
}

/// One generation of everything that the loop is configured with.
package struct ControlConfiguration: Hashable, Sendable, Codable {
    package var generation: UInt64
    package var nodes: [NodeSpec]
    package var workloads: [Workload]
    package var policies: [ScalingPolicy]
    package var limits: GuardLimits
    /// None where nil.
    package var nodePools: [NodePool]?

    package init(
        generation: UInt64, nodes: [NodeSpec], workloads: [Workload], policies: [ScalingPolicy],
        limits: GuardLimits = GuardLimits(), nodePools: [NodePool]? = nil
    ) {
        self.nodePools = nodePools
        self.generation = generation
        self.nodes = nodes
        self.workloads = workloads
        self.policies = policies
        self.limits = limits
    }
}

/// The guardrails that no policy can lift.
package struct GuardLimits: Hashable, Sendable, Codable {
    /// A node is suspect after this silence, lost after `nodeLost`.
    package var nodeSuspect: Duration = .seconds(2)
    package var nodeLost: Duration = .seconds(5)
    /// An inventory that shows less than this share fewer replicas or nodes than the one before is believed.
    package var maxInventoryShrink: Double = 0.3
    /// With so large a share of nodes out of reach nothing is failed over: the observer is cut off, not the nodes.
    package var maxUnreachableShare: Double = 0.55
    package var freeze: Duration = .seconds(60)
    /// How long a node that is cut off keeps its replicas running, by its own clock. A singleton is not started elsewhere
    /// before.
    package var nodeLease: Duration = .seconds(30)
    /// Stops of replicas in any minute, of one workload: the larger of the share and the count.
    package var removalsPerMinuteShare: Double = 0.5
    package var removalsPerMinute: Int = 4
    /// Starts in any minute, of one workload: the larger of the share and the count.
    package var startsPerMinuteShare: Double = 1.0
    package var startsPerMinute: Int = 8
    /// Stops in any minute, of all workloads together; `standardFleetRemovals` where nil, as in earlier journals.
    package var fleetRemovals: MinuteLimit?

    package var removals: MinuteLimit {
        get { MinuteLimit(share: removalsPerMinuteShare, count: removalsPerMinute) }
        set { (removalsPerMinuteShare, removalsPerMinute) = (newValue.share, newValue.count) }
    }

    package var starts: MinuteLimit {
        get { MinuteLimit(share: startsPerMinuteShare, count: startsPerMinute) }
        set { (startsPerMinuteShare, startsPerMinute) = (newValue.share, newValue.count) }
    }

    package static let standardFleetRemovals = MinuteLimit(share: 0.25, count: 20)

    package init() {}

    /// How much may be moved in any minute: the larger of the share and the count.
    package struct MinuteLimit: Hashable, Sendable, Codable {
        package var share: Double
        package var count: Int

        package init(share: Double, count: Int) {
            self.share = share
            self.count = count
        }

        /// Of so many.
        func allowed(of size: Int) -> Int {
            let exact = (Double(size) * share).rounded(.down)
            return max(count, exact.isFinite ? max(0, min(Int(clamping: exact) ?? 0, 1_000_000)) : 0)
        }
    }
}
