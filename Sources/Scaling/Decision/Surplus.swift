import TimeSeries

/// What replicas that are not asked for any more have cost since they were last asked for, or since the count last changed.
///
/// Whoever pays for keeping as long as that comes to less than giving up and getting back pays at most twice what the best
/// choice would have cost, whatever comes (Karlin, Manasse, Rudolph and Sleator, "Competitive snoopy caching", 1988).
struct Surplus: Hashable, Sendable, Codable {
    /// The count that it is too much of.
    private(set) var count: Int
    /// How many of them are too many since the last look.
    private var replicas = 0
    private var at: Timestamp
    /// Replica-seconds.
    private(set) var seconds = 0.0

    init(of count: Int, at now: Timestamp) {
        self.count = count
        at = now
    }

    mutating func take(_ replicas: Int, at now: Timestamp) {
        seconds += Double(self.replicas) * max(0, (now - at).inSeconds)
        self.replicas = replicas
        at = now
    }

    /// How long it takes until it comes to a cost.
    func time(to cost: Duration) -> Duration {
        .seconds(max(0, cost.inSeconds - seconds) / Double(max(1, replicas)))
    }
}

extension Surplus: ClockBound {
    mutating func clockStepped(by step: Duration) { at += step }
}

extension Deliberation {
    /// Keeps the count until what is too much has cost as much as a change.
    mutating func payForChange(_ memory: inout ScalingMemory) {
        guard let cost = policy.behaviour.changeCost, count < current else { return memory.surplus = nil }
        var surplus =
            memory.surplus.flatMap { $0.count == current ? $0 : nil } ?? Surplus(of: current, at: now)
        let less = current - count
        surplus.take(less, at: now)
        memory.surplus = surplus
        guard surplus.seconds < cost.inSeconds else { return }
        count = current
        let paid = Duration.seconds(surplus.seconds.rounded())
        note(
            .changeCost, "change_cost",
            "\(less) too many \(less == 1 ? "has" : "have") cost \(paid.prometheusText) of a replica so far, "
                + "a change costs \(cost.prometheusText)",
            until: now + surplus.time(to: cost))
    }
}
