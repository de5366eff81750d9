package import Scaling
package import TimeSeries

/// What a recorded decision was made from, besides the measurement in its batch and the policy in its configuration.
/// With them `decide` yields the same decision again.
package struct DecisionInputs: Hashable, Sendable, Codable {
    package var policy: String
    /// Which event of the batch is the measurement.
    package var event: Int
    package var counts: ReplicaCounts
    /// As it was before the decision.
    package var memory: ScalingMemory

    package init(policy: String, event: Int, counts: ReplicaCounts, memory: ScalingMemory) {
        self.policy = policy
        self.event = event
        self.counts = counts
        self.memory = memory
    }
}

/// Everything that one decision was made from.
package struct DecisionCase: Hashable, Sendable {
    package var policy: ScalingPolicy
    package var measurement: Measurement
    package var counts: ReplicaCounts
    package var memory: ScalingMemory
    package var now: Timestamp

    package init(
        policy: ScalingPolicy, measurement: Measurement, counts: ReplicaCounts, memory: ScalingMemory,
        now: Timestamp
    ) {
        self.policy = policy
        self.measurement = measurement
        self.counts = counts
        self.memory = memory
        self.now = now
    }

    /// Decides again, with another policy where one is given.
    package func decided(by other: ScalingPolicy? = nil) -> ScaleDecision {
        var memory = memory
        return decide(other ?? policy, measurement, counts: counts, memory: &memory, now: now)
    }
}

/// What would have been decided, had one thing been different.
package struct Counterfactual: Hashable, Sendable, Codable {
    /// Such as `without the windows`.
    package var name: String
    package var desired: Int

    package init(name: String, desired: Int) {
        self.name = name
        self.desired = desired
    }

    /// All that make sense for a case: without windows, limits, flap budget, forecast, schedules, pauses, by each signal
    /// alone, and where they held this decision without the pauses and guards of the fleet. At least three.
    /// - Parameter recorded: what became of the decision.
    package static func all(_ given: DecisionCase, of recorded: ScaleDecision?) -> [Counterfactual] {
        let own = given.decided()
        let restraint = recorded.flatMap { FleetRestraint(on: own, as: $0) }
        var results: [Counterfactual] = []
        func add(_ name: String, _ change: (inout ScalingPolicy) -> Void) {
            var policy = given.policy
            change(&policy)
            let desired = given.decided(by: policy).desired
            results.append(
                Counterfactual(name: name, desired: restraint?.count(insteadOf: desired) ?? desired))
        }
        add("without the windows") { policy in
            policy.behaviour.up.window = .zero
            policy.behaviour.down.window = .zero
        }
        add("without the velocity limits") { policy in
            policy.behaviour.up.limit = .none
            policy.behaviour.down.limit = .none
        }
        if given.policy.behaviour.flapBudget != nil {
            add("without the flap budget") { $0.behaviour.flapBudget = nil }
        }
        if given.policy.behaviour.changeCost != nil {
            add("if a change cost nothing") { $0.behaviour.changeCost = nil }
        }
        if given.policy.prediction != nil { add("without the forecast") { $0.prediction = nil } }
        if given.memory.account != nil {
            add("without the comparison with a reactive autoscaler") { $0.prediction?.premium = nil }
        }
        if given.policy.schedules != nil { add("without the schedules") { $0.schedules = nil } }
        if given.policy.pauses != nil { add("without the policy's pauses") { $0.pauses = nil } }
        for signal in given.policy.signals {
            add("by the signal \(signal.name) alone") { policy in
                policy.signals = [signal]
                if policy.prediction?.signal != signal.name { policy.prediction = nil }
            }
        }
        add("if signals that are not to be trusted held nothing") { policy in
            for index in policy.signals.indices {
                policy.signals[index].whenMissing = .ignore
                policy.signals[index].whenStale = .ignore
                policy.signals[index].whenNotFinite = .ignore
            }
            policy.partial = nil
            policy.suspectsZeroFor = nil
        }
        if restraint != nil {
            results.append(
                Counterfactual(name: "without the fleet's pauses and guards", desired: own.desired))
        }
        return results
    }
}

/// What pauses and guards of the fleet, of which a policy knows nothing, made of its decision. They hold any other decision
/// that it might have made as well.
private struct FleetRestraint {
    private let from: Int
    private var mayFall = true
    private var mayRise = true
    private var most = Int.max

    /// Nil where there were none.
    init?(on own: ScaleDecision, as recorded: ScaleDecision) {
        guard recorded.reasons.count > own.reasons.count, let reason = recorded.reasons.last else {
            return nil
        }
        from = recorded.from
        switch reason.kind {
        case .maximum: most = recorded.desired
        case .held: mayFall = false
        case .paused where own.desired == own.from || reason.isOfBothDirections:
            mayFall = false
            mayRise = false
        case .paused:
            mayFall = own.desired > own.from
            mayRise = own.desired < own.from
        default: return nil
        }
    }

    func count(insteadOf desired: Int) -> Int {
        if desired < from, !mayFall { return from }
        if desired > from, !mayRise { return from }
        return min(desired, most)
    }
}

extension ScaleDecision {
    /// Whether the count is to become what was decided; else it is recorded only.
    package var isInEffect: Bool { !reasons.contains { $0.kind == .shadow } }

    /// What keeps the count from being what was asked for: the last step that held or clamped it; nil where none did.
    package var binding: Reason? {
        reasons.last { reason in
            switch reason.kind {
            case .held, .stabilised, .rateLimited, .flapBudget, .changeCost, .paused, .minimum, .maximum,
                .schedule, .idle:
                reason.count == desired
            case .signal, .forecast, .forecastIdle, .headroom, .surge, .reference, .untrusted, .tolerance,
                .combined,
                .partial, .fallback,
                .sizing,
                .operatorRequest, .shadow:
                false
            }
        }
    }
}
