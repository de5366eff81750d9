import Fleet
import TimeSeries

extension Measurer {
    /// What a round leaves in the store: `flyball_signal` as measured, and `flyball_forecast` at the moment
    /// it was made, for the peak within `horizon`; `quantile="mean"` is its expectation; and how forecasts turned
    /// out: `flyball_forecast_error_ratio`, `flyball_forecast_coverage_ratio`.
    static func samples(
        _ policy: ScalingPolicy, _ signal: SignalPolicy, _ reading: Signal.Reading,
        _ answer: SignalForecast.Answer?, share: Double?, at now: Timestamp
    ) -> [SeriesSamples] {
        let common = [
            (name: "policy", value: policy.name), (name: "workload", value: policy.workload.name),
            (name: "signal", value: signal.name),
        ]
        var series: [SeriesSamples] = []
        func add(_ name: String, _ labels: [(name: String, value: String)], _ value: Double) {
            guard value.isFinite else { return }
            series.append(
                SeriesSamples(
                    labels: Labels([(name: "__name__", value: name)] + common + labels),
                    samples: [Sample(now, value)]))
        }
        if case .value(let value, _) = reading { add("flyball_signal", [], value) }
        // With the replicas that are ready this is the capacity, to be drawn against the demand.
        if case .perReplica(let target) = signal.target {
            add("flyball_signal_per_replica", [], (signal.learnsFrom == nil ? nil : share) ?? target)
        }
        guard let answer else { return series }
        let horizon = (name: "horizon", value: answer.outlook.horizon.prometheusText)
        // Only totals are foreseen, which are never below zero.
        func add(forecast value: Double, _ quantile: String) {
            add("flyball_forecast", [horizon, (name: "quantile", value: quantile)], max(0, value))
        }
        add(forecast: answer.outlook.expectedPeak, "mean")
        for (quantile, value) in answer.quantiles { add(forecast: value, "\(quantile)") }
        add("flyball_forecast_trusted", [], answer.outlook.isTrusted ? 1 : 0)
        if let ratio = answer.errorRatio { add("flyball_forecast_error_ratio", [horizon], ratio) }
        if let coverage = answer.coverage {
            let planned = (name: "quantile", value: "\(answer.outlook.quantile)")
            add("flyball_forecast_coverage_ratio", [horizon, planned], coverage)
        }
        return series
    }
}
