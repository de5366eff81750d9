import Glibc

/// How the policies of one backtest stand against each other, by SPEC's elasticity metrics (autoscaling.md 2.16).
struct BacktestCompetition {
    private let results: [BacktestPlan.Result]
    private static let metrics: [@Sendable (BacktestScore.SPEC) -> Double] = [
        { $0.thetaU }, { $0.thetaO }, { $0.tauU }, { $0.tauO }, { $0.ups },
    ]

    init(_ results: [BacktestPlan.Result]) { self.results = results }

    /// The share of all metrics in which it is better than another, over all others; a draw is half a win. Nil where
    /// there is no other.
    func kappa(_ index: Int) -> Double? {
        guard results.count > 1 else { return nil }
        let own = results[index].score.spec
        var wins = 0.0
        for (other, result) in results.enumerated() where other != index {
            for metric in Self.metrics {
                let (mine, theirs) = (metric(own), metric(result.score.spec))
                wins += mine < theirs ? 1 : mine == theirs ? 0.5 : 0
            }
        }
        return wins / Double((results.count - 1) * Self.metrics.count)
    }

    /// The elastic speed-up: the geometric mean of how much larger accuracy's and timeshare's metrics are with a fixed
    /// count. Nil where no fixed count is among the results, or a metric is zero.
    func epsilon(_ index: Int) -> Double? {
        guard let fixed = results.first(where: { $0.name == Comparator.fixed.rawValue }) else { return nil }
        let ratios = Self.metrics.prefix(4).map { $0(fixed.score.spec) / $0(results[index].score.spec) }
        guard ratios.allSatisfy({ $0.isFinite && $0 > 0 }) else { return nil }
        return exp(ratios.reduce(0) { $0 + log($1) } / Double(ratios.count))
    }
}
