/// Forecasts a series step by step: the median of an ensemble, with intervals from the errors of a backtest
/// in which models that have not seen its last part forecast it from several moments.
package struct PathForecaster: Sendable {
    /// Backtests start at no more moments than this.
    static let maxOrigins = 24
    /// No more than so many values are forecast in a backtest; beyond, the last errors hold.
    static let maxBacktestHorizon = 512
    static let leastValues = 10

    package let periods: [Int]
    private let series: RegularSeries
    private let stepSeconds: Double?

    /// Nil where there are fewer than ten values.
    /// - Parameters:
    ///   - values: on a regular grid, oldest first; NaN is a gap.
    ///   - periods: the seasons, where they are known.
    package init?(_ values: [Double], stepSeconds: Double? = nil, periods known: [Int]? = nil) {
        guard let series = RegularSeries(values), series.isPresent.count(where: { $0 }) >= Self.leastValues
        else {
            return nil
        }
        self.series = series
        self.stepSeconds = stepSeconds
        let found = known ?? Seasonality.periods(of: series, stepSeconds: stepSeconds)
        periods = Self.completed(found, count: series.count)
    }

    /// Seven of a season make a week where it is a day; with two and a half weeks of history it is worth a
    /// look even where it does not stand out.
    private static func completed(_ found: [Int], count: Int) -> [Int] {
        let usable = found.filter { $0 >= 2 && count >= 2 * $0 }
        guard usable.count == 1, usable[0] >= 4, count * 2 >= 7 * usable[0] * 5 else { return usable }
        return [usable[0], 7 * usable[0]]
    }

    package func forecast(horizon: Int, quantiles: [Double]) -> Forecast {
        let ensemble = Ensemble(series, periods: periods)
        let mean = ensemble.forecast(after: series.values[...], horizon: horizon)
        let backtest = PathBacktest(series, periods: periods, horizon: min(horizon, Self.maxBacktestHorizon))
        let bands = quantiles.map { quantile in
            (
                quantile: quantile,
                values: mean.indices.map { mean[$0] + backtest.error(quantile, at: $0) }
            )
        }
        return Forecast(
            mean: mean, quantiles: bands, relativeError: backtest.relativeError,
            isTrusted: backtest.isTrusted,
            model: "median of \(ensemble.members.count) models"
                + (periods.isEmpty ? "" : ", seasons \(periods)"))
    }
}

/// How an ensemble would have done from moments in the last part of the history.
struct PathBacktest {
    /// Ascending errors, per step ahead, pooled over neighbouring steps.
    private var errors: [[Double]] = []
    private var widening = 1.0
    private(set) var relativeError = Double.infinity
    private(set) var isTrusted = false

    init(_ series: RegularSeries, periods: [Int], horizon: Int) {
        let values = series.values
        let tested = min(values.count / 2, max(2 * horizon, values.count / 3))
        let split = values.count - tested
        guard horizon >= 1, tested > horizon, split >= PathForecaster.leastValues,
            let known = RegularSeries(Array(values[..<split]))
        else { return }
        let ensemble = Ensemble(known, periods: periods.filter { split >= 2 * $0 })
        let stride = max(1, (tested - horizon) / PathForecaster.maxOrigins)
        var raw = [[Double]](repeating: [], count: horizon)
        var own = 0.0
        var seasonal = 0.0
        var last = 0.0
        for origin in Swift.stride(from: split, through: values.count - horizon, by: stride) {
            let path = ensemble.forecast(after: values[..<origin], horizon: horizon)
            let period = periods.first ?? 1
            for step in 0..<horizon {
                let actual = values[origin + step]
                raw[step].append(actual - path[step])
                own += abs(actual - path[step])
                seasonal += abs(actual - values[origin - period + step % period])
                last += abs(actual - values[origin - 1])
            }
        }
        relativeError = seasonal > 0 ? own / seasonal : own > 0 ? .infinity : 1
        isTrusted = own < 0.95 * seasonal && own < 0.95 * last
        // Paths overlap: so few of them are independent that the worst to come is worse than the worst seen.
        let independent = Double(tested) / Double(horizon)
        widening = 1 + 3 / independent
        // Few origins calibrate no tail; errors of neighbouring steps are alike.
        let pool = max(1, min(horizon / 8, 12))
        errors = (0..<horizon).map { step in
            (max(0, step - pool)...min(horizon - 1, step + pool)).flatMap { raw[$0] }.sorted()
        }
    }

    /// The error at a quantile, so many steps (from 0) ahead.
    func error(_ quantile: Double, at step: Int) -> Double {
        guard !errors.isEmpty else { return 0 }
        return widening * Quantile.ofSorted(errors[min(step, errors.count - 1)], quantile)
    }
}
