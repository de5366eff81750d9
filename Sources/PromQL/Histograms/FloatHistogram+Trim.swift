import Glibc
import TimeSeries

/// `histogram </ limit` and `histogram >/ limit`: without the observations above or below a limit.
extension FloatHistogram {
    func trimmed(at limit: Double, keepingBelow: Bool) -> FloatHistogram {
        var result = self
        var trim = Trim(limit: limit, keepsBelow: keepingBelow, isCustom: usesCustomBuckets)
        for (position, bucket) in positive.enumerated() where bucket.count != 0 {
            result.positiveBuckets[position] = trim.keep(bucket, isPositive: true)
        }
        for (position, bucket) in negative.enumerated() where bucket.count != 0 {
            result.negativeBuckets[position] = trim.keep(bucket, isPositive: false)
        }
        if zeroCount > 0 { result.zeroCount = trim.keepZero(zeroBucket(reaching: self)) }
        result.count = trim.kept
        result.sum = trim.sum(from: sum)
        return result.compacted()
    }

    /// The zero bucket reaches only to the side on which there are other buckets.
    private func zeroBucket(reaching histogram: FloatHistogram) -> Bucket {
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
    private(set) var kept = 0.0
    private var removed = 0.0
    private var hasPositive = false
    private var hasNegative = false

    init(limit: Double, keepsBelow: Bool, isCustom: Bool) {
        self.limit = limit
        self.keepsBelow = keepsBelow
        self.isCustom = isCustom
    }

    /// How much of a bucket stays.
    mutating func keep(_ bucket: Bucket, isPositive: Bool) -> Double {
        if isCustom {
            hasPositive = hasPositive || bucket.upper > 0
            hasNegative = hasNegative || bucket.upper <= 0 || bucket.lower < 0
        } else {
            hasPositive = hasPositive || isPositive
            hasNegative = hasNegative || !isPositive
        }
        let isWhole = keepsBelow ? bucket.upper <= limit : bucket.lower >= limit
        if isWhole {
            kept += bucket.count
            return bucket.count
        }
        let (count, middle) = split(bucket, isPositive)
        kept += count
        removed += (bucket.count - count) * middle
        return count
    }

    mutating func keepZero(_ bucket: Bucket) -> Double {
        let isWhole = keepsBelow ? bucket.upper <= limit : bucket.lower >= limit
        var count = bucket.count
        if !isWhole {
            let below = share(bucket, isLinear: true) * bucket.count
            count = keepsBelow ? below : bucket.count - below
            let middle =
                keepsBelow
                ? (max(limit, bucket.lower) + bucket.upper) / 2
                : (bucket.lower + min(limit, bucket.upper)) / 2
            removed += (bucket.count - count) * middle
        }
        hasPositive = hasPositive || bucket.upper > 0
        hasNegative = hasNegative || bucket.lower < 0
        kept += count
        return count
    }

    /// What stays of a bucket that the limit cuts or excludes, and where what goes is taken to be.
    private func split(_ bucket: Bucket, _ isPositive: Bool) -> (count: Double, middle: Double) {
        var bucket = bucket
        if bucket.lower == -.infinity || bucket.upper == .infinity {
            guard bucket.lower == -.infinity, bucket.upper > 0, bucket.upper.isFinite, limit >= 0 else {
                // Nothing is known of where in it its observations are, so all of it goes.
                let finite = bucket.lower == -.infinity ? bucket.upper : bucket.lower
                return (0, finite.isFinite ? finite : 0)
            }
            bucket.lower = 0
        }
        let below = share(bucket, isLinear: isCustom) * bucket.count
        let low = keepsBelow ? max(limit, bucket.lower) : bucket.lower
        let high = keepsBelow ? bucket.upper : min(limit, bucket.upper)
        let middle: Double
        if isCustom {
            middle = (low + high) / 2
        } else {
            middle = (abs(low) * abs(high)).squareRoot() * (isPositive ? 1 : -1)
        }
        return (keepsBelow ? below : bucket.count - below, middle)
    }

    /// The share of a bucket below the limit.
    private func share(_ bucket: Bucket, isLinear: Bool) -> Double {
        if limit <= bucket.lower { return 0 }
        if limit >= bucket.upper { return 1 }
        if isLinear { return (limit - bucket.lower) / (bucket.upper - bucket.lower) }
        let lower = log2(abs(bucket.lower))
        let upper = log2(abs(bucket.upper))
        let point = log2(abs(limit))
        if bucket.lower > 0 { return (point - lower) / (upper - lower) }
        return 1 - (point - upper) / (lower - upper)
    }

    /// The sum that is left; where all observations are of one sign, so is it.
    func sum(from sum: Double) -> Double {
        guard kept != 0 else { return 0 }
        let left = sum - removed
        if !hasNegative, left < 0 { return 0 }
        if !hasPositive, left > 0 { return 0 }
        return left
    }
}
