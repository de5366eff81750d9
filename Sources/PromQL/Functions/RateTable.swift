import TimeSeries

/// What `rate`, `increase` and `delta` need to know of each window and is the same for all series with the same
/// times: the samples at its ends, and how far an increase between them is extrapolated.
struct RateTable {
    struct Window {
        /// The first sample of the window and the last one; no window with fewer than two is here.
        var first: Int32
        var last: Int32
        var step: Int
        /// Seconds between the two, and from the start and to the end of the window as far as is extrapolated.
        var covered: Double
        var before: Double
        var after: Double
        /// The factor where the counter's zero does not shorten `before`.
        var factor: Double
    }

    private var windows: [Window] = []
    private let seconds: Double

    init(_ times: [Int64], windows table: WindowTable, references: Grid, window: Int64, isPerSecond: Bool) {
        seconds = isPerSecond ? Double(window) / 1000 : 1
        windows.reserveCapacity(references.count)
        for step in 0..<references.count {
            let range = table.range(step)
            guard range.count > 1 else { continue }
            let (low, high) = (times[range.lowerBound], times[range.upperBound - 1])
            let end = references.time(step)
            let span = Rate.Span(low, high, count: range.count)
            let before = span.extrapolated(Double(low &- (end &- window)) / 1000)
            let after = span.extrapolated(Double(end &- high) / 1000)
            windows.append(
                Window(
                    first: Int32(truncatingIfNeeded: range.lowerBound),
                    last: Int32(truncatingIfNeeded: range.upperBound - 1), step: step, covered: span.covered,
                    before: before, after: after,
                    factor: (span.covered + before + after) / span.covered / seconds))
        }
    }

    /// Writes the results of one series behind `base`. `corrections` is nil for what is no counter.
    func fill(_ cells: inout [Double], from base: Int, _ values: [Double], _ corrections: ResetCorrections?) {
        let values = values.span
        let windows = windows.span
        var cells = cells.mutableSpan
        let isCounter = corrections != nil
        for index in windows.indices {
            let window = windows[index]
            let (low, high) = (Int(window.first), Int(window.last))
            var increase = values[high] - values[low]
            var factor = window.factor
            if isCounter {
                increase += corrections?.total(from: low, to: high) ?? 0
                let start = values[low]
                // A counter cannot have been negative, so it is not extrapolated beyond its zero.
                if increase > 0, start >= 0, window.covered * start < window.before * increase {
                    let toZero = window.covered * (start / increase)
                    factor = (window.covered + toZero + window.after) / window.covered / seconds
                }
            }
            cells[base + window.step] = increase * factor
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
