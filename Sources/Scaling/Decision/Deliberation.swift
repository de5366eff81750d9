import Fleet
import TimeSeries

/// A decision in the making: the count so far and the reasons that led there. Each step is in a file of its
/// own.
struct Deliberation {
    let policy: ScalingPolicy
    let counts: ReplicaCounts
    /// What the count was before.
    let current: Int
    let now: Timestamp
    /// Whether reasons are noted.
    let explains: Bool
    /// The policy's bounds, made possible where they are not, and narrowed by schedules.
    var bounds: ClosedRange<Int>
    /// No step lowers the count below this: what partial signals may do in one decision.
    var floor = 0
    /// Of totals that only a share of their sources report, that share, where they may remove replicas all the same.
    var reported: [String: Double] = [:]
    /// What the signals ask for as they are measured, before forecasts and bounds.
    var asked: Int
    var count: Int
    /// What one replica should have, where that changes.
    var size: ReplicaSize?
    /// What the signals say about activity; see `settleActivity`.
    var activity = Activity()
    /// What may still be needed is foreseen: that stands in for the window of scale-in.
    var isForeseen = false
    /// Forecasts have lately been right, and demand is as they said: a limit of scale-in is for those who do not know what
    /// comes back.
    var isForesightProven = false
    /// What other signals than the predicted one ask for beside it where the policy adds its signals up, in replicas.
    var beside = 0.0
    /// What the forecast, or headroom in its place, asks for by itself, in replicas.
    var planned: Double?
    /// Nothing was to be done for long enough: the count may fall to nothing past the window.
    var isIdle = false
    /// How the policy stands beside a reactive autoscaler.
    var standing: Standing?
    var reasons: [ScaleDecision.Reason] = []

    init(_ policy: ScalingPolicy, counts: ReplicaCounts, current: Int, now: Timestamp, explains: Bool) {
        self.policy = policy
        self.counts = counts
        self.current = current
        self.now = now
        self.explains = explains
        let lowest = max(0, min(policy.minReplicas, Replicas.limit))
        bounds = lowest...max(lowest, min(policy.maxReplicas, Replicas.limit))
        count = current
        asked = current
    }

    mutating func note(
        _ kind: ScaleDecision.Reason.Kind, _ subject: String, _ text: @autoclosure () -> String,
        count: Int? = nil, until: Timestamp? = nil
    ) {
        guard explains else { return }
        reasons.append(
            ScaleDecision.Reason(
                kind: kind, subject: subject, count: count ?? self.count, text: text(), until: until))
    }

    /// Keeps what the signals ask for within the policy's bounds.
    mutating func bound() {
        let asked = count
        let bounds = bounds
        count = max(bounds.lowerBound, min(asked, bounds.upperBound))
        if asked > count {
            note(.maximum, "replicas", "at most \(bounds.upperBound) are allowed, \(asked) were asked for")
        } else if asked < count {
            note(.minimum, "replicas", "at least \(bounds.lowerBound) are kept, \(asked) would do")
        }
    }

    /// Schedules narrow the policy's bounds and never leave them; where they contradict, more wins over less, and the
    /// first exact count over all.
    mutating func applySchedules(_ measurement: Measurement) {
        guard measurement.policy == policy.name else { return }
        let written = bounds
        func clamped(_ count: Int) -> Int { max(written.lowerBound, min(count, written.upperBound)) }
        let active = policy.active(measurement)
        for (schedule, until) in active {
            guard let exactly = schedule.exactly else { continue }
            let kept = clamped(exactly)
            bounds = kept...kept
            let outside = kept == exactly ? "" : "; \(exactly) is outside of the policy's bounds"
            note(.schedule, schedule.name, "keeps exactly \(kept)\(outside)", count: kept, until: until)
            return
        }
        let least = active.compactMap { $0.schedule.least.map(clamped) }.max() ?? written.lowerBound
        let most = active.compactMap { $0.schedule.most.map(clamped) }.min() ?? written.upperBound
        bounds = least...max(least, most)
        let narrowed = bounds
        for (schedule, until) in active {
            let raises = least > written.lowerBound && schedule.least.map(clamped) == least
            let lowers =
                narrowed.upperBound < written.upperBound
                && schedule.most.map(clamped) == narrowed.upperBound
            guard raises || lowers else { continue }
            let kept = max(narrowed.lowerBound, min(count, narrowed.upperBound))
            note(
                .schedule, schedule.name, "keeps \(narrowed.lowerBound) to \(narrowed.upperBound)",
                count: kept, until: until)
        }
    }

    /// A count outside the bounds returns at once, whatever windows and limits say: bounds are a person's
    /// word.
    mutating func enforceBounds() {
        let bounds = bounds
        guard !bounds.contains(count) else { return }
        let isBelow = count < bounds.lowerBound
        count = isBelow ? bounds.lowerBound : bounds.upperBound
        note(
            isBelow ? .minimum : .maximum, "replicas",
            "the bounds are \(bounds.lowerBound) to \(bounds.upperBound), which no window or limit delays")
    }

    /// A pause holds the count whatever asks for another, bounds included.
    mutating func observePauses() {
        guard let pauses = policy.pauses else { return }
        for pause in pauses where pause.holds(from: current, to: count, at: now) {
            count = current
            note(
                .paused, pause.direction.map { "\($0.rawValue)wards" } ?? "policy",
                "by \(pause.owner): \(pause.reason)", until: pause.until)
        }
    }
}

/// Numbers to counts.
enum Replicas {
    /// More than any fleet; keeps sums far from overflow.
    static let limit = 1_000_000_000

    /// The whole replicas that cover a fractional number of them. A hair above a whole number (a relative
    /// 1e-9, what summation leaves behind) is that whole number.
    static func covering(_ amount: Double) -> Int {
        let whole = (amount - abs(amount) * 1e-9).rounded(.up)
        return max(0, min(Int(clamping: whole) ?? 0, limit))
    }

    /// As `covering`, rounded down.
    static func within(_ amount: Double) -> Int {
        let whole = (amount + abs(amount) * 1e-9).rounded(.down)
        return max(0, min(Int(clamping: whole) ?? 0, limit))
    }
}
