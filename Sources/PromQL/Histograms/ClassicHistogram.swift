import TimeSeries

/// The buckets of a classic histogram: cumulative counts by upper bound (`le`). One is used for many histograms, one after
/// the other.
struct ClassicHistogram {
    private var buckets: [(upper: Double, count: Double)] = []
    /// Whether the last bucket is that of +Inf; without it nothing can be told.
    private var isComplete = false
    /// Whether counts had to be raised to grow with their bounds.
    private(set) var wasForced = false

    var isEmpty: Bool { buckets.isEmpty }

    /// - Parameter add: adds the buckets in the order of their bounds.
    mutating func replace(_ add: (_ buckets: inout [(upper: Double, count: Double)]) -> Void) {
        buckets.removeAll(keepingCapacity: true)
        add(&buckets)
        wasForced = false
        isComplete = buckets.last?.upper == .infinity
        guard isComplete else { return }
        var kept = 0
        for index in buckets.indices.dropFirst() {
            if buckets[index].upper == buckets[kept].upper {
                buckets[kept].count += buckets[index].count
            } else {
                kept += 1
                buckets[kept] = buckets[index]
            }
        }
        buckets.removeLast(buckets.count - 1 - kept)
        makeMonotonic()
    }

    /// A difference of a trillionth of both counts is rounding; a decrease beyond that is reported.
    private mutating func makeMonotonic() {
        var previous = buckets[0].count
        for index in buckets.indices.dropFirst() {
            let current = buckets[index].count
            if current == previous { continue }
            let isRounding = abs(current - previous) / (abs(current) + abs(previous)) < 1e-12
            if isRounding || current < previous {
                buckets[index].count = previous
                wasForced = wasForced || !isRounding
            } else {
                previous = current
            }
        }
    }

    /// Linear within a bucket; the lowest one starts at 0 if it ends above. NaN where there is nothing to tell.
    func quantile(_ quantile: Double) -> Double {
        guard isComplete else { return Marker.notANumber }
        let total = buckets[buckets.count - 1].count
        guard buckets.count >= 2, total != 0, !total.isNaN else { return Marker.notANumber }
        var rank = quantile * total
        let found = buckets.dropLast().firstIndex { $0.count >= rank } ?? buckets.count - 1
        if found == buckets.count - 1 { return buckets[found - 1].upper }
        if found == 0, buckets[0].upper <= 0 { return buckets[0].upper }
        var lower = 0.0
        var count = buckets[found].count
        if found > 0 {
            lower = buckets[found - 1].upper
            count -= buckets[found - 1].count
            rank -= buckets[found - 1].count
        }
        return lower + (buckets[found].upper - lower) * (rank / count)
    }

    /// The fraction of observations between two values.
    func fraction(from lower: Double, to upper: Double) -> Double {
        guard isComplete else { return Marker.notANumber }
        let total = buckets[buckets.count - 1].count
        guard total != 0, !lower.isNaN, !upper.isNaN else { return Marker.notANumber }
        guard lower < upper else { return 0 }
        return (rank(of: upper) - rank(of: lower)) / total
    }

    private func rank(of value: Double) -> Double {
        var start = 0.0
        var passed = 0.0
        for (index, bucket) in buckets.enumerated() {
            if index == 0, bucket.upper <= 0 { start = -.infinity }
            if value <= start { return passed }
            if value < bucket.upper {
                // Where in an infinite bucket its observations are is not known: none is in between.
                if start == -.infinity { return bucket.count }
                if bucket.upper == .infinity { return passed }
                return passed + (bucket.count - passed) * (value - start) / (bucket.upper - start)
            }
            passed = bucket.count
            start = bucket.upper
        }
        return passed
    }
}
