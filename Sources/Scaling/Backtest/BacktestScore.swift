import Glibc

/// What a controller did to a trace: what it cost, what it left unserved, how restless it was, and SPEC's
/// elasticity metrics (autoscaling.md 2.16, 3.2).
package struct BacktestScore: Hashable, Sendable {
    /// Demand that found no replica, in percent of all demand.
    package var unservedPercent = 0.0
    /// Ready replicas per replica needed.
    package var costRatio = 0.0
    package var adaptationsPerHour = 0.0
    package var reversalsPerHour = 0.0
    package var spec = SPEC()

    package struct SPEC: Hashable, Sendable {
        /// Mean missing and surplus replicas, in percent of the needed ones.
        package var thetaU = 0.0
        package var thetaO = 0.0
        /// Percent of the time with too few, and with too many.
        package var tauU = 0.0
        package var tauO = 0.0
        /// Percent of the time in which supply and demand move differently.
        package var ups = 0.0

        /// The deviation over all of them.
        package var sigma: Double {
            pow([thetaU, thetaO, tauU, tauO, ups].reduce(0) { $0 + pow($1, 5) }, 0.2)
        }
    }
}

/// Sums up a run, tick by tick.
struct BacktestTally {
    private var ticks = 0.0
    private var needed = 0.0
    private var supplied = 0.0
    private var missing = 0.0
    private var spec = BacktestScore.SPEC()
    private var adaptations = 0.0
    private var reversals = 0.0
    private var lastDirection = 0
    private var last: (demand: Int, supply: Int)?

    mutating func count(demand: Int, supply: Int) {
        ticks += 1
        needed += Double(demand)
        supplied += Double(supply)
        missing += Double(max(0, demand - supply))
        spec.thetaU += Double(max(0, demand - supply)) / Double(demand)
        spec.thetaO += Double(max(0, supply - demand)) / Double(demand)
        if demand > supply { spec.tauU += 1 }
        if supply > demand { spec.tauO += 1 }
        if let last, (supply - last.supply).signum() != (demand - last.demand).signum() { spec.ups += 1 }
        last = (demand, supply)
    }

    mutating func adapt(from: Int, to count: Int) {
        let direction = (count - from).signum()
        guard direction != 0 else { return }
        adaptations += 1
        if lastDirection == -direction { reversals += 1 }
        lastDirection = direction
    }

    func score(tickSeconds: Int) -> BacktestScore {
        guard ticks > 0, needed > 0 else { return BacktestScore() }
        let hours = ticks * Double(tickSeconds) / 3600
        let percent = 100 / ticks
        return BacktestScore(
            unservedPercent: 100 * missing / needed, costRatio: supplied / needed,
            adaptationsPerHour: adaptations / hours, reversalsPerHour: reversals / hours,
            spec: BacktestScore.SPEC(
                thetaU: spec.thetaU * percent, thetaO: spec.thetaO * percent, tauU: spec.tauU * percent,
                tauO: spec.tauO * percent, ups: spec.ups * percent))
    }
}
