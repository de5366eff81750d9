import Forecasting

/// The forecasts of one window over a whole trace: fitted at each aligned hour to what was known then, made at each tick
/// of what has been measured since. Made once per history and window, shared by all policies of a run.
struct ForecastTrack: Sendable {
    /// What it takes to make one; equal keys are one track.
    struct Key: Hashable, Sendable {
        var window: Window
        /// How much of the past a model sees.
        var historySeconds: Int
    }

    /// What is foreseen between two fits.
    struct Hour: Sendable {
        /// By tick; nil where nothing is foreseen.
        var peaks: [PeakForecaster.Peak?] = []
        /// By quantile, as `quantiles` of the track.
        var margins: [Double] = []
        var isTrusted = false
        var experience = 0.0
    }

    let key: Key
    /// What may be asked for, ascending.
    let quantiles: [Double]
    private var hours: [Hour] = []
    /// The ticks of a run, and between two fits.
    let tickSeconds: Int
    let hourSeconds: Int

    init(_ key: Key, quantiles: Set<Double>, tickSeconds: Int, hourSeconds: Int) {
        self.key = key
        self.quantiles = quantiles.sorted()
        self.tickSeconds = tickSeconds
        self.hourSeconds = hourSeconds
    }

    /// Fits to what is known at the beginning of an hour and foresees at each of its ticks.
    /// - Parameters:
    ///   - history: up to the first step of the hour; nil where it is too short.
    ///   - steps: the value of each step, and what has been measured since at its ticks.
    ///   - stepSeconds: the distance of the steps.
    func hour(_ history: SeasonedHistory?, stepSeconds: Int, _ steps: [(value: Double, since: [Double?])])
        -> Hour
    {
        guard let history else { return Hour() }
        var forecaster = PeakForecaster(fitting: history, window: key.window)
        var hour = Hour(
            margins: quantiles.map { forecaster.margin(forecaster.worthwhile($0)) },
            isTrusted: forecaster.isTrusted,
            experience: SignalForecast.experience(
                forecaster, stepSeconds: Double(stepSeconds), historySeconds: Double(key.historySeconds)))
        for (index, step) in steps.enumerated() {
            // The first is the history's last.
            if index > 0 { forecaster.append([step.value]) }
            for since in step.since { hour.peaks.append(forecaster.peak(since: since)) }
        }
        return hour
    }

    mutating func append(_ hour: Hour) { hours.append(hour) }

    /// What was foreseen at a tick: the expectation and the quantile, by which hour's model. Nil where nothing was.
    func forecast(atTick tick: Int, column: Int) -> (
        expected: Double, peak: Double, hour: Int, isDoubted: Bool
    )? {
        let hour = tick * tickSeconds / hourSeconds
        guard hours.indices.contains(hour) else { return nil }
        let place = tick - (hour * hourSeconds + tickSeconds - 1) / tickSeconds
        guard hours[hour].peaks.indices.contains(place), let peak = hours[hour].peaks[place] else {
            return nil
        }
        return (peak.expected, peak.quantile(margin: hours[hour].margins[column]), hour, peak.isDoubted)
    }

    /// Whether the model of an hour is trusted, and how much of what it has to have seen it has.
    func model(ofHour hour: Int) -> (isTrusted: Bool, experience: Double) {
        (hours[hour].isTrusted, hours[hour].experience)
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
    private let leadTime: Duration

    /// Nil where a track lacks the quantile that the risk asks for.
    init?(lead: ForecastTrack, hold: ForecastTrack, risk: Double, stepSeconds: Int, leadSeconds: Int) {
        quantile = SignalForecast.quantile(risk)
        guard let leadColumn = lead.quantiles.firstIndex(of: quantile),
            let holdColumn = hold.quantiles.firstIndex(
                of: SignalForecast.quantile(Prediction.keepRisk(risk)))
        else { return nil }
        self.lead = lead
        self.hold = hold
        self.leadColumn = leadColumn
        self.holdColumn = holdColumn
        horizon = .seconds(lead.key.window.last * stepSeconds)
        leadTime = .seconds(leadSeconds)
    }

    /// What was foreseen at a moment, in a policy's unit.
    func outlook(atSeconds seconds: Int, scale: Double) -> Signal.Outlook? {
        // What is measured is a tick old when it is known.
        guard seconds >= lead.tickSeconds else { return nil }
        let tick = seconds / lead.tickSeconds - 1
        guard let peak = lead.forecast(atTick: tick, column: leadColumn) else { return nil }
        let model = lead.model(ofHour: peak.hour)
        return Signal.Outlook(
            expectedPeak: peak.expected * scale, peak: peak.peak * scale, quantile: quantile,
            horizon: horizon, model: "", isTrusted: model.isTrusted,
            keep: hold.forecast(atTick: tick, column: holdColumn).map { $0.peak * scale }, leadTime: leadTime,
            experience: model.experience, isDoubted: peak.isDoubted ? true : nil)
    }
}
