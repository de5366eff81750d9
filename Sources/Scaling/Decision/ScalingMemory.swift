package import TimeSeries

/// What a policy remembers between decisions: the recommendations of its windows and its recent changes. A
/// fold over the measurements, journaled with them, and bounded: it holds what can still matter and at most
/// `maxRecommendations` and `maxChanges` entries.
package struct ScalingMemory: Hashable, Sendable, Codable {
    package struct Recommendation: Hashable, Sendable, Codable {
        package var at: Timestamp
        package var count: Int
    }

    package struct Change: Hashable, Sendable, Codable {
        package var at: Timestamp
        package var from: Int
        package var to: Int
    }

    package static let maxRecommendations = 256
    package static let maxChanges = 512

    /// For the down window: ascending in time, strictly descending in count. What a later, larger
    /// recommendation covers can never again be the maximum and is dropped.
    package private(set) var maxima: [Recommendation] = []
    /// For the up window: ascending in time, strictly ascending in count.
    package private(set) var minima: [Recommendation] = []
    /// Ascending in time.
    package private(set) var changes: [Change] = []
    /// What the policy decided last; a shadow policy goes on from there.
    package private(set) var desired: Int?
    package private(set) var changedAt: Timestamp?
    /// When a signal was above its activation last; nil for a policy that never keeps nothing.
    package private(set) var activeAt: Timestamp?
    /// By name; nil where the policy asks for nothing that needs it.
    package private(set) var signals: [SignalMemory]?
    /// What replicas were seen to serve, where a policy learns it.
    package private(set) var curve: CapacityCurve?

    /// When replicas were starting last, or fewer ready than desired, where a policy learns what they serve.
    private var unsettledAt: Timestamp?

    /// What replicas were seen to use, where a policy sizes them, and when their size changed last.
    package var sizes: SizeMemory?
    package private(set) var resizedAt: Timestamp?

    /// How the policy stands beside a reactive autoscaler; nil where it is compared with none.
    package var account: ReferenceAccount?

    /// What was foreseen of the predicted signal lately; nil where none is predicted.
    package var surge: Surge?

    /// What is too much, and has cost so far; nil where nothing is, or a change costs nothing.
    var surplus: Surplus?

    /// The last trusted reading of one signal.
    package struct SignalMemory: Hashable, Sendable, Codable {
        package var name: String
        package var at: Timestamp
        package var value: Double
        /// Since when it is exactly zero, where it fell there from what needed two replicas or more.
        package var zeroSince: Timestamp?
    }

    package init() {}

    /// Takes back what a decision added as a change, for a decision that did not take effect (paused, frozen,
    /// overruled). Windows keep their recommendations: those were measured.
    package mutating func retract(_ decision: ScaleDecision) {
        changes.removeAll { $0.at == decision.at && $0.from == decision.from && $0.to == decision.desired }
        desired = decision.from
        if changedAt == decision.at { changedAt = changes.last?.at }
    }

    var isFresh: Bool { maxima.isEmpty }

    mutating func resized(at now: Timestamp) { resizedAt = now }

    mutating func wasActive(at now: Timestamp) { activeAt = now }

    func signal(_ name: String) -> SignalMemory? { signals?.first { $0.name == name } }

    mutating func remember(_ signal: SignalMemory) {
        if let index = signals?.firstIndex(where: { $0.name == signal.name }) {
            signals?[index] = signal
        } else {
            signals = ((signals ?? []) + [signal]).sorted { $0.name < $1.name }
        }
    }

    /// Takes in that a replica answered within `latency` under `load`.
    /// - Parameters:
    ///   - expected: the load that is written for a replica.
    ///   - objective: what the latency is to stay below.
    mutating func learn(
        load: Double, latency: Double, expected: Double, objective: Double, at now: Timestamp
    ) {
        guard load.isFinite, latency.isFinite, load > 0, latency >= 0, expected > 0, expected.isFinite else {
            return
        }
        if curve?.expected != expected { curve = CapacityCurve(expected: expected) }
        curve?.take(load: load, latency: latency, objective: objective, at: now)
    }

    mutating func wasUnsettled(at now: Timestamp) { unsettledAt = now }

    /// Whether the count has been steady and all of it ready for so long.
    func isSettled(for time: Duration, at now: Timestamp) -> Bool {
        [changedAt, unsettledAt].allSatisfy { $0.map { now - $0 >= time } ?? true }
    }

    /// What one replica serves by what the policy's signal has learned, within a quarter and four times of what is
    /// written; nil where none learns, or not enough was seen.
    package func learnedShare(_ policy: ScalingPolicy) -> Double? {
        guard let curve, let signal = policy.signals.first(where: { $0.learnsFrom != nil }),
            let source = signal.learnsFrom, case .perReplica(let written) = signal.target,
            case .objective(let objective)? = policy.signal(source)?.target, curve.expected == written,
            let capacity = curve.capacity(meeting: objective), capacity.isTrusted, capacity.load.isFinite
        else { return nil }
        return max(written / CapacityCurve.reach, min(capacity.load, written * CapacityCurve.reach))
    }

    /// Puts the present recommendation into both windows and drops what has left them.
    mutating func recommend(_ count: Int, at now: Timestamp, upWindow: Duration, downWindow: Duration) {
        maxima.slide(adding: count, at: now, window: downWindow, >)
        minima.slide(adding: count, at: now, window: upWindow, <)
        maxima.limit(to: Self.maxRecommendations)
        if minima.count > Self.maxRecommendations { minima.removeFirst() }
    }

    mutating func decided(from: Int, to count: Int, at now: Timestamp, keep: Duration) {
        desired = count
        changes.removeAll { now - $0.at > keep }
        guard from != count else { return }
        changedAt = now
        changes.append(Change(at: now, from: from, to: count))
        if changes.count > Self.maxChanges { changes.removeFirst(changes.count - Self.maxChanges) }
    }

    /// The changes within a period before `now`.
    func changes(within period: Duration, of now: Timestamp) -> ArraySlice<Change> {
        let first = changes.firstIndex { now - $0.at < period } ?? changes.endIndex
        return changes[first...]
    }
}

extension ScalingMemory: ClockBound {
    package mutating func clockStepped(by step: Duration) {
        maxima.clockStepped(by: step)
        minima.clockStepped(by: step)
        changes.clockStepped(by: step)
        changedAt.clockStepped(by: step)
        activeAt.clockStepped(by: step)
        signals.clockStepped(by: step)
        curve.clockStepped(by: step)
        unsettledAt.clockStepped(by: step)
        sizes.clockStepped(by: step)
        resizedAt.clockStepped(by: step)
        account.clockStepped(by: step)
        surge.clockStepped(by: step)
        surplus.clockStepped(by: step)
    }
}

extension ScalingMemory.Recommendation: ClockBound {
    package mutating func clockStepped(by step: Duration) { at += step }
}

extension ScalingMemory.Change: ClockBound {
    package mutating func clockStepped(by step: Duration) { at += step }
}

extension ScalingMemory.SignalMemory: ClockBound {
    package mutating func clockStepped(by step: Duration) {
        at += step
        zeroSince.clockStepped(by: step)
    }
}
