import TimeSeries

/// A native histogram unrolled for arithmetic: counts by index, each with what rounding has lost of it.
struct HistogramLayout {
    struct Count {
        var index: Int32
        var value: CompensatedSum
    }

    var schema: Int32
    var zeroThreshold: Double
    var zeroCount: CompensatedSum
    var count: CompensatedSum
    var sum: CompensatedSum
    var positive: [Count]
    var negative: [Count]
    var customBounds: [Double]
    var resetHint: FloatHistogram.ResetHint

    init(_ histogram: FloatHistogram) {
        schema = histogram.schema
        zeroThreshold = histogram.zeroThreshold
        zeroCount = CompensatedSum(histogram.zeroCount)
        count = CompensatedSum(histogram.count)
        sum = CompensatedSum(histogram.sum)
        positive = FloatHistogram.indexed(histogram.positiveRuns, histogram.positiveBuckets).map {
            Count(index: $0.index, value: CompensatedSum($0.count))
        }
        negative = FloatHistogram.indexed(histogram.negativeRuns, histogram.negativeBuckets).map {
            Count(index: $0.index, value: CompensatedSum($0.count))
        }
        customBounds = histogram.customBounds
        resetHint = histogram.resetHint
    }

    /// As a histogram without empty buckets.
    var histogram: FloatHistogram {
        let (positiveRuns, positiveBuckets) = FloatHistogram.runs(HistogramLayout.populated(positive))
        let (negativeRuns, negativeBuckets) = FloatHistogram.runs(HistogramLayout.populated(negative))
        var result = FloatHistogram(
            schema: schema, zeroThreshold: zeroThreshold, zeroCount: zeroCount.value, count: count.value,
            sum: sum.value, positiveRuns: positiveRuns, negativeRuns: negativeRuns,
            positiveBuckets: positiveBuckets, negativeBuckets: negativeBuckets, customBounds: customBounds)
        result.resetHint = resetHint
        return result
    }

    private static func populated(_ counts: [Count]) -> [(index: Int32, count: Double)] {
        counts.map { (index: $0.index, count: $0.value.value) }.filter { $0.count != 0 }
    }

    private var usesCustomBuckets: Bool { schema == FloatHistogram.customBucketsSchema }

    /// Adds another histogram, its counts times `sign`.
    /// - Returns: whether custom bounds differed and were reduced to those in common; nil, with nothing done, where
    ///   one has custom buckets and the other has not.
    mutating func add(_ other: FloatHistogram, sign: Double = 1) -> Bool? {
        var other = HistogramLayout(other)
        guard usesCustomBuckets == other.usesCustomBuckets else { return nil }
        var reconciled = false
        if usesCustomBuckets {
            if customBounds != other.customBounds {
                reconciled = true
                let common = HistogramLayout.common(customBounds, other.customBounds)
                coarsen(to: common)
                other.coarsen(to: common)
            }
        } else {
            reconcileZero(&other)
            reduce(to: min(schema, other.schema))
            other.reduce(to: schema)
            zeroCount.add(sign * other.zeroCount.value)
        }
        count.add(sign * other.count.value)
        sum.add(sign * other.sum.value)
        HistogramLayout.merge(&positive, other.positive, sign)
        HistogramLayout.merge(&negative, other.negative, sign)
        return reconciled
    }

    /// Adds counts of equal indices, both ascending.
    private static func merge(_ counts: inout [Count], _ other: [Count], _ sign: Double) {
        guard !other.isEmpty else { return }
        if counts.count == other.count, zip(counts, other).allSatisfy({ $0.index == $1.index }) {
            for position in counts.indices { counts[position].value.add(sign * other[position].value.value) }
            return
        }
        var merged: [Count] = []
        merged.reserveCapacity(counts.count + other.count)
        var next = 0
        for count in counts {
            while next < other.count, other[next].index < count.index {
                merged.append(
                    Count(index: other[next].index, value: CompensatedSum(sign * other[next].value.value)))
                next += 1
            }
            var count = count
            if next < other.count, other[next].index == count.index {
                count.value.add(sign * other[next].value.value)
                next += 1
            }
            merged.append(count)
        }
        for rest in other[next...] {
            merged.append(Count(index: rest.index, value: CompensatedSum(sign * rest.value.value)))
        }
        counts = merged
    }

    mutating func scale(by factor: Double) {
        func scale(_ sum: inout CompensatedSum) {
            sum.sum *= factor
            sum.compensation *= factor
        }
        scale(&zeroCount)
        scale(&count)
        scale(&sum)
        for position in positive.indices { scale(&positive[position].value) }
        for position in negative.indices { scale(&negative[position].value) }
    }

    // MARK: - Schema

    mutating func reduce(to schema: Int32) {
        guard schema < self.schema else { return }
        let shift = self.schema - schema
        HistogramLayout.reduce(&positive) { (($0 - 1) >> shift) + 1 }
        HistogramLayout.reduce(&negative) { (($0 - 1) >> shift) + 1 }
        self.schema = schema
    }

    private static func reduce(_ counts: inout [Count], _ target: (Int32) -> Int32) {
        var result: [Count] = []
        for count in counts {
            let index = target(count.index)
            if let last = result.last, last.index == index {
                result[result.count - 1].value.add(count.value.value)
            } else {
                result.append(Count(index: index, value: count.value))
            }
        }
        counts = result
    }

    // MARK: - Custom bounds

    /// Bounds that both have.
    static func common(_ a: [Double], _ b: [Double]) -> [Double] {
        let other = Set(b)
        return a.filter(other.contains)
    }

    /// Merges buckets into those between fewer bounds, all of which exist already.
    mutating func coarsen(to bounds: [Double]) {
        let old = customBounds
        HistogramLayout.reduce(&positive) { index in
            guard Int(index) < old.count else { return Int32(bounds.count) }
            let upper = old[Int(index)]
            return Int32(bounds.firstIndex { $0 >= upper } ?? bounds.count)
        }
        customBounds = bounds
    }

    // MARK: - Zero bucket

    /// Widens the narrower zero bucket until both are equally wide and neither ends within a populated bucket.
    private mutating func reconcileZero(_ other: inout HistogramLayout) {
        while zeroThreshold != other.zeroThreshold {
            if zeroThreshold < other.zeroThreshold {
                widenZero(to: other.zeroThreshold)
            } else {
                other.widenZero(to: zeroThreshold)
            }
        }
    }

    /// Takes all buckets up to a threshold into the zero bucket; where it falls into a populated bucket, up to the
    /// end of that.
    mutating func widenZero(to threshold: Double) {
        var threshold = threshold
        var changed = true
        while changed {
            changed = false
            for count in positive + negative where count.value.value != 0 {
                let lower = FloatHistogram.exponentialBound(count.index - 1, schema: schema)
                let upper = FloatHistogram.exponentialBound(count.index, schema: schema)
                if lower < threshold, upper > threshold {
                    threshold = upper
                    changed = true
                }
            }
        }
        func swallow(_ counts: inout [Count]) {
            counts.removeAll { count in
                let lower = FloatHistogram.exponentialBound(count.index - 1, schema: schema)
                guard lower < threshold else { return false }
                zeroCount.add(count.value.value)
                return true
            }
        }
        swallow(&positive)
        swallow(&negative)
        zeroThreshold = threshold
    }
}
