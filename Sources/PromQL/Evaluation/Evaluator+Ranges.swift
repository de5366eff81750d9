import TimeSeries

/// Functions over range vectors.
extension Evaluator {
    /// The rows of a range vector, their windows not cut yet.
    func rows(_ plan: RangePlan) throws(QueryError) -> RangeRows {
        switch plan.source {
        case .selector(let selection, _, let detectsResets):
            return RangeRows(
                columns[selection], usesStarts: features.contains(.startTimestamps),
                detectsResets: detectsResets)
        case .subquery(let node, let inner, _):
            guard inner.count > 0 else { return RangeRows([], usesStarts: false, detectsResets: false) }
            try charge(inner.count)
            defer { release(inner.count) }
            let vector: VectorColumns
            switch try evaluate(node, inner) {
            case .vector(let result): vector = result
            case .scalar(let values):
                vector = VectorColumns(
                    steps: inner.count, names: [SeriesName(labels: .empty)], cells: values)
            case .string: throw QueryError(.internalError, "expected an instant vector")
            }
            return RangeRows(vector, at: TimeColumn((0..<inner.count).map(inner.time)))
        }
    }

    func evaluate(
        _ call: FunctionCall, _ plan: RangePlan, _ arguments: [PlanNode], _ grid: Grid
    ) throws(QueryError) -> VectorColumns {
        var scalars: [[Double]] = []
        for argument in arguments { scalars.append(try scalar(argument, grid)) }
        try Evaluator.checkFactors(call.function, scalars)
        let rows = try rows(plan)
        if call.function == .absentOverTime { return try absentOverTime(call, rows, plan, grid) }
        let keepsName = call.function == .lastOverTime || call.function == .firstOverTime
        let before = plan.rangeExtension == nil ? 0 : lookback
        let after = plan.rangeExtension == .smoothed ? lookback : 0
        var cache = WindowCache(references: plan.references, window: plan.window &+ before, after: after)
        var rates = RateCache(
            references: plan.references, window: plan.window, isPerSecond: call.function == .rate)
        let isRate = plan.rangeExtension == nil && [.rate, .increase, .delta].contains(call.function)
        var result = VectorColumns(steps: grid.count)
        result.reserve(rows: min(rows.count, budgetLeft / max(1, grid.count)))
        for number in 0..<rows.count {
            if number & 0xf == 0 { try checkpoint() }
            let row = rows[number]
            let windows = cache.windows(of: row.floats.times)
            let histogramWindows = row.histograms.map { cache.windows(of: $0.times) }
            try charge(grid.count)
            result.appendRow(keepsName ? row.name : withoutName(row.name))
            let isPlain = isRate && row.histograms == nil && row.floats.starts == nil
            let corrections = isPlain && call.function != .delta ? ResetCorrections(row.floats.values) : nil
            if isPlain, corrections?.isFinite ?? true {
                rates.table(row.floats, windows).fill(
                    &result.cells, from: (result.rows - 1) * grid.count, row.floats.values, corrections)
            } else {
                try RangeFunction(
                    call: call, plan: plan, row: row, floats: windows, histograms: histogramWindows,
                    scalars: scalars, times: grid, checkpoint: checkpoint
                ).evaluate(into: &result, annotations: &annotations)
            }
            if result.isEmpty(row: result.rows - 1) {
                result.removeLastRow()
                release(grid.count)
            } else {
                hintAtCounters(call, row, result)
            }
        }
        if !delaysNameRemoval { try mergeEqual(&result) }
        return result
    }

    /// `rate` and `increase` of what does not look like a counter.
    private func hintAtCounters(_ call: FunctionCall, _ row: RangeRow, _ result: VectorColumns) {
        guard call.function == .rate || call.function == .increase else { return }
        let checksType = features.contains(.typeAndUnitLabels)
        if !checksType, row.name.labels.isNamedAsCounter { return }
        let name = row.name.labels.metricName
        let last = result.range(of: result.rows - 1)
        guard !name.isEmpty, result.cells[last].contains(where: Cell.isNumber) else { return }
        let position = call.arguments[0].range
        if checksType {
            let type = row.name.labels["__type__"] ?? ""
            if type != "counter", type != "histogram" {
                annotations.maybeNotACounter(name, type: type, position)
            }
        } else {
            annotations.maybeNotACounter(name, position)
        }
    }

    private static func checkFactors(_ function: Function, _ scalars: [[Double]]) throws(QueryError) {
        guard function == .doubleExponentialSmoothing else { return }
        for (name, values) in [("smoothing", scalars[0]), ("trend", scalars[1])] {
            let short = name == "smoothing" ? "sf" : "tf"
            if let bad = values.first(where: { $0 <= 0 || $0 >= 1 }) {
                throw QueryError(
                    .execution,
                    "invalid \(name) factor. Expected: 0 < \(short) < 1, got: \(NumberSyntax.plainText(bad))")
            }
        }
    }

    private func absentOverTime(
        _ call: FunctionCall, _ rows: RangeRows, _ plan: RangePlan, _ grid: Grid
    ) throws(QueryError) -> VectorColumns {
        var isPresent = [Bool](repeating: false, count: grid.count)
        var cache = WindowCache(references: plan.references, window: plan.window, after: 0)
        for number in 0..<rows.count {
            try checkpoint()
            let row = rows[number]
            let floats = cache.windows(of: row.floats.times)
            let histograms = row.histograms.map { cache.windows(of: $0.times) }
            for step in 0..<grid.count where !isPresent[step] {
                isPresent[step] = !floats.isEmpty(step) || !(histograms?.isEmpty(step) ?? true)
            }
        }
        return try absent(call, isPresent)
    }

    /// One row, 1 wherever nothing is present.
    func absent(_ call: FunctionCall, _ isPresent: [Bool]) throws(QueryError) -> VectorColumns {
        var result = VectorColumns(steps: isPresent.count)
        guard isPresent.contains(false) else { return result }
        try charge(isPresent.count)
        result.appendRow(
            SeriesName(
                labels: Evaluator.labelsOfAbsent(call.arguments[0]), dropsName: delaysNameRemoval))
        for step in isPresent.indices where !isPresent[step] { result.cells[step] = 1 }
        return result
    }

    /// The labels that a selector fixes by equality, each asked for once.
    private static func labelsOfAbsent(_ argument: Expression) -> Labels {
        let matchers: [Matcher]
        switch argument.unwrapped {
        case .selector(let selector): matchers = selector.matchers
        case .matrix(let matrix): matchers = matrix.selector.matchers
        default: return .empty
        }
        var labels: [(name: String, value: String)] = []
        var seen: Set<String> = []
        for matcher in matchers where matcher.name != "__name__" {
            if matcher.operation == .equal, seen.insert(matcher.name).inserted {
                labels.append((matcher.name, matcher.value))
            } else {
                labels.removeAll { $0.name == matcher.name }
            }
        }
        return Labels(labels)
    }
}
