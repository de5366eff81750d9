import TimeSeries

/// Notices that demand outruns what was foreseen of it: what a policy remembers of the time that a start takes.
package struct Surge: Hashable, Sendable, Codable {
    private struct Moment: Hashable, Sendable, Codable {
        var at: Timestamp
        /// In replicas, fractional.
        var demand: Double
        /// What the demand a start-up later was not to exceed.
        var limit: Double
    }

    /// Demand is no surge for being a little above a quantile. It has to be above it by this share at least, and so many
    /// times as far above the expectation, more where the risk, and with it the quantile, is an everyday one.
    private static let leastMargin = 0.1
    private static let leastReach = 1.3
    private static let reachPerRisk = 6.0
    /// Growth is what three neighbouring spans of this length have in common, so that neither noise nor a step, which is
    /// over once it is seen, goes on in the forecast.
    private static let span = Duration.seconds(30)
    private static let spans = 3
    /// What may come is at most so many times what is measured.
    private static let mostGrowth = 2.0

    /// Ascending in time.
    private var moments: [Moment] = []

    /// What a demand is not expected to exceed.
    /// - Parameter planned: the quantile of it at this risk, at least what is measured.
    static func limit(expected: Double, planned: Double, risk: Double) -> Double {
        max(expected + (leastReach + reachPerRisk * risk) * (planned - expected), (1 + leastMargin) * planned)
    }

    /// Takes in a demand and its limit a start-up from now.
    /// - Returns: what the demand may be once replicas that are started now are ready, if it goes on to grow as it does;
    ///   nil where it is within what was foreseen.
    mutating func take(_ demand: Double, limit: Double, leadTime: Duration, at now: Timestamp) -> Double? {
        moments.removeAll { now - $0.at > max(leadTime, Self.span * Self.spans * 2) || $0.at > now }
        defer {
            moments.append(Moment(at: now, demand: demand, limit: limit))
            if moments.count > ScalingMemory.maxRecommendations { moments.removeFirst() }
        }
        // What was foreseen for now is what was said a start-up ago, or soon after.
        guard let foreseen = moments.first(where: { now - $0.at <= leadTime }), demand > foreseen.limit else {
            return nil
        }
        let ahead = growth(to: demand, at: now) * leadTime.inSeconds
        return min(demand + ahead, demand * Self.mostGrowth)
    }

    /// A second, not below zero.
    private func growth(to demand: Double, at now: Timestamp) -> Double {
        var least = Double.infinity
        var (later, at) = (demand, now)
        for _ in 0..<Self.spans {
            guard let earlier = moments.last(where: { at - $0.at >= Self.span }) else { return 0 }
            least = min(least, (later - earlier.demand) / (at - earlier.at).inSeconds)
            (later, at) = (earlier.demand, earlier.at)
        }
        return max(0, least)
    }
}
