import Forecasting
import PromQL
import TimeSeries

/// What a forecast is made of: equal keys share one history and one model.
struct ForecastKey: Hashable {
    var query: String
    var step: Duration
    var history: Duration

    /// Nil where the policy does not predict this signal.
    init?(_ policy: ScalingPolicy, _ signal: SignalPolicy) {
        guard let prediction = policy.prediction, prediction.signal == signal.name else { return nil }
        query = signal.query
        history = prediction.history
        step = prediction.step ?? Self.step(for: prediction.history, interval: policy.interval)
    }

    static let maxPoints: Int64 = 20_160

    /// The smallest round step, not below the interval, that keeps the history within `maxPoints`.
    private static func step(for history: Duration, interval: Duration) -> Duration {
        let least = max(interval, .milliseconds(history.milliseconds / maxPoints))
        let round: [Int64] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600]
        return round.map { Duration.seconds($0) }.first { $0 >= least } ?? least
    }
}

/// The history of one signal on a grid of aligned moments, and the models fitted to it.
struct SignalForecast {
    struct Answer {
        var outlook: Signal.Outlook
        /// By quantile.
        var quantiles: [(quantile: Double, value: Double)]
        /// How forecasts of this window turned out lately; nil until some are over.
        var errorRatio: Double?
        var coverage: Double?
    }

    private struct Model {
        var forecaster: PeakForecaster
        /// The aligned period in which it was fitted, and on how many values.
        var period: Int64
        var fittedOn: Int
        var record = ForecastRecord()
    }

    /// A model is refitted when a new aligned period of so many steps begins (an hour of minutes), and
    /// earlier only while the history still grows by a quarter.
    static let refitSteps: Int64 = 60
    static let shownQuantiles = [0.1, 0.5, 0.9]
    /// With fewer values nothing is fitted.
    static let leastValues = 30

    private let key: ForecastKey
    private let stepMilliseconds: Int64
    private var values: [Double] = []
    /// The grid index (time / step) of the newest value.
    private var newest: Int64?
    private var models: [Window: Model] = [:]

    init(_ key: ForecastKey) {
        self.key = key
        stepMilliseconds = max(1, key.step.milliseconds)
    }

    /// The part of the grid that is not known yet; nil where all is.
    func missing(at now: Timestamp) -> EvaluationRange? {
        let present = Self.floored(now.milliseconds, stepMilliseconds)
        let capacity = key.history.milliseconds / stepMilliseconds
        var first = present - capacity
        if let newest {
            guard present > newest else { return nil }
            first = max(first, newest + 1)
        }
        return EvaluationRange(
            start: Timestamp(milliseconds: first * stepMilliseconds),
            end: Timestamp(milliseconds: present * stepMilliseconds), step: key.step)
    }

    func isCurrent(at now: Timestamp) -> Bool { missing(at: now) == nil }

    private static func floored(_ a: Int64, _ b: Int64) -> Int64 { a >= 0 ? a / b : -((-a + b - 1) / b) }

    /// Takes in the result over a range that `missing` named. Moments without a value are gaps.
    mutating func append(_ result: QueryValue, over range: EvaluationRange) {
        let first = range.start.milliseconds / stepMilliseconds
        var added = [Double](repeating: .nan, count: range.stepCount)
        switch result {
        case .matrix(let series) where series.count == 1:
            for sample in series[0].samples {
                let index = sample.timestamp.milliseconds / stepMilliseconds - first
                if index >= 0, index < Int64(added.count) { added[Int(index)] = sample.value }
            }
        case .vector, .scalar:
            // A range of one step is an instant.
            if case .success(let value?) = SignalProbe.single(result), !added.isEmpty { added[0] = value }
        default: break
        }
        if let newest, first > newest + 1 {
            // The service was away for longer than the history.
            values = []
            models = [:]
        }
        if values.isEmpty { added = Array(added.drop { !$0.isFinite }) }
        values += added
        for window in models.keys { models[window]?.forecaster.append(added) }
        newest = range.end.milliseconds / stepMilliseconds
    }

    /// What is foreseen from the newest value on.
    /// - Parameter reading: what the signal is now; where that is newer than the grid, it is the newest value.
    mutating func answer(
        _ prediction: Prediction, startUp: Duration?, reading: Signal.Reading = .missing
    ) -> Answer? {
        guard let newest, values.count >= Self.leastValues else { return nil }
        let window = window(prediction, startUp: startUp)
        guard let forecaster = model(of: window) else { return nil }
        let planned = forecaster.worthwhile(Self.quantile(prediction.risk))
        let asked = Self.shownQuantiles.filter { $0 != planned } + [planned]
        let since = since(reading)
        guard let forecast = forecaster.forecast(quantiles: asked, since: since) else { return nil }
        let peak = forecast.quantiles[asked.count - 1]
        models[window]?.record.settle(values, newest: newest, window: window)
        models[window]?.record.made(
            at: newest, expected: forecast.expected, peak: peak, last: values[values.count - 1])
        let horizon = Duration.milliseconds(Int64(window.last) * stepMilliseconds)
        let outlook = Signal.Outlook(
            expectedPeak: forecast.expected, peak: peak, quantile: planned, horizon: horizon,
            model: forecaster.model, isTrusted: forecaster.isTrusted,
            keep: keep(prediction, window, since))
        return Answer(
            outlook: outlook,
            quantiles: zip(asked, forecast.quantiles).sorted { $0.0 < $1.0 }.map {
                (quantile: $0.0, value: $0.1)
            }, errorRatio: models[window]?.record.errorRatio, coverage: models[window]?.record.coverage)
    }

    /// What may still be needed before the hold is over.
    private mutating func keep(_ prediction: Prediction, _ lead: Window, _ since: Double?) -> Double? {
        let window = Window(first: 1, last: max(lead.last, min(steps(prediction.hold), 20_000)))
        guard let forecaster = model(of: window) else { return nil }
        let planned = forecaster.worthwhile(Self.quantile(prediction.keepRisk))
        return forecaster.forecast(quantiles: [planned], since: since)?.quantiles[0]
    }

    /// The reading's value where it was measured after the newest value of the grid.
    private func since(_ reading: Signal.Reading) -> Double? {
        guard let newest, case .value(let value, let at) = reading,
            at.milliseconds > newest * stepMilliseconds
        else { return nil }
        return value
    }

    /// 1 - 0.07 would be 0.9299999999999999.
    static func quantile(_ risk: Double) -> Double { ((1 - risk) * 1e6).rounded() / 1e6 }

    /// The model of a window, fitted anew where that is due.
    private mutating func model(of window: Window) -> PeakForecaster? {
        guard let newest else { return nil }
        let period = newest / Self.refitSteps
        let isDue =
            models[window].map { $0.period < period || values.count * 4 > $0.fittedOn * 5 } ?? true
        if isDue {
            let capacity = Int(clamping: key.history.milliseconds / stepMilliseconds)
            if values.count > capacity { values.removeFirst(values.count - capacity) }
            // A workload's measured lead time moves; windows no longer asked for are not kept.
            if models.count >= 8 { models = [:] }
            guard
                let forecaster = PeakForecaster(
                    fitting: values, window: window, stepSeconds: Double(stepMilliseconds) / 1000)
            else { return nil }
            let record = models[window]?.record ?? ForecastRecord()
            models[window] = Model(
                forecaster: forecaster, period: period, fittedOn: values.count, record: record)
        }
        return models[window]?.forecaster
    }

    private func window(_ prediction: Prediction, startUp: Duration?) -> Window {
        let lead =
            switch prediction.leadTime {
            case .fixed(let duration): duration
            case .measured(let assumed): startUp ?? assumed
            }
        // A step longer than the lead: until the next forecast has its effect.
        let first = min(steps(lead), 10_000)
        return Window(first: first, last: first + 1)
    }

    private func steps(_ duration: Duration) -> Int {
        Int(clamping: max(1, (duration.milliseconds + stepMilliseconds - 1) / stepMilliseconds))
    }
}
