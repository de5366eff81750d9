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

    package init() {}

    /// Takes back what a decision added as a change, for a decision that did not take effect (paused, frozen,
    /// overruled). Windows keep their recommendations: those were measured.
    package mutating func retract(_ decision: ScaleDecision) {
        changes.removeAll { $0.at == decision.at && $0.from == decision.from && $0.to == decision.desired }
        desired = decision.from
    }

    var isFresh: Bool { maxima.isEmpty }

    /// Puts the present recommendation into both windows and drops what has left them. A clock that went back
    /// shortens no window: later entries count as of now.
    mutating func recommend(_ count: Int, at now: Timestamp, upWindow: Duration, downWindow: Duration) {
        maxima.removeAll { now - $0.at >= downWindow || downWindow <= .zero }
        minima.removeAll { now - $0.at >= upWindow || upWindow <= .zero }
        for index in maxima.indices where maxima[index].at > now { maxima[index].at = now }
        for index in minima.indices where minima[index].at > now { minima[index].at = now }
        while let last = maxima.last, last.count <= count { maxima.removeLast() }
        while let last = minima.last, last.count >= count { minima.removeLast() }
        maxima.append(Recommendation(at: now, count: count))
        minima.append(Recommendation(at: now, count: count))
        if maxima.count > Self.maxRecommendations {
            // Errs towards keeping replicas longer.
            maxima[1].count = maxima[0].count
            maxima.removeFirst()
        }
        if minima.count > Self.maxRecommendations { minima.removeFirst() }
    }

    mutating func decided(from: Int, to count: Int, at now: Timestamp, keep: Duration) {
        desired = count
        changes.removeAll { now - $0.at > keep }
        guard from != count else { return }
        changes.append(Change(at: now, from: from, to: count))
        if changes.count > Self.maxChanges { changes.removeFirst(changes.count - Self.maxChanges) }
    }

    /// The changes within a period before `now`.
    func changes(within period: Duration, of now: Timestamp) -> ArraySlice<Change> {
        let first = changes.firstIndex { now - $0.at < period } ?? changes.endIndex
        return changes[first...]
    }
}
