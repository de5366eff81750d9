import TimeSeries

/// How many samples the selectors of a query look at in each step, as Prometheus counts them for `stats`: a sample once
/// for each step that sees it, a histogram by its size, the results of a subquery where they are looked at.
struct SampleCounts {
    /// By step, of the part that is evaluated and of those around it, the innermost last.
    private var open: [[Int]]
    /// Of shared parts, by number.
    private var known: [Int: [Int]] = [:]

    init(steps: Int) { open = [[Int](repeating: 0, count: steps)] }

    /// Of the whole query, by step.
    var perStep: [Int] { open[0] }

    mutating func begin(steps: Int) { open.append([Int](repeating: 0, count: steps)) }

    /// Ends the part begun last, whose counts belong to the same steps of the part around it.
    mutating func end(shared number: Int) {
        guard let counts = open.popLast() else { return }
        known[number] = counts
        add(counts)
    }

    /// Counts a shared part again, which Prometheus evaluates each time.
    mutating func add(shared number: Int) {
        if let counts = known[number] { add(counts) }
    }

    /// Ends a part that is the same at each step: each looked at all of it.
    mutating func endRepeated() {
        guard let counts = open.popLast() else { return }
        let total = counts.reduce(0, +)
        for step in open[open.count - 1].indices { open[open.count - 1][step] += total }
    }

    /// Ends the steps of a subquery, which are counted by who looks at their results.
    mutating func discard() { open.removeLast() }

    /// Counts what a selector found.
    mutating func add(_ vector: VectorColumns) {
        for index in vector.cells.indices where !Cell.isAbsent(vector.cells[index]) {
            open[open.count - 1][index % vector.steps] += vector.histograms[index]?.sampleSize ?? 1
        }
    }

    /// Counts the windows of a range vector.
    mutating func add(_ rows: RangeRows, _ plan: RangePlan, lookback: Int64) {
        let before = plan.rangeExtension == nil ? 0 : lookback
        let after = plan.rangeExtension == .smoothed ? lookback : 0
        var cache = WindowCache(references: plan.references, window: plan.window &+ before, after: after)
        for number in 0..<rows.count {
            let row = rows[number]
            let floats = cache.windows(of: row.floats.times)
            let histograms = row.histograms.map { (samples: $0.values, windows: cache.windows(of: $0.times)) }
            for step in open[open.count - 1].indices where step < plan.references.count {
                var count = floats.range(step).count
                if let histograms {
                    for index in histograms.windows.range(step) {
                        count += histograms.samples[index].sampleSize
                    }
                }
                open[open.count - 1][step] += count
            }
        }
    }

    private mutating func add(_ counts: [Int]) {
        for step in counts.indices where step < open[open.count - 1].count {
            open[open.count - 1][step] += counts[step]
        }
    }
}

extension FloatHistogram {
    /// Its size in samples of sixteen bytes: 168 bytes, and eight for each span, bucket and bound.
    var sampleSize: Int {
        let parts =
            positiveRuns.count + positiveBuckets.count + negativeRuns.count + negativeBuckets.count
            + customBounds.count
        return (168 + 8 * parts + 8) / 16
    }
}
