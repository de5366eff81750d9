import Glibc

/// Forecasts a series step by step: the weighted median of an ensemble, with weights and intervals from the
/// errors of a backtest in which models that have not seen its last part forecast it from several moments. In
/// the point forecast the last cycle weighs more than in the median that quantiles stand around.
package struct PathForecaster: Sendable {
    /// Backtests start at no more moments than this.
    static let maxOrigins = 24
    /// The point forecast stays between these quantiles of what the backtest says may come.
    static let centralQuantiles = (low: 0.1, high: 0.9)
    /// How far beyond what has been a quantile may lie, in units of the distance between the least and the largest value.
    static let reachOfQuantiles = 3.0

    package let periods: [Int]
    /// Lasting changes of level in the history, the newest first; what was before them is moved to the last level.
    package let shifts: [LevelShift]
    /// As it would have been at the last level and without special days.
    private let series: RegularSeries
    private let specialDays: SpecialDays?
    private let fitted: Fit?
    /// The least and the largest value.
    private let range: ClosedRange<Double>
    /// The last value of one that always rose or always fell: `series` are its changes.
    private let origin: Double?
    /// What was never below zero stays there.
    private let floor: Double
    /// What all values are multiples of.
    private let resolution: Resolution?
    /// How many values were looked at.
    private let count: Int

    /// An ensemble, and what a backtest says of it.
    private struct Fit: Sendable {
        var horizon: Int
        var ensemble: Ensemble
        /// What its members say from the end of the series on.
        var paths: [[Double]?]
        var backtest: PathBacktest

        init(_ series: RegularSeries, periods: [Int], horizon: Int, sums: Bool) {
            self.horizon = horizon
            ensemble = Ensemble(series, periods: periods)
            paths = ensemble.paths(after: [series.count], of: series.values, horizon: horizon)[0]
            backtest = PathBacktest(
                series, periods: periods,
                horizon: PathBacktest.reach(horizon, count: series.count), sums: sums)
        }
    }

    /// Nil where there is no value of a size below 1e250.
    /// - Parameters:
    ///   - values: on a regular grid, oldest first; NaN is a gap.
    ///   - startSeconds: when the first value was, in seconds since 1970, where that is known: days of the month
    ///     are looked at then.
    ///   - periods: the seasons, where they are known.
    ///   - horizon: how far forecasts will reach, where that is known: all of the work is then done here and
    ///     `forecast` only reads it off.
    package init?(
        _ values: [Double], stepSeconds: Double? = nil, startSeconds: Double? = nil,
        periods known: [Int]? = nil, horizon: Int? = nil
    ) {
        guard var series = RegularSeries(values, believesEnd: true) else { return nil }
        floor = series.isNonNegative ? 0 : -.infinity
        resolution = Resolution(values)
        let changes = MonotoneSeries.changes(series)
        origin = changes == nil ? nil : series.values[series.count - 1]
        if let changes { series = changes }
        let startSeconds = startSeconds.map { $0 + (changes == nil ? 0 : stepSeconds ?? 0) }
        let found = known ?? Seasonality.periods(of: series, stepSeconds: stepSeconds)
        periods = Self.completed(found, count: series.count)
        if !series.gaps.isEmpty { series.replace(SeasonalGaps.filled(series, periods: periods)) }
        let days = SpecialDays(series.values, stepSeconds: stepSeconds, startSeconds: startSeconds)
        var plain = series
        if let days { plain.replace(days.removed(from: plain.values)) }
        let aligned = LevelShifts.aligned(plain, periods: periods)
        shifts = aligned.shifts
        plain.replace(LastOutliers.pulledIn(aligned.values, period: periods.first))
        let isNew = periods.isEmpty && shifts.first.map { Self.beginsAnew(plain, at: $0) } ?? false
        if isNew, let shift = shifts.first, let since = RegularSeries(Array(plain.values[shift.index...])) {
            plain = since
        }
        specialDays = isNew ? nil : days
        self.series = plain
        count = series.count
        range = (series.values.min() ?? 0)...(series.values.max() ?? 0)
        fitted = horizon.map { [periods, origin] in
            Fit(plain, periods: periods, horizon: max(1, $0), sums: origin != nil)
        }
    }

    /// Whether what was before a change of level, moved to the new one, is of no use.
    private static func beginsAnew(_ series: RegularSeries, at shift: LevelShift) -> Bool {
        !shift.keepsShape && series.count - shift.index >= PathBacktest.leastValues
    }

    /// Seven of a season make a week where it is a day; with two and a half weeks of history it is worth a
    /// look even where it does not stand out.
    private static func completed(_ found: [Int], count: Int) -> [Int] {
        let usable = found.filter { $0 >= 2 && count >= 2 * $0 }
        guard usable.count == 1, usable[0] >= 4, count * 2 >= 7 * usable[0] * 5 else { return usable }
        return [usable[0], 7 * usable[0]]
    }

    /// What was found of changes of level and of special days, in words.
    private var changes: String {
        var text = shifts.map { shift in
            let size = shift.isMultiplicative ? "x \(rounded(exp(shift.size)))" : "+ \(rounded(shift.size))"
            return ", level \(size) \(count - shift.index) steps before the end"
        }.joined()
        let days = specialDays?.effects.sorted { $0.key < $1.key } ?? []
        for (key, effect) in days {
            let day =
                key > 0
                ? "day \(key) of the month"
                : key == -1 ? "last day of the month" : "day \(-key) from the end of the month"
            text += ", \(day) x \(rounded(exp(effect)))"
        }
        return text
    }

    private func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

    /// What quantiles stay within: farther from all values than these are from each other nothing has ever been
    /// foreseen. Where history is short beside the step, it may go on as far again in each of its lengths.
    private func possible(at step: Int) -> ClosedRange<Double> {
        let reach = Self.reachOfQuantiles * max(1, Double(step + 1) / Double(series.count))
        let span = reach * (range.upperBound - range.lowerBound)
        let steps = origin == nil ? 1 : Double(step + 1)
        return steps * (range.lowerBound - span)...steps * (range.upperBound + span)
    }

    package func forecast(horizon: Int, quantiles: [Double]) -> Forecast {
        let fit =
            fitted.flatMap { $0.horizon >= horizon ? $0 : nil }
            ?? Fit(series, periods: periods, horizon: max(0, horizon), sums: origin != nil)
        let values = series.values[...]
        func combined(_ weights: [Double]) -> [Double] {
            let path = fit.ensemble.combined(
                fit.paths, weights: weights, horizon: horizon, last: values[series.count - 1])
            let mixed = fit.backtest.mixed(path, after: values)
            let dated = specialDays.map { days in
                mixed.indices.map { mixed[$0] * days.factor(at: series.count + $0) }
            }
            return origin == nil ? dated ?? mixed : MonotoneSeries.summed(dated ?? mixed)
        }
        let point = combined(fit.backtest.weightsOfPoint(fit.ensemble, after: values))
        let likely = combined(fit.backtest.weights(fit.ensemble))
        func band(_ quantile: Double) -> [Double] {
            likely.indices.map {
                let value = fit.backtest.intervals.quantile(quantile, at: $0, around: likely[$0], in: series)
                let possible = possible(at: $0)
                return min(max(value, possible.lowerBound), possible.upperBound)
            }
        }
        func placed(_ path: [Double]) -> [Double] {
            origin.map { origin in path.map { max(floor, origin + $0) } } ?? path
        }
        let least = placed(band(Self.centralQuantiles.low))
        let most = placed(band(Self.centralQuantiles.high))
        let recordable = placed(point).enumerated().map { step, value in
            let inside = min(max(value, least[step]), most[step])
            return resolution.map { max(floor, $0.rounded(inside)) } ?? inside
        }
        let bands = quantiles.map { quantile in
            let bounds = zip(placed(band(quantile)), recordable)
            // Nothing is recorded between two points of the grid: no interval is so narrow that it has none.
            if quantile <= Self.centralQuantiles.low { return (quantile, bounds.map { min($0, $1) }) }
            if quantile >= Self.centralQuantiles.high { return (quantile, bounds.map { max($0, $1) }) }
            return (quantile, bounds.map { $0.0 })
        }
        return Forecast(
            mean: recordable, quantiles: bands,
            relativeError: fit.backtest.relativeError,
            isTrusted: fit.backtest.isTrusted,
            model: "weighted median of \(fit.ensemble.members.count) models"
                + (origin == nil ? "" : " of changes")
                + (periods.isEmpty ? "" : ", seasons \(periods)") + changes)
    }
}
