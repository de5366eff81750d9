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
    /// The policy's bounds, made possible where they are not.
    let bounds: ClosedRange<Int>
    var count: Int
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
