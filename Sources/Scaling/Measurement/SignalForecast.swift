import Forecasting
import PromQL
import TimeSeries

/// What a forecast is made of: equal keys share one history and one model.
struct ForecastKey: Hashable {
    var query: String
    var step: Duration
    var history: Duration
    /// In steps; nil where they are to be found.
    var periods: [Int]?
    /// Which falls to zero are not believed; nil where all are.
    var doubt: ZeroDoubt?

    /// A fall to zero from above this is not believed for so long.
    struct ZeroDoubt: Hashable {
        var above: Double
        var patience: Duration

        init?(_ policy: ScalingPolicy, _ signal: SignalPolicy) {
            guard let patience = policy.suspectsZeroFor, patience > .zero,
                case .perReplica(let target) = signal.target
            else { return nil }
            above = target
            self.patience = patience
        }
    }

    /// Nil where the policy does not predict this signal.
    init?(_ policy: ScalingPolicy, _ signal: SignalPolicy) {
        guard let prediction = policy.prediction, prediction.signal == signal.name else { return nil }
        query = signal.query
        history = prediction.history
        step = Self.step(prediction, interval: policy.interval)
        periods = prediction.periods(stepSeconds: step.inSeconds)
        doubt = ZeroDoubt(policy, signal)
    }

    /// The distance of the points that a model sees.
    static func step(_ prediction: Prediction, interval: Duration) -> Duration {
        prediction.step ?? step(for: prediction.history, interval: interval)
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
        /// The grid index of the newest value that it was fitted on.
        var fittedAt: Int64
        var record = ForecastRecord()
    }

    /// A model is fitted on what was known when an aligned period of so many steps began (an hour of minutes), and earlier
    /// only where the history has grown by a quarter since: so that it is the same after a restart.
    static let refitSteps: Int64 = 60
    static let shownQuantiles = [0.1, 0.5, 0.9]
    /// With fewer values nothing is fitted.
    static let leastValues = 30

    /// How much of the history is known; nil where that is enough.
    var shortage: Signal.History? {
        let known = values.count(where: \.isFinite)
        let count = max(values.count, Self.leastValues)
        let isEnough =
            known >= Self.leastValues && Double(known) >= PeakForecaster.leastCoverage * Double(count)
        return isEnough ? nil : Signal.History(known: known, count: count)
    }

    private let key: ForecastKey
    private let stepMilliseconds: Int64
    /// What the model sees: no value is what is not known or not believed.
    private var values: [Double] = []
    /// How many of the newest moments are zero, after a value from which such a fall is not believed; nil where that is
    /// believed.
    private var doubtedZeros: Int?
    private var lastKnown = Double.nan
    /// The grid index (time / step) of the newest value.
    private var newest: Int64?
    private var models: [Window: Model] = [:]
    /// While the newest values are missing: by the window that is asked for, the one ahead of the last value.
    private var shifted: [Window: Window] = [:]

    init(_ key: ForecastKey) {
        self.key = key
        stepMilliseconds = max(1, key.step.milliseconds)
    }

    /// The part of the grid that is not known yet; nil where all is.
    func missing(at now: Timestamp) -> EvaluationRange? {
        let present = present(now)
        var first = present - Int64(capacity)
        if let newest {
            guard present > newest else { return nil }
            first = max(first, newest + 1)
        }
        let looks = looksPerStep
        let start = first * stepMilliseconds - stepMilliseconds / looks * (looks - 1)
        return EvaluationRange(
            start: Timestamp(milliseconds: start), end: Timestamp(milliseconds: present * stepMilliseconds),
            step: .milliseconds(stepMilliseconds / looks))
    }

    /// Forgets values of moments that lie in the future, as those that were taken in before the clock was set back.
    mutating func forget(after now: Timestamp) {
        guard let newest, newest > present(now) + 1 else { return }
        values.removeLast(Int(min(Int64(values.count), newest - present(now))))
        self.newest = values.isEmpty ? nil : present(now)
        doubtedZeros = nil
        models = [:]
        shifted = [:]
    }

    /// How often a query is asked between two moments of the grid, so that each sample is within its reach: the last answer
    /// is the value of the later one.
    private var looksPerStep: Int64 {
        let reach = SignalProbe.lookback.milliseconds
        let least = (stepMilliseconds + reach - 1) / reach
        // A step of no round number has its moments at milliseconds.
        return (least..<least * 2).first { stepMilliseconds % $0 == 0 } ?? 1
    }

    /// The first moment of the grid that is not before another.
    private func index(_ moment: Timestamp) -> Int64 {
        Self.floored(moment.milliseconds + stepMilliseconds - 1, stepMilliseconds)
    }

    /// The newest moment of the grid that is not in the future.
    private func present(_ now: Timestamp) -> Int64 { Self.floored(now.milliseconds, stepMilliseconds) }

    private static func floored(_ a: Int64, _ b: Int64) -> Int64 { a >= 0 ? a / b : -((-a + b - 1) / b) }

    /// Takes in the result over a range that `missing` named. Moments without a value are gaps, and so are those with one
    /// below zero, which is no demand, and zeros that are not believed: else a source that says zero for minutes again and
    /// again would be foreseen to.
    /// - Parameters:
    ///   - trustedUntil: values of later moments are what remains of series that have ended or pause, and gaps; nil where
    ///     all are fresh.
    ///   - whole: stands for those instead, where what remains is known to have been whole.
    mutating func append(
        _ result: QueryValue, over range: EvaluationRange, trustedUntil: Timestamp? = nil,
        whole: Double = .nan
    ) {
        let first = index(range.start)
        var added = [Double](repeating: .nan, count: Int(max(0, index(range.end) - first + 1)))
        switch result {
        case .matrix(let series) where series.count == 1:
            for sample in series[0].samples {
                let place = index(sample.timestamp) - first
                if place >= 0, place < Int64(added.count) { added[Int(place)] = sample.value }
            }
        case .vector, .scalar:
            // A range of one step is an instant.
            if case .success(let value?) = SignalProbe.single(result), !added.isEmpty { added[0] = value }
        default: break
        }
        for index in added.indices {
            let moment = Timestamp(milliseconds: (first + Int64(index)) * stepMilliseconds)
            if trustedUntil.map({ moment > $0 }) == true { added[index] = whole }
            if added[index] < 0 { added[index] = .nan }
            added[index] = believed(added[index])
        }
        if let newest, first > newest + 1 {
            // The service was away for longer than the history.
            values = []
            models = [:]
            shifted = [:]
        }
        if values.isEmpty { added = Array(added.drop { !$0.isFinite }) }
        values += added
        for window in models.keys { models[window]?.forecaster.append(added) }
        newest = range.end.milliseconds / stepMilliseconds
    }

    /// A value, or none where it is a zero that is not believed yet.
    private mutating func believed(_ value: Double) -> Double {
        guard let doubt = key.doubt, value.isFinite else {
            if let zeros = doubtedZeros { doubtedZeros = zeros + 1 }
            return value
        }
        guard value < doubt.above * Self.nothing else {
            doubtedZeros = nil
            lastKnown = value
            return value
        }
        let zeros = (doubtedZeros ?? 0) + 1
        guard doubtedZeros != nil || lastKnown > doubt.above else { return value }
        doubtedZeros = zeros
        if Duration.milliseconds(Int64(zeros) * stepMilliseconds) < doubt.patience { return .nan }
        lastKnown = value
        return value
    }

    /// As good as zero, as a share of what one replica is to carry.
    private static let nothing = 1e-6

    /// What is foreseen from the newest value that can be trusted on. Where that is not the present one, the forecast is
    /// made from it for a window that is as much farther ahead, until the bridge is over.
    /// - Parameters:
    ///   - reading: what the signal is now; where that is newer than the grid, it is the newest value.
    ///   - bridge: for how long a signal without data is foreseen; nil for a day.
    mutating func answer(
        _ prediction: Prediction, startUp: Duration?, reading: Signal.Reading = .missing, at now: Timestamp,
        bridge: Duration? = nil
    ) -> Answer? {
        guard let newest, values.count >= Self.leastValues, let origin = values.lastIndex(where: \.isFinite)
        else { return nil }
        let ago = values.count - 1 - origin
        let behind = ago + Int(clamping: max(0, present(now) - newest))
        guard behind == 0 || behind <= steps(bridge ?? Self.longestBridge) + 1 else { return nil }
        let asked = window(prediction, startUp: startUp)
        let window = Window(first: asked.first + behind, last: asked.last + behind)
        shift(asked, to: window)
        guard let forecaster = model(of: window) else { return nil }
        let experience = experience(forecaster)
        let planned = forecaster.worthwhile(
            Self.quantile(Self.risk(prediction.risk, experience: experience)))
        let quantiles = Self.shownQuantiles.filter { $0 != planned } + [planned]
        let since = behind == 0 ? since(reading) : nil
        guard let forecast = forecaster.forecast(quantiles: quantiles, since: since, ago: ago) else {
            return nil
        }
        let peak = forecast.quantiles[quantiles.count - 1]
        if behind == 0 {
            models[window]?.record.settle(values, newest: newest, window: window)
            models[window]?.record.made(
                at: newest, expected: forecast.expected, peak: peak, last: values[values.count - 1])
        }
        let horizon = Duration.milliseconds(Int64(asked.last) * stepMilliseconds)
        let hold = holdWindow(prediction, asked)
        let held = hold.held(withinSeason: forecaster.shortestSeason, least: asked.last)
        let outlook = Signal.Outlook(
            expectedPeak: forecast.expected, peak: peak, quantile: planned, horizon: horizon,
            model: forecaster.model,
            isTrusted: experience < 1 ? forecaster.isPromising : forecaster.isTrusted,
            keep: keep(prediction, held, since, ago: ago),
            held: held == hold ? nil : .milliseconds(Int64(held.last) * stepMilliseconds),
            leadTime: leadTime(prediction, startUp), experience: experience,
            isDoubted: forecast.isDoubted ? true : nil)
        return Answer(
            outlook: outlook,
            quantiles: zip(quantiles, forecast.quantiles).sorted { $0.0 < $1.0 }.map {
                (quantile: $0.0, value: $0.1)
            }, errorRatio: models[window]?.record.errorRatio, coverage: models[window]?.record.coverage)
    }

    /// How many cycles or days a model has to have seen for half of its experience and for all of it. Before, errors of a
    /// day or two calibrate its quantiles.
    private static let experienced = [4.0, 6.0]
    /// Where a model is to see less days than that, nearly all of them are enough, and less than two are too few to count.
    private static let leastDays = 2.0
    private static let mostOfHistory = 0.95

    /// How much of what a model has to have seen it has, 0, a half or 1: of days, since most demand has one, which is not
    /// found before it has been seen twice, whatever ripples within it are. Where a model is to see less than two, of cycles
    /// of its season. It stays until the next fit, as in a backtest.
    static func experience(
        _ forecaster: PeakForecaster, stepSeconds: Double, historySeconds: Double
    ) -> Double {
        let days = Double(forecaster.fittedCount) * stepSeconds / 86_400
        let most = historySeconds / 86_400
        let seen = most < leastDays ? max(Double(forecaster.cycles ?? 0), days) : days
        let reached = experienced.count {
            seen >= (most < leastDays ? $0 : max(leastDays, min($0, mostOfHistory * most)))
        }
        return Double(reached) / Double(experienced.count)
    }

    /// The risk that is taken with what a model says: half of the policy's without any experience, since few errors tell
    /// little of those that are rare; with a half of it, no more than so much less.
    static func risk(_ risk: Double, experience: Double) -> Double {
        guard experience < 1 else { return risk }
        return experience > 0 ? max(risk / 2, risk - Self.largestCaution) : risk / 2
    }

    private static let largestCaution = 0.025

    private func experience(_ forecaster: PeakForecaster) -> Double {
        Self.experience(
            forecaster, stepSeconds: Double(stepMilliseconds) / 1000, historySeconds: key.history.inSeconds)
    }

    private static let longestBridge = Duration.seconds(86_400)

    /// Each moment of an outage has a window of its own; only the newest one's model is kept.
    private mutating func shift(_ asked: Window, to window: Window) {
        if let old = shifted[asked], old != window { models[old] = nil }
        shifted[asked] = window == asked ? nil : window
    }

    private func holdWindow(_ prediction: Prediction, _ lead: Window) -> Window {
        Window(first: 1, last: max(lead.last, min(steps(prediction.hold), 20_000)))
    }

    /// What may still be needed before the hold is over. While values are missing this is as far ahead of the last one:
    /// without data nothing is removed.
    private mutating func keep(
        _ prediction: Prediction, _ window: Window, _ since: Double?, ago: Int
    ) -> Double? {
        guard let forecaster = model(of: window) else { return nil }
        let planned = forecaster.worthwhile(
            Self.quantile(Self.risk(prediction.keepRisk, experience: experience(forecaster))))
        return forecaster.forecast(quantiles: [planned], since: since, ago: ago)?.quantiles[0]
    }

    /// The reading's value where it was measured after the newest value of the grid.
    private func since(_ reading: Signal.Reading) -> Double? {
        guard let newest, case .value(let value, let at) = reading, value >= 0,
            at.milliseconds > newest * stepMilliseconds
        else { return nil }
        if let doubt = key.doubt, value < doubt.above * Self.nothing, lastKnown > doubt.above { return nil }
        return value
    }

    /// 1 - 0.07 would be 0.9299999999999999.
    static func quantile(_ risk: Double) -> Double { ((1 - risk) * 1e6).rounded() / 1e6 }

    /// The model of a window, fitted anew where that is due.
    private mutating func model(of window: Window) -> PeakForecaster? {
        guard let newest else { return nil }
        let fittedAt = fittingIndex(newest)
        if models[window]?.fittedAt != fittedAt {
            let capacity = capacity
            if values.count > capacity { values.removeFirst(values.count - capacity) }
            // A workload's measured lead time moves; windows no longer asked for are not kept.
            if models.count - shifted.count >= 8 { models = [:] }
            let since = Int(newest - fittedAt)
            let fitted = values.dropLast(since).suffix(max(Self.leastValues, capacity - Int(Self.refitSteps)))
            guard
                var forecaster = PeakForecaster(
                    fitting: Array(fitted), window: window, stepSeconds: Double(stepMilliseconds) / 1000,
                    periods: key.periods)
            else { return nil }
            forecaster.append(Array(values.suffix(since)))
            let record = models[window]?.record ?? ForecastRecord()
            models[window] = Model(forecaster: forecaster, fittedAt: fittedAt, record: record)
        }
        return models[window]?.forecaster
    }

    private var capacity: Int { Int(clamping: key.history.milliseconds / stepMilliseconds) }

    /// Up to where a model is fitted: to the beginning of the period, or to where the young history had grown by a quarter
    /// for the last time.
    private func fittingIndex(_ newest: Int64) -> Int64 {
        let first = newest - Int64(values.count) + 1
        let period = newest - (newest % Self.refitSteps + Self.refitSteps) % Self.refitSteps
        var grown = Self.leastValues
        // A history that is cut off no longer grows.
        guard values.count < capacity - Int(Self.refitSteps) || period - first + 1 < Int64(grown) else {
            return period
        }
        while (grown + 1) * 5 / 4 <= values.count { grown = (grown + 1) * 5 / 4 }
        return max(period, first + Int64(grown) - 1)
    }

    private func window(_ prediction: Prediction, startUp: Duration?) -> Window {
        // A step longer than the lead: until the next forecast has its effect.
        let first = min(steps(leadTime(prediction, startUp)), 10_000)
        return Window(first: first, last: first + 1)
    }

    private func leadTime(_ prediction: Prediction, _ startUp: Duration?) -> Duration {
        switch prediction.leadTime {
        case .fixed(let duration): duration
        case .measured(let assumed): startUp ?? assumed
        }
    }

    private func steps(_ duration: Duration) -> Int {
        Int(clamping: max(1, (duration.milliseconds + stepMilliseconds - 1) / stepMilliseconds))
    }
}
