import Forecasting

/// The forecasts over a whole trace: fitted at each aligned hour, made at each step of the trace, of what was
/// known then. Made once per series and model settings, shared by all policies of a run.
package struct ForecastTrack: Sendable {
    /// What was foreseen at one step: the expectation, and the peak at each of `quantiles`.
    private struct Entry {
        var expected: Double
        var peaks: [Double]
        var isTrusted: Bool
    }

    private let entries: [Entry?]
    private let quantiles: [Double]
    private let stepSeconds: Int
    private let window: Window
    /// How old the newest value is that a decision can know.
    static let delaySeconds = 15

    /// - Parameters:
    ///   - leadSeconds: until a replica started now is ready.
    ///   - historySeconds: how much of the past a model sees.
    ///   - risks: the policies' risks.
    package init(
        _ trace: DemandTrace, leadSeconds: Int, holdSeconds: Int, historySeconds: Int, risks: Set<Double>,
        refitSeconds: Int = 3600
    ) {
        let step = trace.stepSeconds
        stepSeconds = step
        quantiles = risks.map { 1 - $0 }.sorted()
        let first = max(1, (leadSeconds + step - 1) / step)
        window = Window(first: first, last: max(first, (leadSeconds + holdSeconds + step - 1) / step))
        var entries: [Entry?] = []
        entries.reserveCapacity(trace.values.count)
        var model: PeakForecaster?
        var oldest = 0
        var planned = quantiles
        let refit = max(1, refitSeconds / step)
        for (index, value) in trace.values.enumerated() {
            model?.append([value])
            if index % refit == 0 {
                oldest = max(0, index + 1 - historySeconds / step)
                model = PeakForecaster(
                    fitting: Array(trace.values[oldest...index]), window: window, stepSeconds: Double(step))
                planned = quantiles.map { model?.worthwhile($0) ?? $0 }
            }
            let forecast = model?.forecast(quantiles: planned)
            entries.append(
                forecast.map {
                    Entry(expected: $0.expected, peaks: $0.quantiles, isTrusted: model?.isTrusted == true)
                })
        }
        self.entries = entries
    }

    /// What was foreseen at a moment, in a policy's unit.
    func outlook(atSeconds seconds: Int, scale: Double, risk: Double) -> Signal.Outlook? {
        let index = (seconds - Self.delaySeconds) / stepSeconds
        guard seconds >= Self.delaySeconds, entries.indices.contains(index), let entry = entries[index],
            let column = quantiles.firstIndex(of: 1 - risk)
        else { return nil }
        return Signal.Outlook(
            expectedPeak: entry.expected * scale, peak: entry.peaks[column] * scale, quantile: 1 - risk,
            horizon: .seconds(window.last * stepSeconds), model: "", isTrusted: entry.isTrusted)
    }
}
