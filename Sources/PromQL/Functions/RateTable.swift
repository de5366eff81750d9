import TimeSeries

/// What `rate`, `increase` and `delta` need to know of each window and is the same for all series with the same
/// times: the samples at its ends, and how far an increase between them is extrapolated.
struct RateTable {
    /// The first sample of each window; -1 where there are fewer than two.
    private(set) var first: [Int32]
    private(set) var last: [Int32]
    /// Seconds between the two, and from the start of the window as far as is extrapolated.
    private(set) var covered: [Double]
    private(set) var before: [Double]
    private(set) var after: [Double]
    /// The factor where the counter's zero does not shorten `before`.
    private(set) var factor: [Double]
    private let seconds: Double

    init(_ times: [Int64], windows: WindowTable, references: Grid, window: Int64, isPerSecond: Bool) {
        let count = references.count
        first = [Int32](repeating: -1, count: count)
        last = first
        covered = [Double](repeating: 0, count: count)
        before = covered
        after = covered
        factor = covered
        seconds = isPerSecond ? Double(window) / 1000 : 1
        for step in 0..<count {
            let range = windows.range(step)
            guard range.count > 1 else { continue }
            let (low, high) = (times[range.lowerBound], times[range.upperBound - 1])
            let end = references.time(step)
            let span = Rate.Span(low, high, count: range.count)
            first[step] = Int32(truncatingIfNeeded: range.lowerBound)
            last[step] = Int32(truncatingIfNeeded: range.upperBound - 1)
            covered[step] = span.covered
            before[step] = span.extrapolated(Double(low &- (end &- window)) / 1000)
            after[step] = span.extrapolated(Double(end &- high) / 1000)
            factor[step] = (span.covered + before[step] + after[step]) / span.covered / seconds
        }
    }

    /// Writes the results of one series behind `base`. `corrections` is nil for what is no counter.
    func fill(_ cells: inout [Double], from base: Int, _ values: [Double], _ corrections: ResetCorrections?) {
        let values = values.span
        var cells = cells.mutableSpan
        let isCounter = corrections != nil
        for step in first.indices where first[step] >= 0 {
            let (low, high) = (Int(first[step]), Int(last[step]))
            var increase = values[high] - values[low]
            var factor = factor[step]
            if isCounter {
                increase += corrections?.total(from: low, to: high) ?? 0
                let start = values[low]
                // A counter cannot have been negative, so it is not extrapolated beyond its zero.
                if increase > 0, start >= 0, covered[step] * start < before[step] * increase {
                    let toZero = covered[step] * (start / increase)
                    factor = (covered[step] + toZero + after[step]) / covered[step] / seconds
                }
            }
            cells[base + step] = increase * factor
        }
    }
}

/// Tables by times, computed once for all series that share theirs.
struct RateCache {
    private let references: Grid
    private let window: Int64
    private let isPerSecond: Bool
    private var known: [ObjectIdentifier: RateTable] = [:]
    private var last: (identity: ObjectIdentifier, table: RateTable)?

    init(references: Grid, window: Int64, isPerSecond: Bool) {
        self.references = references
        self.window = window
        self.isPerSecond = isPerSecond
    }

    /// The table of times that `WindowCache` keeps alive.
    mutating func table(_ samples: FloatSamples, _ windows: WindowTable) -> RateTable {
        let identity = ObjectIdentifier(samples.times)
        if let last, last.identity == identity { return last.table }
        if let table = known[identity] {
            last = (identity, table)
            return table
        }
        let table = RateTable(
            samples.times.milliseconds, windows: windows, references: references, window: window,
            isPerSecond: isPerSecond)
        known[identity] = table
        last = (identity, table)
        return table
    }
}
