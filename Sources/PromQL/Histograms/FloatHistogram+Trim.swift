import Glibc
import TimeSeries

/// `histogram </ limit` and `histogram >/ limit`: without the observations above or below a limit.
extension FloatHistogram {
    func trimmed(at limit: Double, keepingBelow: Bool) -> FloatHistogram {
        var result = self
        var trim = Trim(limit: limit, keepsBelow: keepingBelow, isCustom: usesCustomBuckets)
        for (position, bucket) in positive.enumerated() where bucket.count != 0 {
            result.positiveBuckets[position] = trim.keep(bucket)
        }
        for (position, bucket) in negative.enumerated() where bucket.count != 0 {
            result.negativeBuckets[position] = trim.keep(bucket)
        }
        if zeroCount > 0 { result.zeroCount = trim.keep(biasedZeroBucket, isZero: true) }
        guard trim.removesAny else { return self }
        result.count = trim.count
        result.sum = trim.sum
        return result.compacted()
    }

    /// The zero bucket reaches only to the side on which there are other buckets.
    private var biasedZeroBucket: Bucket {
        var bucket = zeroBucket
        if negativeBuckets.isEmpty, !positiveBuckets.isEmpty { bucket.lower = 0 }
        if positiveBuckets.isEmpty, !negativeBuckets.isEmpty { bucket.upper = 0 }
        return bucket
    }
}

/// The bookkeeping of one trim.
private struct Trim {
    let limit: Double
    let keepsBelow: Bool
    let isCustom: Bool
    /// What stays, and its sum if every part of a bucket is taken to be in the middle of that part.
    private(set) var count = 0.0
    private(set) var sum = 0.0
    private(set) var removesAny = false

    init(limit: Double, keepsBelow: Bool, isCustom: Bool) {
        self.limit = limit
        self.keepsBelow = keepsBelow
        self.isCustom = isCustom
    }

    /// How much of a bucket stays.
    mutating func keep(_ bucket: Bucket, isZero: Bool = false) -> Double {
        let part = part(of: bucket, isLinear: isCustom || isZero)
        if part.count != bucket.count { removesAny = true }
        if part.count != 0 {
            count += part.count
            sum += part.count * part.middle
        }
        return part.count
    }

    private func part(of bucket: Bucket, isLinear: Bool) -> (count: Double, middle: Double) {
        if keepsBelow ? bucket.upper <= limit : bucket.lower >= limit {
            return (bucket.count, middle(bucket, isLinear))
        }
        if keepsBelow ? bucket.lower >= limit : bucket.upper <= limit { return (0, 0) }
        var bucket = bucket
        if bucket.lower == -.infinity {
            if bucket.upper > 0, bucket.upper.isFinite, limit >= 0 {
                bucket.lower = 0
            } else {
                // All of an infinite bucket stays at the limit, or goes; how it is spread is not known.
                return keepsBelow && bucket.upper <= 0 ? (bucket.count, limit) : (0, 0)
            }
        } else if bucket.upper == .infinity {
            return keepsBelow ? (0, 0) : (bucket.count, limit)
        }
        let below = share(bucket, isLinear) * bucket.count
        if keepsBelow { bucket.upper = limit } else { bucket.lower = limit }
        return (keepsBelow ? below : bucket.count - below, middle(bucket, isLinear))
    }

    /// The middle of a bucket: geometric where it is exponential; the finite end of an infinite one.
    private func middle(_ bucket: Bucket, _ isLinear: Bool) -> Double {
        if bucket.lower == -.infinity {
            guard bucket.upper.isFinite else { return 0 }
            return bucket.upper <= 0 ? bucket.upper : bucket.upper / 2
        }
        if bucket.upper == .infinity { return bucket.lower }
        if isLinear { return (bucket.lower + bucket.upper) / 2 }
        let size = (abs(bucket.lower) * abs(bucket.upper)).squareRoot()
        return bucket.upper > 0 ? size : -size
    }

    /// The share of a bucket below the limit, which lies within it.
    private func share(_ bucket: Bucket, _ isLinear: Bool) -> Double {
        if limit <= bucket.lower { return 0 }
        if isLinear { return (limit - bucket.lower) / (bucket.upper - bucket.lower) }
        let lower = log2(abs(bucket.lower))
        let upper = log2(abs(bucket.upper))
        let point = log2(abs(limit))
        if bucket.lower > 0 { return (point - lower) / (upper - lower) }
        return 1 - (point - upper) / (lower - upper)
    }
}
