import TimeSeries

/// What one trusted signal asks for.
///
/// A latency objective says that there is too little, not how much is missing, since latency is not
/// proportional to load. So it steps: above the objective in proportion, at most doubling what is ready;
/// between half the objective and the objective it keeps the count; below half it gives way to signals that
/// know the demand, and alone asks for a tenth less.
struct Proposal {
    /// Why a signal asks for no change.
    enum Calm {
        case deviation(Double)
        case met, noStep
    }

    var count: Int
    /// Set where the signal is so near its target that `count` is the present count.
    var calm: Calm?
    /// The signal would accept whatever the others ask for.
    var isNoObjection = false
    /// Replicas, fractional and before any tolerance, where the signal measures a demand.
    var demand: Double?
    private var step: SignalPolicy.Step?

    init(
        _ signal: SignalPolicy, _ value: Double, counts: ReplicaCounts, current: Int, policy: ScalingPolicy
    ) {
        switch signal.target {
        case .perReplica(let target):
            self.init(demand: value / target, base: current, current: current, policy: policy)
        case .backlog(let rate, let within):
            self.init(
                demand: value / (rate * within.inSeconds), base: current, current: current, policy: policy)
        case .mean(let target):
            self.init(mean: value, target: target, counts: counts, current: current, policy: policy)
        case .objective(let objective):
            self.init(latency: value, objective: objective, counts: counts, current: current, policy: policy)
        case .steps(let steps):
            self.init(steps: steps, value, counts: counts, current: current)
        }
    }

    /// - Parameters:
    ///   - demand: in replicas, fractional.
    ///   - base: the count that tolerance is measured against.
    init(demand: Double, base: Int, current: Int, policy: ScalingPolicy) {
        self.demand = demand
        // What cannot be divided changes nothing.
        count = demand.isFinite ? Replicas.covering(demand) : current
        guard demand.isFinite, base > 0, count != current else { return }
        let deviation = demand / Double(base) - 1
        let tolerance = deviation > 0 ? policy.behaviour.up.tolerance : policy.behaviour.down.tolerance
        // 0.66 / 0.6 is ten percent, whatever is left of it in binary.
        if abs(deviation) <= tolerance + 1e-9 {
            count = current
            calm = .deviation(abs(deviation))
        }
    }

    /// Kubernetes' treatment of replicas that are not ready yet: they count as idle when the signal asks for
    /// more, and not at all when it asks for less; a proposal that turns against its own direction is none.
    private init(
        mean: Double, target: Double, counts: ReplicaCounts, current: Int, policy: ScalingPolicy
    ) {
        let ratio = mean / target
        let ready = counts.ready
        guard ready > 0 else {
            self.init(demand: ratio, base: 0, current: current, policy: policy)
            count = max(count, current)
            return
        }
        let demand = ratio * Double(ready)
        let base = policy.mode == .shadow ? current : ratio > 1 ? ready + max(0, counts.starting) : ready
        self.init(demand: demand, base: base, current: current, policy: policy)
        guard policy.mode != .shadow else { return }
        count = ratio > 1 ? max(count, current) : min(count, current)
    }

    private init(
        latency: Double, objective: Double, counts: ReplicaCounts, current: Int, policy: ScalingPolicy
    ) {
        count = current
        let ratio = latency / objective
        guard ratio.isFinite else { return }
        if ratio > 1 + policy.behaviour.up.tolerance {
            let ready = counts.ready > 0 ? counts.ready : current
            count = max(current, Replicas.covering(Double(ready) * min(ratio, 2)))
        } else if ratio >= min(0.5, 1 - policy.behaviour.down.tolerance) {
            calm = .met
        } else {
            count = max(0, current - max(1, current / 10))
            isNoObjection = true
        }
    }

    private init(steps: [SignalPolicy.Step], _ value: Double, counts: ReplicaCounts, current: Int) {
        count = current
        step = steps.first { step in
            switch step.condition {
            case .above(let bound): value > bound
            case .below(let bound): value < bound
            }
        }
        guard let step else {
            calm = .noStep
            return
        }
        // What is still starting has been asked for by the same step before.
        let ready = counts.ready > 0 ? min(counts.ready, current) : current
        switch step.change {
        case .replicas(let change):
            let change = max(-Replicas.limit, min(change, Replicas.limit))
            count = change > 0 ? max(current, ready + change) : max(0, current + change)
        case .share(let share) where share > 0:
            count = max(current, ready + max(1, Replicas.covering(Double(ready) * share)))
        case .share(let share):
            count = max(0, current - max(1, Replicas.covering(Double(current) * -share)))
        }
    }

    /// What the signal says, in numbers with units.
    func text(_ signal: SignalPolicy, _ value: Double, ready: Int) -> String {
        let number = signal.unit.text(value)
        let text =
            switch signal.target {
            case .perReplica(let target): "\(number) at \(signal.unit.text(target)) each"
            case .backlog(let rate, let within):
                "\(number) to be worked off in \(within.prometheusText) at "
                    + "\(SignalPolicy.Unit.plain.text(rate))/s each"
            case .mean(let target): "\(number) on \(ready) ready, target \(signal.unit.text(target))"
            case .objective(let objective):
                "\(number), objective \(signal.unit.text(objective))\(isNoObjection ? ": ample" : "")"
            case .steps: step.map { "\(number) is \($0.text(signal.unit))" } ?? number
            }
        return switch calm {
        case nil: text
        case .deviation(let share): "\(text): \(SignalPolicy.Unit.share.text(share)) off target, tolerated"
        case .met: text + ": met"
        case .noStep: text + ": no step applies"
        }
    }
}

extension SignalPolicy.Step {
    func text(_ unit: SignalPolicy.Unit) -> String {
        let place =
            switch condition {
            case .above(let bound): "above \(unit.text(bound))"
            case .below(let bound): "below \(unit.text(bound))"
            }
        return switch change {
        case .replicas(let count): "\(place): \(count > 0 ? "+" : "")\(count)"
        case .share(let share): "\(place): \(share > 0 ? "+" : "")\(SignalPolicy.Unit.share.text(share))"
        }
    }
}
