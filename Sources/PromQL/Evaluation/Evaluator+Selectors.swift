import TimeSeries

/// Instant vector selectors.
extension Evaluator {
    /// What a selector yields of the sample it finds.
    enum SelectedValue { case value, timestamp, startTimestamp }

    func evaluate(
        _ plan: SelectorPlan, _ grid: Grid, yielding: SelectedValue = .value
    ) throws(QueryError) -> VectorColumns {
        if plan.selector.rangeExtension == .smoothed { return try smoothed(plan, grid) }
        var result = VectorColumns(steps: grid.count)
        var lookups = LookupCache(references: plan.references, lookback: lookback)
        let all = columns[plan.selection]
        result.reserve(rows: min(all.count, budgetLeft / max(1, grid.count)))
        // Through a span, elements are looked at where they are instead of being copied with all they hold on to.
        let series = all.span
        for number in series.indices {
            if number & 0xff == 0 { try checkpoint() }
            let indices = lookups.indices(in: series[number].times)
            guard indices.hasAny else { continue }
            try charge(grid.count)
            let row = result.appendRow(SeriesName(labels: series[number].labels))
            let found =
                switch yielding {
                case .value where series[number].histograms == nil:
                    Evaluator.fill(&result, row, series[number].values, indices.latest)
                case .value:
                    Evaluator.fill(
                        &result, row, plan.detectsResets ? series[number].withDetectedResets : series[number],
                        indices.latest)
                default:
                    Evaluator.fill(&result, row, series[number], indices.latest, yielding)
                }
            if !found {
                result.removeLastRow()
                release(grid.count)
            }
        }
        return result
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
            cells[base + step] = ordinary(value)
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
                result.cells[base + step] = ordinary(column.values[Int(latest[step])])
            }
        }
        return found
    }

    /// Fills a row with times of samples.
    private static func fill(
        _ result: inout VectorColumns, _ row: Int, _ column: SeriesColumns, _ latest: [Int32],
        _ yielding: SelectedValue
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

    /// A number as it may stand in a cell: foreign NaNs that look like our markers become ordinary ones.
    @inline(__always)
    static func ordinary(_ value: Double) -> Double {
        value.isNaN && !Cell.isNumber(value) ? Marker.notANumber : value
    }

    /// Interpolates between the samples before and after each step, both within the lookback.
    private func smoothed(_ plan: SelectorPlan, _ grid: Grid) throws(QueryError) -> VectorColumns {
        var result = VectorColumns(steps: grid.count)
        for column in columns[plan.selection] {
            try checkpoint()
            let range = RangeRow(column)
            let floats = WindowTable(
                range.floats.times.milliseconds, references: plan.references, window: lookback,
                after: lookback)
            let histograms = range.histograms.map {
                WindowTable(
                    $0.times.milliseconds, references: plan.references, window: lookback, after: lookback)
            }
            try charge(grid.count)
            let row = result.appendRow(SeriesName(labels: column.labels))
            for step in 0..<grid.count {
                let time = plan.references.time(step)
                let hasFloats = !floats.isEmpty(step)
                let hasHistograms = histograms.map { !$0.isEmpty(step) } ?? false
                if hasFloats, hasHistograms {
                    annotations.mixedFloatsAndHistograms(column.labels.metricName, plan.selector.range)
                } else if hasFloats {
                    result.cells[row * grid.count + step] =
                        Smoothing.value(range.floats, floats.range(step), at: time) ?? Cell.absent
                } else if hasHistograms, let samples = range.histograms, let histograms {
                    let smoothed = Smoothing.histogram(
                        samples, histograms.range(step), at: time, annotations: &annotations,
                        metric: column.labels.metricName, position: plan.selector.range)
                    if let smoothed { result.set(row * grid.count + step, smoothed) }
                }
            }
            if result.isEmpty(row: row) {
                result.removeLastRow()
                release(grid.count)
            }
        }
        return result
    }
}

/// For each step the latest sample within the lookback; computed once for all series that share their times.
struct LookupCache {
    final class Indices {
        /// -1 where there is none.
        let latest: [Int32]
        let hasAny: Bool

        init(_ times: [Int64], references: Grid, lookback: Int64) {
            var latest = [Int32](repeating: -1, count: references.count)
            var next = 0
            var hasAny = false
            if references.count == 1 || references.step == 0 {
                next = times.firstIndex(after: references.start)
            }
            for step in 0..<references.count {
                let time = references.time(step)
                while next < times.count, times[next] <= time { next += 1 }
                if next > 0, times[next - 1] > time &- lookback {
                    latest[step] = Int32(truncatingIfNeeded: next - 1)
                    hasAny = true
                }
            }
            self.latest = latest
            self.hasAny = hasAny
        }
    }

    private let references: Grid
    private let lookback: Int64
    private var known: [ObjectIdentifier: Indices] = [:]
    private var last: (times: TimeColumn, indices: Indices)?

    init(references: Grid, lookback: Int64) {
        self.references = references
        self.lookback = lookback
    }

    mutating func indices(in times: TimeColumn) -> Indices {
        if let last, last.times === times { return last.indices }
        let indices =
            known[ObjectIdentifier(times)]
            ?? Indices(times.milliseconds, references: references, lookback: lookback)
        known[ObjectIdentifier(times)] = indices
        last = (times, indices)
        return indices
    }
}

extension [Int64] {
    /// The index of the first element greater than `value`, in an ascending array.
    func firstIndex(after value: Int64) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] <= value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
