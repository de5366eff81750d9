import Forecasting

/// The forecasts over a whole trace: fitted at each aligned hour, made at each step of the trace, of what was
/// known then. Made once per series and model settings, shared by all policies of a run.
package struct ForecastTrack: Sendable {
    /// What was foreseen at one step: the expectation, the peak over the lead time at each of `quantiles`, and what
    /// the hold may still need at each of `keepQuantiles`.
    private struct Entry {
        var expected: Double
        var peaks: [Double]
        var keeps: [Double]?
        var isTrusted: Bool
    }

    /// A model that is fitted each hour, and the quantiles that are planned for until the next fit.
    private struct Model {
        let window: Window
        let quantiles: [Double]
        private var forecaster: PeakForecaster?
        private var planned: [Double]

        init(_ window: Window, _ quantiles: [Double]) {
            self.window = window
            self.quantiles = quantiles
            planned = quantiles
        }

        var isTrusted: Bool { forecaster?.isTrusted == true }

        mutating func fit(_ values: [Double], stepSeconds: Int) {
            forecaster = PeakForecaster(fitting: values, window: window, stepSeconds: Double(stepSeconds))
            planned = quantiles.map { forecaster?.worthwhile($0) ?? $0 }
        }

        mutating func append(_ value: Double) { forecaster?.append([value]) }

        func forecast() -> (expected: Double, quantiles: [Double])? {
            forecaster?.forecast(quantiles: planned)
        }
    }

    private let entries: [Entry?]
    /// By the column of a risk in the entries.
    private let risks: [Double]
    private let stepSeconds: Int
    private let window: Window
    /// How old the newest value is that a decision can know.
    static let delaySeconds = 15

    /// - Parameters:
    ///   - leadSeconds: until a replica started now is ready.
    ///   - holdSeconds: for how long nothing is removed that may be needed again.
    ///   - historySeconds: how much of the past a model sees.
    ///   - risks: the policies' risks.
    package init(
        _ trace: DemandTrace, leadSeconds: Int, holdSeconds: Int, historySeconds: Int, risks: Set<Double>,
        refitSeconds: Int = 3600
    ) {
        let step = trace.stepSeconds
        stepSeconds = step
        self.risks = risks.sorted()
        let first = max(1, (leadSeconds + step - 1) / step)
        window = Window(first: first, last: first + 1)
        var lead = Model(window, self.risks.map { SignalForecast.quantile($0) })
        var hold = Model(
            Window(first: 1, last: max(first + 1, (holdSeconds + step - 1) / step)),
            self.risks.map { SignalForecast.quantile(Prediction.keepRisk($0)) })
        var entries: [Entry?] = []
        entries.reserveCapacity(trace.values.count)
        let refit = max(1, refitSeconds / step)
        for (index, value) in trace.values.enumerated() {
            lead.append(value)
            hold.append(value)
            if index % refit == 0 {
                let known = Array(trace.values[max(0, index + 1 - historySeconds / step)...index])
                lead.fit(known, stepSeconds: step)
                hold.fit(known, stepSeconds: step)
            }
            let keeps = hold.forecast()?.quantiles
            entries.append(
                lead.forecast().map {
                    Entry(expected: $0.expected, peaks: $0.quantiles, keeps: keeps, isTrusted: lead.isTrusted)
                })
        }
        self.entries = entries
    }

    /// What was foreseen at a moment, in a policy's unit.
    func outlook(atSeconds seconds: Int, scale: Double, risk: Double) -> Signal.Outlook? {
        let index = (seconds - Self.delaySeconds) / stepSeconds
        guard seconds >= Self.delaySeconds, entries.indices.contains(index), let entry = entries[index],
            let column = risks.firstIndex(of: risk)
        else { return nil }
        return Signal.Outlook(
            expectedPeak: entry.expected * scale, peak: entry.peaks[column] * scale,
            quantile: SignalForecast.quantile(risk), horizon: .seconds(window.last * stepSeconds), model: "",
            isTrusted: entry.isTrusted, keep: entry.keeps.map { $0[column] * scale })
    }
}
