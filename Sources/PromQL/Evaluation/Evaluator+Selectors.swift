import TimeSeries

/// Instant vector selectors.
extension Evaluator {
    /// What a selector yields of the sample it finds.
    enum SelectedValue { case value, timestamp, startTimestamp }

    func evaluate(
        _ plan: SelectorPlan, _ grid: Grid, yielding: SelectedValue = .value
    ) throws(QueryError) -> VectorColumns {
        let result = try uncounted(plan, grid, yielding)
        counts?.add(result)
        return result
    }

    func uncounted(
        _ plan: SelectorPlan, _ grid: Grid, _ yielding: SelectedValue
    ) throws(QueryError) -> VectorColumns {
        // Times are those of samples all the same.
        if plan.selector.rangeExtension == .smoothed, yielding == .value { return try smoothed(plan, grid) }
        let task = SelectorTask(
            plan: plan, yielding: yielding, steps: grid.count, lookback: lookback, budget: budget,
            interruption: interruption)
        let costOfSeries = max(8, grid.count)
        if let unread = pieces[plan.selection] {
            return try evaluate(unread, costOfSeries, grid) { series, part, found throws(QueryError) in
                try task.add(series, series.indices, to: &part.vector, found)
            }
        }
        let series = columns[plan.selection]
        let pieces = workers.pieces(of: series.count, work: series.count * costOfSeries)
        let parts = try workers.map(pieces.count) { piece throws(QueryError) in
            try task.evaluate(series, pieces[piece])
        }
        return VectorColumns(joining: parts.map(\.vector), steps: grid.count)
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

        /// A bucket stands for its moment as long as it is wide, where that is more than the lookback, or until its series
        /// ended.
        init(_ times: [Int64], references: Grid, lookback: Int64, rollups: [RollupBucket] = []) {
            var latest = [Int32](repeating: -1, count: references.count)
            var next = 0
            var hasAny = false
            if references.count == 1 || references.step == 0 {
                next = times.firstIndex(after: references.start)
            }
            for step in 0..<references.count {
                let time = references.time(step)
                while next < times.count, times[next] <= time { next += 1 }
                guard next > 0 else { continue }
                var width: Int64 = 0
                if next <= rollups.count {
                    let bucket = rollups[next - 1]
                    if let end = bucket.endedAt, end <= time { continue }
                    width = bucket.end &- bucket.start
                }
                if times[next - 1] > time &- max(lookback, width) {
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

    func indices(in times: TimeColumn, rollups: [RollupBucket]) -> Indices {
        Indices(times.milliseconds, references: references, lookback: lookback, rollups: rollups)
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
