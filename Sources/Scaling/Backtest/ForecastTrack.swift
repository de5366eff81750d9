import Forecasting

/// The forecasts of one window over a whole trace: fitted at each aligned hour, made at each step of the trace, of
/// what was known then. Made once per history and window, shared by all policies of a run.
struct ForecastTrack: Sendable {
    /// What it takes to make one; equal keys are one track.
    struct Key: Hashable, Sendable {
        var window: Window
        /// How much of the past a model sees.
        var historySeconds: Int
    }

    /// The steps between two fits.
    struct Hour: Sendable {
        /// By step; NaN where nothing is foreseen.
        var expected: [Double] = []
        /// By quantile, as `quantiles` of the track.
        var peaks: [[Double]] = []
        var isTrusted = false
    }

    let key: Key
    /// What may be asked for, ascending.
    let quantiles: [Double]
    private var hours: [Hour] = []
    private let stepsPerHour: Int

    init(_ key: Key, quantiles: Set<Double>, stepsPerHour: Int) {
        self.key = key
        self.quantiles = quantiles.sorted()
        self.stepsPerHour = stepsPerHour
    }

    /// Fits to what is known at the beginning of an hour and foresees from each of its steps.
    /// - Parameters:
    ///   - history: up to the first step of the hour; nil where it is too short.
    ///   - later: the values of the other steps.
    func hour(_ history: SeasonedHistory?, later: ArraySlice<Double>) -> Hour {
        guard let history else {
            let nothing = [Double](repeating: .nan, count: later.count + 1)
            return Hour(
                expected: nothing, peaks: [[Double]](repeating: nothing, count: quantiles.count))
        }
        var forecaster = PeakForecaster(fitting: history, window: key.window)
        let planned = quantiles.map(forecaster.worthwhile)
        var hour = Hour(
            expected: [], peaks: [[Double]](repeating: [], count: quantiles.count),
            isTrusted: forecaster.isTrusted)
        func foresee() {
            let forecast = forecaster.forecast(quantiles: planned)
            hour.expected.append(forecast?.expected ?? .nan)
            for column in quantiles.indices {
                hour.peaks[column].append(forecast?.quantiles[column] ?? .nan)
            }
        }
        foresee()
        for value in later {
            forecaster.append([value])
            foresee()
        }
        return hour
    }

    mutating func append(_ hour: Hour) { hours.append(hour) }

    /// What was foreseen at a step: the expectation, the quantile and whether the model is trusted. Nil where nothing
    /// was.
    func forecast(atStep step: Int, column: Int) -> (expected: Double, peak: Double, isTrusted: Bool)? {
        let hour = step / stepsPerHour
        guard hours.indices.contains(hour) else { return nil }
        let place = step % stepsPerHour
        guard hours[hour].expected.indices.contains(place), !hours[hour].expected[place].isNaN else {
            return nil
        }
        return (
            hours[hour].expected[place], hours[hour].peaks[column][place], hours[hour].isTrusted
        )
    }
}

/// What one policy takes from the tracks of a run.
package struct PolicyForecasts: Sendable {
    private let lead: ForecastTrack
    private let hold: ForecastTrack
    private let leadColumn: Int
    private let holdColumn: Int
    private let quantile: Double
    private let horizon: Duration
    private let stepSeconds: Int
    /// How old the newest value is that a decision can know.
    static let delaySeconds = 15

    /// Nil where a track lacks the quantile that the risk asks for.
    init?(lead: ForecastTrack, hold: ForecastTrack, risk: Double, stepSeconds: Int) {
        quantile = SignalForecast.quantile(risk)
        guard let leadColumn = lead.quantiles.firstIndex(of: quantile),
            let holdColumn = hold.quantiles.firstIndex(
                of: SignalForecast.quantile(Prediction.keepRisk(risk)))
        else { return nil }
        self.lead = lead
        self.hold = hold
        self.leadColumn = leadColumn
        self.holdColumn = holdColumn
        self.stepSeconds = stepSeconds
        horizon = .seconds(lead.key.window.last * stepSeconds)
    }

    /// What was foreseen at a moment, in a policy's unit.
    func outlook(atSeconds seconds: Int, scale: Double) -> Signal.Outlook? {
        guard seconds >= Self.delaySeconds else { return nil }
        let step = (seconds - Self.delaySeconds) / stepSeconds
        guard let peak = lead.forecast(atStep: step, column: leadColumn) else { return nil }
        return Signal.Outlook(
            expectedPeak: peak.expected * scale, peak: peak.peak * scale, quantile: quantile,
            horizon: horizon, model: "", isTrusted: peak.isTrusted,
            keep: hold.forecast(atStep: step, column: holdColumn).map { $0.peak * scale })
    }
}
