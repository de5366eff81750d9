/// What remains of the samples of a series in a window of time once the samples themselves are gone: enough for
/// `count`, `sum`, `avg`, `min`, `max`, `first`, `last` and `quantile_over_time`, `rate` and `increase`.
package struct RollupBucket: Hashable, Sendable {
    /// The window `(start, end]` in milliseconds, left open as the windows of PromQL. A single sample has the
    /// window of its own millisecond.
    package var start: Int64
    package var end: Int64
    /// Samples, NaNs among them, stale markers not. Never 0.
    package var count: Double
    package var sum: Double
    /// Of all that are not NaN; NaN where all are.
    package var min: Double
    package var max: Double
    package var first: Double
    package var last: Double
    package var firstTime: Int64
    package var lastTime: Int64
    /// When the series ended behind the last sample, as its stale marker says; nil where it is not known to.
    package var endedAt: Int64?
    /// What resets took from a counter: the value before each drop, added up.
    package var lost: Double
    /// Of all samples that are not NaN; nil where it has not been read. Without bins, all are in the bin of `min`.
    package var sketch: QuantileSketch?

    /// The bucket of one sample.
    package init(time: Int64, value: Double) {
        start = time &- 1
        end = time
        count = 1
        sum = value
        min = value
        max = value
        first = value
        last = value
        firstTime = time
        lastTime = time
        lost = 0
        sketch = nil
    }

    /// The increase of a counter from the first to the last sample.
    package var increase: Double { last - first + lost }

    /// Adds the samples of another bucket of the same window, as of series that are stored in two places.
    package mutating func add(_ other: RollupBucket) {
        let bothSketches = [self, other].map(\.wholeSketch)
        lost += other.lost
        if other.lastTime < firstTime, first < other.last { lost += other.last }
        if lastTime < other.firstTime, other.first < last { lost += last }
        count += other.count
        sum += other.sum
        if other.min < min || min.isNaN { min = other.min }
        if other.max > max || max.isNaN { max = other.max }
        if other.firstTime < firstTime { (first, firstTime) = (other.first, other.firstTime) }
        if other.lastTime > lastTime {
            (last, lastTime, endedAt) = (other.last, other.lastTime, other.endedAt)
        }
        start = Swift.min(start, other.start)
        end = Swift.max(end, other.end)
        if var merged = bothSketches[0], let added = bothSketches[1] {
            merged.merge(added)
            sketch = merged
        }
    }

    /// The sketch with the bin that goes without saying; nil where no sketch has been read.
    package var wholeSketch: QuantileSketch? {
        if min.isNaN { return QuantileSketch() }
        if let sketch, !sketch.bins.isEmpty { return sketch }
        let bin = QuantileSketch.bin(min)
        guard bin == QuantileSketch.bin(max) else { return sketch == nil ? nil : QuantileSketch() }
        return QuantileSketch(bins: [(bin, count)])
    }
}
