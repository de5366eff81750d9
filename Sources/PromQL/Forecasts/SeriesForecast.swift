import Forecasting

/// Asks the models of one series within one hour. Moments are to be asked in order; a moment alone gets the same
/// answer as after all before it.
struct SeriesForecast {
    /// What `forecast` says at a moment.
    enum Answer: Equatable {
        case value(Double, isTrusted: Bool)
        /// The newest value is missing.
        case missing
        /// Farther ahead than the history reaches back.
        case tooFar
    }

    private struct Running {
        var forecaster: PeakForecaster
        /// How many moments after the hour it has taken in, and where the next sample is.
        var moments = 0
        var cursor = 0
        var isPresent = true
    }

    private let history: ForecastHistory
    private let cache: ForecastCache
    private var parts: Decomposition?
    private var hasParts = false
    /// By horizon in steps.
    private var running: [Int: Running] = [:]
    private var cursor = 0

    init(_ history: ForecastHistory, cache: ForecastCache) {
        self.history = history
        self.cache = cache
    }

    /// The median of what may come so many seconds after a time, or another quantile.
    mutating func ahead(seconds: Double, quantile: Double?, at time: Int64) -> Answer {
        let steps = (seconds * 1000 / Double(history.step)).rounded()
        guard steps <= Double(history.values.count) else { return .tooFar }
        let horizon = max(1, Int(steps))
        guard var now = running.removeValue(forKey: horizon) ?? begin(horizon) else { return .missing }
        defer { running[horizon] = now }
        // One by one, so that the way here makes no difference.
        let moments = history.moments(until: time)
        while now.moments < moments {
            now.moments += 1
            let value = history.value(after: now.moments, &now.cursor)
            now.isPresent = value.isFinite
            now.forecaster.append([value])
        }
        guard now.isPresent else { return .missing }
        // The median takes in by how much the model was off when tried, which its bare expectation does not.
        let asked = min(max(quantile.map { $0.isNaN ? 0.5 : $0 } ?? 0.5, 0), 1)
        guard let forecast = now.forecaster.forecast(quantiles: [asked]) else { return .missing }
        var value = forecast.quantiles[0]
        if let quantile, !(quantile >= 0 && quantile <= 1) {
            value = quantile < 0 ? -.infinity : quantile > 1 ? .infinity : .nan
        }
        return .value(value, isTrusted: now.forecaster.isTrusted)
    }

    private mutating func begin(_ horizon: Int) -> Running? {
        // A horizon that changes with every step is not worth more than a few models at a time.
        if running.count >= 4 { running = [:] }
        guard case .ahead(let forecaster) = model(horizon: horizon) else { return nil }
        return Running(forecaster: forecaster, isPresent: history.values.last?.isFinite ?? false)
    }

    mutating func trend(at time: Int64) -> Double? {
        decomposition()?.trend(at: index(at: time))
    }

    mutating func season(at time: Int64) -> Double? {
        decomposition()?.season(at: index(at: time))
    }

    /// How unusual the newest value is; nil where it is missing.
    mutating func score(at time: Int64) -> Double? {
        guard let decomposition = decomposition() else { return nil }
        let moments = history.moments(until: time)
        let value =
            moments == 0 ? history.values[history.values.count - 1] : history.value(after: moments, &cursor)
        return value.isFinite ? decomposition.score(value, at: index(at: time)) : nil
    }

    private func index(at time: Int64) -> Int { history.values.count - 1 + history.moments(until: time) }

    private mutating func decomposition() -> Decomposition? {
        if hasParts { return parts }
        hasParts = true
        if case .parts(let found) = model(horizon: 0) { parts = found }
        return parts
    }

    private func model(horizon: Int) -> ForecastModel {
        cache.model(
            for: ForecastModel.Key(
                horizon: horizon, stepMilliseconds: history.step, values: history.values))
    }
}
