/// What planning for a quantile would have cost in the backtest, and what it would have left short, beside fixed
/// headroom over the last value. Both are shares of the mean level.
///
/// A calibrated quantile of something wild is calibrated and dear. What costs more than headroom as people set
/// it has to leave far less short; else a lower quantile is the better bargain.
struct Economy: Sendable {
    /// What may be planned for on average without having to prove anything.
    static let modestCost = 1.2
    /// What is too dear whatever it buys.
    static let highestCost = 1.75
    /// How many times less than fixed headroom the dearest quantile has to leave short.
    static let leastAdvantage = 4.0
    /// The headroom it is measured by: utilisation at 60 % of a limit that is reached at 80 %.
    static let fixedHeadroom = 1.0 / 3
    private static let levels = [
        0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.965, 0.975, 0.985, 0.99, 0.995, 0.999,
    ]

    private var costs: [Double] = []
    private var shortages: [Double] = []
    private var fixedShortage = 0.0

    init() {}

    /// - Parameter levels: the value at the moment of each forecast.
    init(
        _ residuals: Residuals, _ actual: [Double], _ forecasts: [Double], _ scales: [Double],
        levels: [Double]
    ) {
        let total = levels.reduce(0) { $0 + abs($1) }
        guard total > 0, !actual.isEmpty, forecasts.count == actual.count else { return }
        for (value, level) in zip(actual, levels) {
            fixedShortage += max(0, value - level * (1 + Self.fixedHeadroom))
        }
        fixedShortage /= total
        for quantile in Self.levels {
            var cost = 0.0
            var shortage = 0.0
            let margin = residuals.margin(quantile)
            for index in actual.indices {
                let planned = max(
                    residuals.moved(forecasts[index], by: margin, scale: scales[index]), levels[index])
                cost += planned
                shortage += max(0, actual[index] - planned)
            }
            costs.append(cost / total)
            shortages.append(shortage / total)
        }
    }

    /// The quantile itself where it is worth its cost, else the highest one below it that is.
    func worthwhile(_ quantile: Double) -> Double {
        guard !costs.isEmpty, quantile > Self.levels[0] else { return quantile }
        if isWorthwhile(quantile) { return quantile }
        return Self.levels.last { $0 < quantile && isWorthwhile($0) } ?? Self.levels[0]
    }

    private func isWorthwhile(_ quantile: Double) -> Bool {
        let shortage = interpolated(shortages, quantile)
        // In between in proportion, so that the plan does not jump from fit to fit.
        let advantage = shortage > 0 ? fixedShortage / shortage : fixedShortage > 0 ? .infinity : 0
        let share = min(max((advantage - 1) / (Self.leastAdvantage - 1), 0), 1)
        return interpolated(costs, quantile) <= Self.modestCost + share * (Self.highestCost - Self.modestCost)
    }

    private func interpolated(_ table: [Double], _ quantile: Double) -> Double {
        guard let above = Self.levels.firstIndex(where: { $0 >= quantile }) else {
            return table[table.count - 1]
        }
        guard above > 0 else { return table[0] }
        let below = Self.levels[above - 1]
        let share = (quantile - below) / (Self.levels[above] - below)
        return table[above - 1] + share * (table[above] - table[above - 1])
    }
}
