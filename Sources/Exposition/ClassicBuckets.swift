import TimeSeries

/// The lines of one classic histogram, to become one native histogram with the same bounds.
struct ClassicBuckets {
    /// Upper bound and cumulative count, as they came.
    var buckets: [(bound: Double, count: Double)] = []
    var count: Double?
    var sum = 0.0

    /// Nil where the lines contradict each other: counts that sink from one bound to the next, that are negative or that
    /// end at another number than the count. A bound that is given twice counts once.
    func converted() -> FloatHistogram? {
        var cumulative: [(bound: Double, count: Double)] = []
        for bucket in buckets.sorted(by: { $0.bound < $1.bound }) where bucket.bound != cumulative.last?.bound
        {
            guard !bucket.bound.isNaN, bucket.count >= cumulative.last?.count ?? 0 else { return nil }
            cumulative.append(bucket)
        }
        guard let total = count ?? cumulative.last?.count, total >= 0 else { return nil }
        if cumulative.last?.bound != .infinity { cumulative.append((.infinity, total)) }
        guard cumulative.last?.count == total else { return nil }
        var before = 0.0
        let counts = cumulative.map { bucket in
            defer { before = bucket.count }
            return bucket.count - before
        }
        let (runs, filled) = FloatHistogram.runs(
            counts.enumerated().filter { $0.element != 0 }.map {
                (index: Int32($0.offset), count: $0.element)
            })
        return FloatHistogram(
            schema: FloatHistogram.customBucketsSchema, count: total, sum: sum, positiveRuns: runs,
            positiveBuckets: filled, customBounds: cumulative.dropLast().map(\.bound))
    }
}
