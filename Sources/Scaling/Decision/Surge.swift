import TimeSeries

/// Notices that demand outruns what was foreseen of it, or falls far below: what a policy remembers of the time that a start
/// takes.
package struct Surge: Hashable, Sendable, Codable {
    private struct Moment: Hashable, Sendable, Codable {
        var at: Timestamp
        /// In replicas, fractional.
        var demand: Double
        /// What the demand a start-up later was not to exceed.
        var limit: Double
        /// And not to fall below; nil in memories of before, which know of none.
        var floor: Double?
    }

    private struct Level: Hashable, Sendable, Codable {
        var since: Timestamp
        /// What was foreseen when the surge began that led there.
        var before: Double
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

    /// What is measured is some time old when it is known, and what is decided next comes some time later.
    private static let reaction = Duration.seconds(60)

    /// For so long at least a fall that was not foreseen may be a wrong measurement, and a surge that is not seen any more go
    /// on: until the next measurement, where that takes longer.
    private static let leastDoubt = Duration.seconds(60)
    /// Below this share of the least that was foreseen, what is missing is likelier to be what brings the demand than the
    /// demand itself.
    private static let outage = 0.25
    /// An outage that has lasted for so much of the patience with it is none of a moment.
    private static let lastingShare = 3

    /// A surge that has come to so many times what was foreseen when it began leads to a level that the model knows
    /// nothing of,
    private static let newLevel = 1.5
    /// until so long has passed without another one: as long as it takes to be fitted to some of it.
    private static let learning = Duration.seconds(2 * 3600)

    private static func doubt(_ interval: Duration) -> Duration { max(leastDoubt, interval * 5 / 4) }

    /// Ascending in time.
    private var moments: [Moment] = []
    /// Since when demand is below what was foreseen.
    private var lapsedAt: Timestamp?
    /// Since when it is so far below it that an outage is likelier. Nil in memories of before, as are the next.
    private var outageAt: Timestamp?
    /// The demand before that.
    private var interruptedDemand: Double?
    /// When demand was above what was foreseen last.
    private var outranAt: Timestamp?
    /// What was foreseen, and not to be exceeded, when the surge that goes on began. Nil in memories of before, as are the next.
    private var surgedFrom: Double?
    /// The level that demand is on, where nothing foresaw it.
    private var level: Level?

    /// What a demand is not expected to exceed.
    /// - Parameter planned: the quantile of it at this risk, at least what is measured.
    static func limit(expected: Double, planned: Double, risk: Double) -> Double {
        max(expected + (leastReach + reachPerRisk * risk) * (planned - expected), (1 + leastMargin) * planned)
    }

    /// Whether demand has just fallen below what was foreseen: so few measurements are no reason to remove anything.
    /// - Parameters:
    ///   - interval: between measurements.
    ///   - patience: for how long an outage is expected to last at most.
    func hasJustLapsed(at now: Timestamp, interval: Duration, patience: Duration = .zero) -> Bool {
        guard let lapsedAt, lapsedAt <= now else { return false }
        let doubt = Self.doubt(interval)
        return now - lapsedAt < (outageAt == nil ? doubt : max(doubt, patience))
    }

    /// Whether demand is below what was foreseen.
    var isBelowForeseen: Bool { lapsedAt != nil }

    /// Whether demand is on a level that the model has not learned: its quantiles are of what was before, and a fall within
    /// them is none to go by.
    var isOnNewLevel: Bool { level != nil }

    /// Whether demand was above what was foreseen within so long.
    func hasOutrun(within time: Duration, of now: Timestamp) -> Bool {
        outranAt.map { $0 <= now && now - $0 <= time } ?? false
    }

    /// The demand before an outage that has lasted, as long as there is patience with it.
    func interrupted(at now: Timestamp, patience: Duration) -> Double? {
        guard let outageAt, let interruptedDemand, now - outageAt >= patience / Self.lastingShare,
            now - outageAt < patience
        else { return nil }
        return interruptedDemand
    }

    /// Takes in a demand, what it is expected to be a start-up from now and its limit then.
    /// - Parameters:
    ///   - interval: between measurements.
    ///   - patience: for how long an outage is expected to last at most.
    /// - Returns: what the demand may be once replicas that are started now are ready, if it goes on to grow as it does;
    ///   nil where it is, and has been for a minute, within what was foreseen.
    mutating func take(
        _ demand: Double, expected: Double, limit: Double, leadTime: Duration, interval: Duration,
        patience: Duration = .zero, at now: Timestamp
    ) -> Double? {
        let kept = max(leadTime, Self.span * Self.spans * 2, interval * (Self.spans + 1))
        moments.removeAll { now - $0.at > kept || $0.at > now }
        var moment = Moment(at: now, demand: demand, limit: limit, floor: expected * min(1, expected / limit))
        defer {
            moments.append(moment)
            if moments.count > ScalingMemory.maxRecommendations { moments.removeFirst() }
        }
        // What was foreseen for now is what was said a start-up ago, or soon after; at the measurement before, where that is
        // longer ago.
        let ago = max(leadTime, interval * 5 / 4)
        guard let foreseen = moments.first(where: { now - $0.at <= ago }) else { return nil }
        let interrupted = interruptedDemand
        if let floor = foreseen.floor, demand < floor {
            lapsedAt = lapsedAt ?? now
            // What a surge has brought goes as it came.
            let isCalm = !hasOutrun(within: patience, of: now)
            if demand < Self.outage * floor, isCalm, outageAt == nil {
                outageAt = now
                interruptedDemand = foreseen.demand
            }
            // What is foreseen from such a demand on is no measure of whether it comes back.
            moment.limit = max(limit, foreseen.limit)
            moment.floor = floor
        } else if outageAt != nil || !hasJustLapsed(at: now, interval: interval) {
            lapsedAt = nil
            outageAt = nil
            interruptedDemand = nil
        }
        if demand > foreseen.limit {
            outranAt = now
            surgedFrom = surgedFrom ?? max(foreseen.limit, interrupted ?? 0)
        }
        settleLevel(demand, interval: interval, at: now)
        guard let outranAt, outranAt <= now, now - outranAt <= Self.doubt(interval) else {
            surgedFrom = nil
            return nil
        }
        let ahead = growth(to: demand, at: now) * (leadTime + Self.reaction).inSeconds
        return min(demand + ahead, demand * Self.mostGrowth)
    }

    /// Whether demand is on a level that the model knows nothing of, and when it is no longer.
    private mutating func settleLevel(_ demand: Double, interval: Duration, at now: Timestamp) {
        if level == nil, let surgedFrom, demand > Self.newLevel * surgedFrom {
            level = Level(since: now, before: surgedFrom)
        }
        guard let level else { return }
        let last = max(level.since, outranAt ?? level.since)
        let isBack = demand < (1 + Self.newLevel) / 2 * level.before
        if isBack && !hasJustLapsed(at: now, interval: interval) || last > now || now - last > Self.learning {
            self.level = nil
        }
    }

    /// A second; nothing where the spans do not have at least half of the largest in common.
    private func growth(to demand: Double, at now: Timestamp) -> Double {
        var (least, most) = (Double.infinity, 0.0)
        var (later, at) = (demand, now)
        for _ in 0..<Self.spans {
            guard let earlier = moments.last(where: { at - $0.at >= Self.span }) else { return 0 }
            let rate = (later - earlier.demand) / (at - earlier.at).inSeconds
            (least, most) = (min(least, rate), max(most, rate))
            (later, at) = (earlier.demand, earlier.at)
        }
        return least < most / 2 ? 0 : least
    }
}

extension Surge: ClockBound {
    package mutating func clockStepped(by step: Duration) {
        for index in moments.indices { moments[index].at += step }
        lapsedAt.clockStepped(by: step)
        outageAt.clockStepped(by: step)
        outranAt.clockStepped(by: step)
        level?.since += step
    }
}
