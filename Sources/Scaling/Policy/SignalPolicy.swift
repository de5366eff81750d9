/// One number that a policy watches, and the count of replicas that follows from it.
package struct SignalPolicy: Hashable, Sendable, Codable {
    /// How a number is written for people; numbers are always in the base unit (1, seconds, bytes).
    package enum Unit: String, Hashable, Sendable, Codable {
        case plain, seconds, share, bytes
    }

    /// How the number turns into a count.
    package enum Target: Hashable, Sendable, Codable {
        /// The number is a total: `ceil(number / target)`, as Kubernetes' AverageValue.
        case perReplica(Double)
        /// The number is a mean over the ready replicas: `ceil(number / target x ready)`, as Kubernetes'
        /// Value.
        case mean(Double)
        /// The number is a backlog: as many replicas as work it off in `within`, at `rate` items a second
        /// each.
        case backlog(rate: Double, within: Duration)
        /// The number is a latency that is to stay below this. See `Proposal` for the step.
        case objective(Double)
        /// The first step that applies is taken from the present count.
        case steps([Step])

        /// Whether it says something where there is no replica; what only replicas tell, they do by themselves, too.
        var existsWithoutReplicas: Bool {
            switch self {
            case .perReplica, .backlog, .steps: true
            case .mean, .objective: false
            }
        }
    }

    package struct Step: Hashable, Sendable, Codable {
        package enum Condition: Hashable, Sendable, Codable {
            case above(Double), below(Double)
        }

        package enum Change: Hashable, Sendable, Codable {
            /// Signed.
            case replicas(Int)
            /// Signed share of the present count; at least one replica.
            case share(Double)
        }

        package var condition: Condition
        package var change: Change

        package init(_ condition: Condition, _ change: Change) {
            self.condition = condition
            self.change = change
        }

        /// Whether it asks for more.
        var adds: Bool {
            switch change {
            case .replicas(let count): count > 0
            case .share(let share): share > 0
            }
        }

        /// Whether it applies wherever another one does.
        func covers(_ other: Step) -> Bool {
            switch (condition, other.condition) {
            case (.above(let bound), .above(let far)): bound <= far
            case (.below(let bound), .below(let far)): bound >= far
            case (.above, .below), (.below, .above): false
            }
        }
    }

    /// Unique within the policy.
    package var name: String
    /// PromQL that yields one number. Its text, because a policy is data; `Measurer` parses it once.
    package var query: String
    package var target: Target
    package var unit: Unit
    package var whenMissing: ScalingPolicy.Distrust
    package var whenStale: ScalingPolicy.Distrust
    package var whenNotFinite: ScalingPolicy.Distrust
    /// Above it the workload has something to do; where nil, above 0 if it exists without replicas, else never. Matters
    /// only where a policy may keep nothing.
    package var activation: Double?
    /// For `Combination.mean`; 1 where nil.
    package var weight: Double?
    /// The signal with the objective from which the share that one replica serves is learned; what is written in the
    /// target counts until then.
    package var learnsFrom: String?

    package init(
        name: String, query: String, target: Target, unit: Unit = .plain,
        whenMissing: ScalingPolicy.Distrust = .hold, whenStale: ScalingPolicy.Distrust = .hold,
        whenNotFinite: ScalingPolicy.Distrust = .hold, activation: Double? = nil, weight: Double? = nil,
        learnsFrom: String? = nil
    ) {
        self.name = name
        self.query = query
        self.target = target
        self.unit = unit
        self.whenMissing = whenMissing
        self.whenStale = whenStale
        self.whenNotFinite = whenNotFinite
        self.activation = activation
        self.weight = weight
        self.learnsFrom = learnsFrom
    }

    /// Whether it is what waits for being done.
    var isBacklog: Bool { if case .backlog = target { true } else { false } }

    /// Whether the workload has something to do by this value.
    func isActive(_ value: Double) -> Bool {
        if let activation { return value > activation }
        return target.existsWithoutReplicas && value > 0
    }

    /// Whether the signal cannot have this value: demands, means and latencies are never below zero, beyond what summing
    /// floating point leaves, and what steps watch is only where a step speaks of that.
    package func isImpossible(_ value: Double) -> Bool {
        let unit: Double
        switch target {
        case .perReplica(let target), .mean(let target), .objective(let target): unit = abs(target)
        case .backlog(let rate, _): unit = abs(rate)
        case .steps(let steps):
            let speaksOfLess = steps.contains { step in
                switch step.condition {
                case .above(let bound): bound < 0
                case .below(let bound): bound <= 0
                }
            }
            if speaksOfLess { return false }
            unit = 1
        }
        return value < -1e-9 * unit
    }
}
