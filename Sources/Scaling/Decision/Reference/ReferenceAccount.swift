import TimeSeries

/// What a policy has paid and left unserved lately beside a reactive autoscaler on the same demand: sums of
/// replica-time that fade. Both are reckoned alike, from desired counts and the time that a start takes, so that
/// nothing else tells.
package struct ReferenceAccount: Hashable, Sendable, Codable {
    /// What lies so far back counts by a third.
    private static let memorySeconds = 2.0 * 86_400
    /// What it begins with counts as if it had been so for this long: less would let a single peak decide, more would let
    /// a first day of waste or want go by.
    private static let beginningSeconds = 21_600.0
    /// Of a longer silence nothing is known.
    private static let longestStep = Duration.seconds(300)
    /// From so much below the cost that is allowed up to that, excess grows from nothing to all. It begins at
    /// nothing, as if the policy had been so much cheaper before.
    private static let margin = 0.04
    /// How many times less than the reference a policy has to leave unserved to earn its whole premium.
    private static let fullAdvantage = 4.0
    /// And while its model is young, when what no model has foreseen yet is still in the account.
    private static let fullAdvantageOfYouth = 2.0
    /// A premium is paid for foresight: in full where the forecast by itself leaves no more than this share of the
    /// demand unserved, and not at all from twice that on.
    private static let fullForesight = 0.003
    /// As a share of the demand: two that leave less are alike.
    private static let leastShortage = 0.0001
    /// What a plan leaves unserved by its own word, as a share of the demand and of its risk.
    private static let shortagePerRisk = 0.02
    /// Beyond that, lack grows from nothing to all within so much more.
    private static let fullLack = 0.005

    package private(set) var reference: ReactiveReference
    private var at: Timestamp
    /// What either desired within the time that a start takes: the least of it is ready.
    private var ownMinima: [ScalingMemory.Recommendation] = []
    private var referenceMinima: [ScalingMemory.Recommendation] = []
    /// Replica-seconds that were ready, needed and missing.
    private var ownSupply: Double
    private var referenceSupply: Double
    private var demanded: Double
    private var ownMissing = 0.0
    private var referenceMissing = 0.0
    /// Nil in memories of before, which know of none.
    private var plan: Plan?
    /// How far back the account reaches: what it begins with and what has been since, up to `memorySeconds`. Nil in memories
    /// of before, which reach as far from the first.
    private var reachSeconds: Double?

    /// What the forecast asks for by itself: what the policy holds tells less of foresight, since limits and this
    /// very comparison have a part in it.
    private struct Plan: Hashable, Sendable, Codable {
        var minima: [ScalingMemory.Recommendation] = []
        var missing = 0.0
    }

    init(count: Int, at now: Timestamp) {
        reference = ReactiveReference(desired: count)
        at = now
        reachSeconds = Self.beginningSeconds
        demanded = Double(max(1, count)) * Self.beginningSeconds
        ownSupply = demanded * (1 - Self.margin)
        referenceSupply = demanded
    }

    /// Ready replica-time, own by the reference's.
    package var costRatio: Double { ownSupply / referenceSupply }
    /// The share of the demand that was left unserved.
    package var ownShortage: Double { ownMissing / demanded }
    package var referenceShortage: Double { referenceMissing / demanded }
    /// What the forecast by itself would have left.
    package var foreseenShortage: Double { (plan?.missing ?? 0) / demanded }

    /// - Parameters:
    ///   - demand: of the predicted signal, in replicas, fractional.
    ///   - asked: what all signals ask for as they are.
    ///   - planned: what the forecast asks for, in replicas, fractional.
    ///   - current: what the policy has desired since the last step.
    ///   - leadTime: how long a start takes.
    mutating func step(
        demand: Double, asked: Int, planned: Double, current: Int, leadTime: Duration,
        bounds: ClosedRange<Int>, at now: Timestamp
    ) {
        var plan = self.plan ?? Plan()
        // Taken out and not copied.
        self.plan = nil
        defer { self.plan = plan }
        let wanted = max(bounds.lowerBound, min(max(Replicas.covering(planned), asked), bounds.upperBound))
        let plannedReady = plan.minima.slide(adding: wanted, at: now, window: leadTime, <)
        let ownReady = ownMinima.slide(adding: current, at: now, window: leadTime, <)
        let referenceReady = referenceMinima.slide(adding: reference.desired, at: now, window: leadTime, <)
        plan.minima.limit(to: ScalingMemory.maxRecommendations)
        ownMinima.limit(to: ScalingMemory.maxRecommendations)
        referenceMinima.limit(to: ScalingMemory.maxRecommendations)
        reference.step(demand: demand, asked: asked, bounds: bounds, at: now)
        let elapsed = now - at
        at = now
        let needed = Replicas.covering(demand)
        // While there is nothing to do and nothing is kept for it, there is nothing to compare.
        guard elapsed > .zero, elapsed <= Self.longestStep, needed + ownReady + referenceReady > 0 else {
            return
        }
        let seconds = elapsed.inSeconds
        let reach = min((reachSeconds ?? Self.memorySeconds) + seconds, Self.memorySeconds)
        reachSeconds = reach
        let kept = 1 - seconds / reach
        demanded = demanded * kept + Double(needed) * seconds
        ownSupply = ownSupply * kept + Double(ownReady) * seconds
        referenceSupply = referenceSupply * kept + Double(referenceReady) * seconds
        ownMissing = ownMissing * kept + Double(max(0, needed - ownReady)) * seconds
        referenceMissing = referenceMissing * kept + Double(max(0, needed - referenceReady)) * seconds
        plan.missing =
            plan.missing * kept + Double(max(0, min(needed, bounds.upperBound) - plannedReady)) * seconds
    }

    /// How far forecasts have been right, from 0 to 1.
    var foresight: Double { Self.share(2 - foreseenShortage / Self.fullForesight) }

    /// How dear the policy has been, from 0 to 1. It is allowed the reference's cost and the part of the premium
    /// that it earns by leaving less unserved, which has to be due to foresight; while its model is young, of which the
    /// account tells nothing, whatever it is due to.
    func excess(premium: Double, isYoung: Bool = false) -> Double {
        let full = isYoung ? Self.fullAdvantageOfYouth : Self.fullAdvantage
        let advantage = (referenceShortage + Self.leastShortage) / (ownShortage + Self.leastShortage)
        let earned = Self.share((advantage - 1) / (full - 1)) * (isYoung ? 1 : foresight)
        return Self.share((costRatio - 1 - premium * earned + Self.margin) / Self.margin)
    }

    /// How much more than the reference the policy has left unserved, from 0 to 1, beyond what its risk implies.
    func lack(risk: Double) -> Double {
        Self.share((ownShortage - referenceShortage - Self.shortagePerRisk * risk) / Self.fullLack)
    }

    private static func share(_ value: Double) -> Double { max(0, min(1, value)) }
}

extension ReferenceAccount: ClockBound {
    package mutating func clockStepped(by step: Duration) {
        reference.clockStepped(by: step)
        at += step
        ownMinima.clockStepped(by: step)
        referenceMinima.clockStepped(by: step)
        plan?.minima.clockStepped(by: step)
    }
}
