import Forecasting
import TimeSeries

/// `forecast`, `trend`, `seasonality` and `anomaly_score`: our extension of the language.
extension Evaluator {
    func forecasts(
        _ call: FunctionCall, _ plan: RangePlan, _ rows: RangeRows, _ scalars: [[Double]], _ grid: Grid
    ) throws(QueryError) -> VectorColumns {
        if call.function == .forecast {
            try Evaluator.checkHorizons(scalars[0])
            noteQuantiles(call, scalars.dropFirst().first ?? [])
        }
        var result = VectorColumns(steps: grid.count)
        for number in 0..<rows.count {
            try checkpoint()
            let row = rows[number]
            try charge(grid.count)
            result.appendRow(withoutName(row.name))
            try fill(&result, call, plan, row, scalars)
            if result.isEmpty(row: result.rows - 1) {
                result.removeLastRow()
                release(grid.count)
            }
        }
        if !delaysNameRemoval { try mergeEqual(&result) }
        return result
    }

    /// One row, hour by hour.
    private func fill(
        _ result: inout VectorColumns, _ call: FunctionCall, _ plan: RangePlan, _ row: RangeRow,
        _ scalars: [[Double]]
    ) throws(QueryError) {
        let base = (result.rows - 1) * result.steps
        let metric = row.name.labels.metricName
        var forecast: SeriesForecast?
        var hour: Int64?
        if row.histograms != nil, !row.floats.values.isEmpty {
            annotations.ignoredHistogramsInRange(metric, plan.position)
        }
        for step in 0..<result.steps {
            let time = plan.references.time(step)
            let aligned = ForecastHistory.aligned(time)
            if hour != aligned {
                try checkpoint()
                hour = aligned
                forecast = ForecastHistory(
                    row.floats, hour: aligned, window: plan.window, subqueryStep: plan.subqueryStep
                ).map { SeriesForecast($0, cache: models) }
                if forecast == nil, row.floats.hasSample(in: aligned &- plan.window, time) {
                    annotations.historyTooShort(metric, call.range)
                }
            }
            guard forecast != nil else { continue }
            let value: Double?
            switch call.function {
            case .forecast:
                let horizon = scalars[0][step]
                guard !horizon.isNaN else { continue }
                let quantile = scalars.count > 1 ? scalars[1][step] : nil
                let answer = forecast?.ahead(seconds: horizon, quantile: quantile, at: time)
                if answer == .tooFar { annotations.horizonTooFar(metric, call.range) }
                if case .value(_, isTrusted: false) = answer {
                    annotations.untrustedForecast(metric, call.range)
                }
                value = if case .value(let value, _) = answer { value } else { nil }
            case .trend: value = forecast?.trend(at: time)
            case .seasonality: value = forecast?.season(at: time)
            default: value = forecast?.score(at: time)
            }
            if let value { result.cells[base + step] = Evaluator.ordinary(value) }
        }
    }

    private static func checkHorizons(_ horizons: [Double]) throws(QueryError) {
        guard let bad = horizons.first(where: { $0 <= 0 }) else { return }
        throw QueryError(
            .execution,
            "invalid forecast horizon. Expected: more than 0 seconds, got: \(NumberSyntax.plainText(bad))")
    }

    private func noteQuantiles(_ call: FunctionCall, _ quantiles: [Double]) {
        guard let bad = quantiles.first(where: { !($0 >= 0 && $0 <= 1) }) else { return }
        annotations.invalidQuantile(bad, call.arguments[2].range)
    }
}

extension FloatSamples {
    /// Whether there is a sample in `(start, end]`.
    fileprivate func hasSample(in start: Int64, _ end: Int64) -> Bool {
        let index = times.milliseconds.firstIndex(after: start)
        return index < times.milliseconds.count && times.milliseconds[index] <= end
    }
}

extension RangePlan {
    /// The step of a subquery; nil for samples read as they are.
    fileprivate var subqueryStep: Int64? {
        if case .subquery(_, let grid, _) = source { max(1, grid.step) } else { nil }
    }
}

extension Annotations {
    fileprivate mutating func historyTooShort(_ name: String, _ position: SourceRange) {
        inform(
            "fewer than \(ForecastHistory.leastValues) values before the full hour, too few to fit a model"
                + Annotations.forMetric(name), position)
    }

    fileprivate mutating func horizonTooFar(_ name: String, _ position: SourceRange) {
        inform(
            "the forecast horizon is longer than the history before the full hour"
                + Annotations.forMetric(name), position)
    }

    fileprivate mutating func untrustedForecast(_ name: String, _ position: SourceRange) {
        inform(
            "the forecast was no better than the last value when tried on the history"
                + Annotations.forMetric(name), position)
    }
}
