package import TimeSeries

/// How many replicas a policy wants, and why. A pure and total function: equal arguments yield equal results
/// on every machine (only + - x /, rounding and comparison), nothing is thrown, no clock is read.
///
/// The order of the steps is Kubernetes' (HorizontalPodAutoscaler v2) with a forecast before and a flap
/// budget behind: each signal proposes a count; the largest wins (or what the policy's combination says), and
/// nothing is removed while a signal is not to be trusted; activation decides between something and nothing; a
/// trusted forecast may raise it, and headroom stands for one that is not; minimum, maximum and schedules;
/// stabilisation windows; velocity limits; what a reactive autoscaler would hold, where the policy has lately been
/// worse than that; the flap budget and what a change costs; bounds again, and pauses.
/// - Parameters:
///   - memory: carried from decision to decision of the same policy; the change is already noted in it when
///     this returns (see `ScalingMemory.retract`).
///   - explains: whether there are reasons; the count does not depend on it, the time does.
package func decide(
    _ policy: ScalingPolicy, _ measurement: Measurement, counts: ReplicaCounts, memory: inout ScalingMemory,
    now: Timestamp, explains: Bool = true
) -> ScaleDecision {
    let current = policy.mode == .shadow ? memory.desired ?? counts.desired : counts.desired
    // What a dry run decides never happens: only what the real count does counts as a change.
    let isDryRun = policy.mode == .dryRun
    if isDryRun {
        memory.decided(from: memory.desired ?? current, to: current, at: now, keep: policy.memorySpan)
    }
    var deliberation = Deliberation(
        policy, counts: counts, current: max(0, current), now: now, explains: explains)
    deliberation.learn(measurement, &memory)
    deliberation.weigh(measurement, &memory)
    deliberation.settleActivity(&memory)
    deliberation.applyForecast(measurement, memory)
    deliberation.settleForecast(measurement, &memory)
    deliberation.applySchedules(measurement)
    deliberation.bound()
    deliberation.compareWithReference(measurement, &memory)
    deliberation.stabilise(&memory)
    deliberation.limitVelocity(memory)
    deliberation.lowerTowardsReference(memory)
    deliberation.waitForSize(memory)
    deliberation.spendFlapBudget(memory)
    deliberation.payForChange(&memory)
    deliberation.enforceBounds()
    deliberation.observePauses()
    deliberation.settleSize(measurement, &memory)
    if policy.isObserver {
        deliberation.note(
            .shadow, policy.mode.rawValue, "\(policy.mode.rawValue): recorded, nothing is changed")
    }
    if !isDryRun {
        memory.decided(
            from: deliberation.current, to: deliberation.count, at: now, keep: policy.memorySpan)
    }
    return ScaleDecision(
        policy: policy.name, workload: policy.workload, at: now, from: deliberation.current,
        desired: deliberation.count, reasons: deliberation.reasons, size: deliberation.size)
}

extension ScalingPolicy {
    /// How long a change of the count can matter: for limits, or to explain why series have ended.
    fileprivate var memorySpan: Duration {
        max(behaviour.longestPeriod, partial == nil ? .zero : Deliberation.removalSpan)
    }
}

extension ScalingBehaviour {
    /// How long limits need to know of a change.
    var longestPeriod: Duration {
        max(up.limit.longestPeriod, down.limit.longestPeriod, flapBudget?.period ?? .zero)
    }
}

extension VelocityLimit {
    fileprivate var longestPeriod: Duration {
        switch self {
        case .none, .blocked: .zero
        case .largest(let rates), .smallest(let rates): rates.reduce(.zero) { max($0, $1.period) }
        }
    }

    var rates: [Rate] {
        switch self {
        case .none, .blocked: []
        case .largest(let rates), .smallest(let rates): rates
        }
    }
}
