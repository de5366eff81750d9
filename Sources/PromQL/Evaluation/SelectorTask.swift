import TimeSeries

/// An instant selector over some of its series: what workers share.
struct SelectorTask: Sendable {
    let plan: SelectorPlan
    let yielding: Evaluator.SelectedValue
    let steps: Int
    let lookback: Int64
    let budget: SampleBudget
    let interruption: Interruption

    func evaluate(_ series: [SeriesColumns], _ numbers: Range<Int>) throws(QueryError) -> EvaluatedPart {
        try EvaluatedPart.made(steps: steps, interruption) { part throws(QueryError) in
            let room = max(0, budget.limit - budget.held) / max(1, steps)
            part.vector.reserve(rows: min(numbers.count, room))
            try add(series, numbers, to: &part.vector) { _ throws(QueryError) in try budget.charge(steps) }
        }
    }

    /// - Parameter kept: called for each series with a row of its own.
    func add(
        _ series: [SeriesColumns], _ numbers: Range<Int>, to result: inout VectorColumns,
        _ kept: (Int) throws(QueryError) -> Void
    ) throws(QueryError) {
        var lookups = LookupCache(references: plan.references, lookback: lookback)
        // Through a span, elements are looked at where they are instead of being copied with all they hold on to.
        let series = series.span
        for number in numbers {
            if number & 0xff == 0 { try interruption.check() }
            let indices =
                series[number].rollups.map { lookups.indices(in: series[number].times, rollups: $0) }
                ?? lookups.indices(in: series[number].times)
            guard indices.hasAny else { continue }
            let row = result.appendRow(SeriesName(labels: series[number].labels))
            let found =
                switch yielding {
                case .value where series[number].histograms == nil:
                    SelectorTask.fill(&result, row, series[number].values, indices.latest)
                case .value:
                    SelectorTask.fill(
                        &result, row, plan.detectsResets ? series[number].withDetectedResets : series[number],
                        indices.latest)
                default: SelectorTask.fill(&result, row, series[number], indices.latest, yielding)
                }
            if found { try kept(number) } else { result.removeLastRow() }
        }
    }

    /// Fills a row with numbers; false where there are none.
    private static func fill(
        _ result: inout VectorColumns, _ row: Int, _ values: [Double], _ latest: [Int32]
    ) -> Bool {
        let base = row * result.steps
        let values = values.span
        let latest = latest.span
        var cells = result.cells.mutableSpan
        var found = false
        for step in latest.indices where latest[step] >= 0 {
            let value = values[Int(latest[step])]
            if Cell.isStale(value) { continue }
            found = true
            cells[base + step] = Evaluator.ordinary(value)
        }
        return found
    }

    /// Fills a row with numbers and histograms.
    private static func fill(
        _ result: inout VectorColumns, _ row: Int, _ column: SeriesColumns, _ latest: [Int32]
    ) -> Bool {
        let base = row * result.steps
        var found = false
        for step in latest.indices where latest[step] >= 0 && !Cell.isStale(column.values[Int(latest[step])])
        {
            found = true
            if let histogram = column.histograms?[Int(latest[step])] {
                result.set(base + step, histogram)
            } else {
                result.cells[base + step] = Evaluator.ordinary(column.values[Int(latest[step])])
            }
        }
        return found
    }

    /// Fills a row with times of samples.
    private static func fill(
        _ result: inout VectorColumns, _ row: Int, _ column: SeriesColumns, _ latest: [Int32],
        _ yielding: Evaluator.SelectedValue
    ) -> Bool {
        let base = row * result.steps
        var found = false
        for step in latest.indices where latest[step] >= 0 {
            let index = Int(latest[step])
            if Cell.isStale(column.values[index]) { continue }
            found = true
            let time =
                yielding == .timestamp ? column.times.milliseconds[index] : column.startTimes?[index] ?? 0
            result.cells[base + step] = Double(time) / 1000
        }
        return found
    }
}
