import TimeSeries

/// One function over the windows of one series.
struct RangeFunction {
    let call: FunctionCall
    let plan: RangePlan
    let row: RangeRow
    let floats: WindowTable
    let histograms: WindowTable?
    /// The values of the other arguments at each step.
    let scalars: [[Double]]
    let times: Grid
    /// Throws once the query is to end; called now and then, as a window may hold millions of samples.
    let checkpoint: () throws(QueryError) -> Void

    var metric: String { row.name.labels.metricName }
    var position: SourceRange { plan.position }

    /// How numbers and histograms in the same window get on.
    private enum Mix {
        /// They exclude each other, with a warning.
        case exclusive
        /// Histograms are ignored, with a note where there are numbers as well.
        case numbersOnly
        /// All samples count.
        case together
    }

    private var mix: Mix {
        switch call.function {
        case .rate, .increase, .delta, .sumOverTime, .avgOverTime: .exclusive
        case .deriv, .predictLinear, .doubleExponentialSmoothing, .madOverTime, .maxOverTime, .minOverTime,
            .quantileOverTime, .stddevOverTime, .stdvarOverTime, .tsOfMaxOverTime, .tsOfMinOverTime:
            .numbersOnly
        default: .together
        }
    }

    /// Fills the last row of the result.
    func evaluate(
        into result: inout VectorColumns, annotations: inout Annotations
    ) throws(QueryError) {
        let base = (result.rows - 1) * result.steps
        guard let histograms else {
            try numbers(into: &result, base, annotations: &annotations)
            return
        }
        let mix = mix
        if mix == .together {
            for step in 0..<result.steps {
                if step & 0x3f == 0 { try checkpoint() }
                merged(step, floats.range(step), histograms.range(step), &result, base, &annotations)
            }
            return
        }
        try numbers(into: &result, base, annotations: &annotations)
        for step in 0..<result.steps where !histograms.isEmpty(step) {
            if step & 0x3f == 0 { try checkpoint() }
            switch mix {
            case .numbersOnly where !floats.isEmpty(step):
                annotations.ignoredHistogramsInRange(metric, position)
            case .exclusive where !floats.isEmpty(step):
                result.cells[base + step] = Cell.absent
                annotations.mixedFloatsAndHistograms(metric, position)
            case .exclusive:
                if let value = histogram(step, histograms.range(step), &annotations) {
                    result.set(base + step, value)
                }
            default: break
            }
        }
    }

    private func histogram(
        _ step: Int, _ range: Range<Int>, _ annotations: inout Annotations
    ) -> FloatHistogram? {
        guard let samples = row.histograms else { return nil }
        switch call.function {
        case .sumOverTime, .avgOverTime:
            return HistogramsOverTime(metric: metric, position: position)
                .total(samples.values[range], average: call.function == .avgOverTime, &annotations)
        default:
            return rate(at: step).histogram(samples, range, &annotations)
        }
    }

    func rate(at step: Int) -> Rate {
        Rate(
            end: plan.references.time(step), window: plan.window,
            isCounter: call.function != .delta, isPerSecond: call.function == .rate,
            rangeExtension: plan.rangeExtension, metric: metric, position: position)
    }

    // MARK: - Numbers

    private func numbers(
        into result: inout VectorColumns, _ base: Int, annotations: inout Annotations
    ) throws(QueryError) {
        let samples = row.floats
        let values = samples.values
        switch call.function {
        case .rate, .increase, .delta: rates(samples, &result, base, &annotations)
        case .sumOverTime:
            try sliding(SumSummary.self, &result, base) { summary, _ in summary.value }
        case .avgOverTime:
            try sliding(SumSummary.self, &result, base) { summary, range in
                // Where the sum overflows, the mean need not.
                summary.value.isInfinite
                    ? OverTime.average(values[range]) : summary.value / Double(range.count)
            }
        case .minOverTime: try sliding(LeastSummary.self, &result, base) { summary, _ in summary.value }
        case .maxOverTime: try sliding(GreatestSummary.self, &result, base) { summary, _ in summary.value }
        case .stdvarOverTime, .stddevOverTime:
            let isDeviation = call.function == .stddevOverTime
            try sliding(VarianceSummary.self, &result, base) { summary, range in
                let variance = summary.variance ?? OverTime.variance(values[range])
                return isDeviation ? variance.squareRoot() : variance
            }
        case .countOverTime: try each(&result, base) { Double($0.count) }
        case .presentOverTime: try each(&result, base) { _ in 1 }
        case .firstOverTime: try each(&result, base) { values[$0.lowerBound] }
        case .lastOverTime: try each(&result, base) { values[$0.upperBound - 1] }
        case .madOverTime: try each(&result, base) { OverTime.medianDeviation(values[$0]) }
        case .tsOfFirstOverTime: try each(&result, base) { seconds($0.lowerBound) }
        case .tsOfLastOverTime: try each(&result, base) { seconds($0.upperBound - 1) }
        case .tsOfMaxOverTime: try each(&result, base) { seconds(OverTime.lastIndex(of: >=, in: values[$0])) }
        case .tsOfMinOverTime: try each(&result, base) { seconds(OverTime.lastIndex(of: <=, in: values[$0])) }
        case .changes, .resets, .irate, .idelta: try consecutive(&result, base, &annotations)
        case .deriv, .predictLinear: lines(&result, base)
        case .quantileOverTime: quantiles(&result, base, &annotations)
        case .doubleExponentialSmoothing:
            for step in 0..<result.steps {
                if step & 0x3f == 0 { try checkpoint() }
                let value = OverTime.smoothed(
                    values[floats.range(step)], smoothing: scalars[0][step], trend: scalars[1][step])
                if let value { result.cells[base + step] = value }
            }
        default: break
        }
    }

    private func consecutive(
        _ result: inout VectorColumns, _ base: Int, _ annotations: inout Annotations
    ) throws(QueryError) {
        let counts = call.function == .changes || call.function == .resets
        if counts, plan.rangeExtension == nil {
            let passed = passedEvents()
            try each(&result, base) { Double(passed[$0.upperBound - 1] - passed[$0.lowerBound]) }
            return
        }
        for step in 0..<result.steps {
            if step & 0x3f == 0 { try checkpoint() }
            merged(step, floats.range(step), 0..<0, &result, base, &annotations)
        }
    }

    private func quantiles(_ result: inout VectorColumns, _ base: Int, _ annotations: inout Annotations) {
        var window = SortedWindow()
        for step in 0..<result.steps where !floats.isEmpty(step) {
            let quantile = scalars[0][step]
            if !(quantile >= 0 && quantile <= 1) {
                annotations.invalidQuantile(quantile, call.arguments[0].range)
            }
            let value = window.quantile(quantile, of: row.floats.values, in: floats.range(step))
            result.cells[base + step] = Evaluator.ordinary(value)
        }
    }

    private func lines(_ result: inout VectorColumns, _ base: Int) {
        let isDerivative = call.function == .deriv
        let origin = row.floats.times.milliseconds.first ?? 0
        var window = SlidingWindow<LineSummary>(row.floats)
        for step in 0..<result.steps where !floats.isEmpty(step) {
            let now = Double(times.time(step) &- origin) / 1000
            let line = window.summary(of: floats.range(step))?.line(at: now)
            guard let line else { continue }
            result.cells[base + step] =
                isDerivative ? line.slope : line.slope * scalars[0][step] + line.value
        }
    }

    /// One number for each window that is not empty, from the summary of its samples.
    @inline(__always)
    private func sliding<Summary: WindowSummary>(
        _ type: Summary.Type, _ result: inout VectorColumns, _ base: Int,
        _ value: (Summary, Range<Int>) -> Double
    ) throws(QueryError) {
        var window = SlidingWindow<Summary>(row.floats)
        for step in 0..<result.steps {
            if step & 0x3f == 0 { try checkpoint() }
            let range = floats.range(step)
            guard !range.isEmpty, let summary = window.summary(of: range) else { continue }
            result.cells[base + step] = Evaluator.ordinary(value(summary, range))
        }
    }

    /// One number for each window that is not empty.
    @inline(__always)
    private func each(
        _ result: inout VectorColumns, _ base: Int, _ value: (Range<Int>) -> Double
    ) throws(QueryError) {
        for step in 0..<result.steps {
            if step & 0x3f == 0 { try checkpoint() }
            let range = floats.range(step)
            if !range.isEmpty { result.cells[base + step] = Evaluator.ordinary(value(range)) }
        }
    }

    private func seconds(_ index: Int) -> Double { Double(row.floats.times.milliseconds[index]) / 1000 }

    private func rates(
        _ samples: FloatSamples, _ result: inout VectorColumns, _ base: Int,
        _ annotations: inout Annotations
    ) {
        let corrections =
            call.function == .delta || samples.starts != nil || plan.rangeExtension != nil
            ? nil : ResetCorrections(samples.values)
        for step in 0..<result.steps {
            let range = floats.range(step)
            guard !range.isEmpty else { continue }
            let value = rate(at: step).number(samples, range, corrections, &annotations)
            if let value { result.cells[base + step] = value }
        }
    }
}
