import Forecasting
import TimeSeries

/// The forecasts of one window over a whole trace: fitted at each aligned hour (or 60 steps) to what was known then, made
/// at each tick of what has been measured since. Made once per grid, history and window, shared by all policies of a run.
struct ForecastTrack: Sendable {
    /// What it takes to make one; equal keys are one track.
    struct Key: Hashable, Sendable {
        var window: Window
        /// Where a short season bounds the window, as it does a hold, it stays as long as to so many steps ahead; nil where
        /// it is bounded by none.
        var leastHeld: Int?
        var past: Past
        var grid: Grid
    }

    /// What a model is fitted to.
    struct Past: Hashable, Sendable {
        /// How much a model sees.
        var seconds: Int
        /// The seasons in steps; nil where they are to be found.
        var periods: [Int]?
    }

    /// The moments whose values a model sees, from the beginning of the trace on.
    struct Grid: Hashable, Sendable {
        var stepSeconds: Int
        var stepsPerFit: Int

        private static let leastFitSeconds = 3600

        /// - Parameter wanted: the distance of a policy's points; a trace has none between its own.
        init(wanted: Duration, of trace: DemandTrace) {
            let seconds = Int(clamping: (wanted.milliseconds + 999) / 1000)
            stepSeconds = max(seconds, trace.stepSeconds)
            let fitSeconds = max(Self.leastFitSeconds, Int(SignalForecast.refitSteps) * seconds)
            stepsPerFit = max(1, fitSeconds / stepSeconds)
        }

        var fitSeconds: Int { stepsPerFit * stepSeconds }
    }

    /// What is foreseen between two fits.
    struct Stretch: Sendable {
        /// By tick; nil where nothing is foreseen.
        var peaks: [PeakForecaster.Peak?] = []
        /// By quantile, as `quantiles` of the track.
        var margins: [Double] = []
        var experience = 0.0
    }

    let key: Key
    /// What may be asked for, ascending.
    let quantiles: [Double]
    private var stretches: [Stretch] = []
    /// The distance of the ticks of a run.
    let tickSeconds: Int

    init(_ key: Key, quantiles: Set<Double>, tickSeconds: Int) {
        self.key = key
        self.quantiles = quantiles.sorted()
        self.tickSeconds = tickSeconds
    }

    /// Fits to what is known at the beginning of a stretch and foresees at each of its ticks.
    /// - Parameters:
    ///   - history: up to the first step of the stretch; nil where it is too short.
    ///   - steps: the value of each step, and what has been measured since at its ticks.
    func stretch(_ history: SeasonedHistory?, _ steps: [(value: Double, since: [Double?])]) -> Stretch {
        guard let history else { return Stretch() }
        let window =
            key.leastHeld.map { key.window.held(withinSeason: history.shortestSeason, least: $0) }
            ?? key.window
        var forecaster = PeakForecaster(fitting: history, window: window)
        let experience = SignalForecast.experience(
            forecaster, stepSeconds: Double(key.grid.stepSeconds), historySeconds: Double(key.past.seconds))
        var stretch = Stretch(
            margins: quantiles.map {
                let risk = SignalForecast.risk(1 - $0, experience: experience)
                return forecaster.margin(forecaster.worthwhile(SignalForecast.quantile(risk)))
            }, experience: experience)
        for (index, step) in steps.enumerated() {
            // The first is the history's last.
            if index > 0 { forecaster.append([step.value]) }
            for since in step.since { stretch.peaks.append(forecaster.peak(since: since)) }
        }
        return stretch
    }

    mutating func append(_ stretch: Stretch) { stretches.append(stretch) }

    /// What was foreseen at a tick: the expectation and the quantile, and what is to be thought of the model. Nil where
    /// nothing was.
    func forecast(atTick tick: Int, column: Int) -> (
        expected: Double, peak: Double, experience: Double, isTrusted: Bool, isDoubted: Bool
    )? {
        let index = tick * tickSeconds / key.grid.fitSeconds
        guard stretches.indices.contains(index) else { return nil }
        let stretch = stretches[index]
        let place = tick - (index * key.grid.fitSeconds + tickSeconds - 1) / tickSeconds
        guard stretch.peaks.indices.contains(place), let peak = stretch.peaks[place] else { return nil }
        return (
            peak.expected, peak.quantile(margin: stretch.margins[column]), stretch.experience,
            stretch.experience < 1 ? peak.isPromising : peak.isTrusted, peak.isDoubted
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
    private let leadTime: Duration

    /// Nil where a track lacks the quantile that the risk asks for.
    init?(lead: ForecastTrack, hold: ForecastTrack, risk: Double, leadSeconds: Int) {
        quantile = SignalForecast.quantile(risk)
        guard let leadColumn = lead.quantiles.firstIndex(of: quantile),
            let holdColumn = hold.quantiles.firstIndex(
                of: SignalForecast.quantile(Prediction.keepRisk(risk)))
        else { return nil }
        self.lead = lead
        self.hold = hold
        self.leadColumn = leadColumn
        self.holdColumn = holdColumn
        horizon = .seconds(lead.key.window.last * lead.key.grid.stepSeconds)
        leadTime = .seconds(leadSeconds)
    }

    /// What was foreseen at a moment, in a policy's unit.
    package func outlook(atSeconds seconds: Int, scale: Double) -> Signal.Outlook? {
        // What is measured is a tick old when it is known.
        guard seconds >= lead.tickSeconds else { return nil }
        let tick = seconds / lead.tickSeconds - 1
        guard let peak = lead.forecast(atTick: tick, column: leadColumn) else { return nil }
        return Signal.Outlook(
            expectedPeak: peak.expected * scale, peak: peak.peak * scale, quantile: quantile,
            horizon: horizon, model: "", isTrusted: peak.isTrusted,
            keep: hold.forecast(atTick: tick, column: holdColumn).map { $0.peak * scale }, leadTime: leadTime,
            experience: peak.experience, isDoubted: peak.isDoubted ? true : nil)
    }
}
