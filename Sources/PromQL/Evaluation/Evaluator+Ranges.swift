import TimeSeries

/// Functions over range vectors.
extension Evaluator {
    /// The rows of a range vector, their windows not cut yet.
    /// - Parameter isResult: whether the query yields them as they are.
    func rows(_ plan: RangePlan, isResult: Bool = false) throws(QueryError) -> RangeRows {
        trace?.begin(plan)
        let isResult = isResult && plan.isSubquery
        let rows = try unobservedRows(plan, isResult: isResult)
        trace?.end(
            series: rows.count, input: plan.isSubquery ? nil : rows.sampleCount, output: rows.sampleCount)
        if !isResult { counts?.add(rows, plan, lookback: lookback) }
        return rows
    }

    private func unobservedRows(_ plan: RangePlan, isResult: Bool) throws(QueryError) -> RangeRows {
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
            counts?.begin(steps: inner.count)
            let result = try evaluate(node, inner)
            if isResult { counts?.endRepeated() } else { counts?.discard() }
            switch result {
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
        let task = RangeCallTask(
            call: call, plan: plan, scalars: scalars, grid: grid, lookback: lookback, features: features,
            budget: budget, interruption: interruption)
        if case .selector(let selection, _, let detectsResets) = plan.source, let unread = pieces[selection] {
            let costOfSeries = Evaluator.costOfRow + Evaluator.weight(call.function) * grid.count
            var result = try evaluate(unread, costOfSeries, grid) { series, part, found throws(QueryError) in
                try task.evaluate(series, detectsResets, to: &part, found)
            }
            if !delaysNameRemoval { try mergeEqual(&result) }
            return result
        }
        let rows = try rows(plan)
        if call.function.isExtension { return try forecasts(call, plan, rows, scalars, grid) }
        if call.function == .absentOverTime { return try absentOverTime(call, rows, plan, grid) }
        let costOfRow =
            Evaluator.costOfRow + Evaluator.weight(call.function)
            * (grid.count + (rows.count > 0 ? rows.sampleCountOfFirst : 0))
        let pieces = workers.pieces(of: rows.count, work: rows.count * costOfRow)
        let parts = try workers.map(pieces.count) { piece throws(QueryError) in
            try task.evaluate(rows, pieces[piece])
        }
        var result = VectorColumns(joining: parts.map(\.vector), steps: grid.count)
        for part in parts { annotations.add(part.annotations) }
        release(rows.derivedCount)
        if !delaysNameRemoval { try mergeEqual(&result) }
        return result
    }

    /// What a row takes besides its samples and steps, in steps that could be worked out meanwhile: about a microsecond.
    private static let costOfRow = 256

    /// How much longer a function takes for a row than those that add up.
    private static func weight(_ function: Function) -> Int {
        switch function {
        case .quantileOverTime, .madOverTime: 8
        case .deriv, .predictLinear, .doubleExponentialSmoothing: 4
        default: 1
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
            let rolled = row.rollups.map {
                RollupFunction.presence($0, plan.references, window: plan.window)
            }
            for step in 0..<grid.count where !isPresent[step] {
                isPresent[step] =
                    rolled?[step] ?? false || !floats.isEmpty(step) || !(histograms?.isEmpty(step) ?? true)
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
