import Glibc
import TimeSeries

/// Quantiles and fractions of native histograms (Prometheus' `histogram_quantile` and `histogram_fraction`).
extension FloatHistogram {
    enum NaNEffect { case none, isNaN, isSkewed }

    /// The zero bucket reaches only to the side on which there are other buckets.
    private func biased(_ bucket: Bucket) -> Bucket {
        var bucket = bucket
        guard !usesCustomBuckets, bucket.lower < 0, bucket.upper > 0 else { return bucket }
        if negativeBuckets.isEmpty, !positiveBuckets.isEmpty { bucket.lower = 0 }
        if positiveBuckets.isEmpty, !negativeBuckets.isEmpty { bucket.upper = 0 }
        return bucket
    }

    /// NaN of nothing, infinite outside 0...1. NaN observations count as greater than all others.
    func quantile(_ quantile: Double) -> (value: Double, effect: NaNEffect) {
        if quantile < 0 { return (-.infinity, .none) }
        if quantile > 1 { return (.infinity, .none) }
        guard count != 0, !quantile.isNaN else { return (Marker.notANumber, .none) }
        // From the nearer end, which loses less to rounding; NaN observations are in no bucket, so from the start.
        let isForward = sum.isNaN || quantile < 0.5
        var rank = (isForward ? quantile : 1 - quantile) * count
        var found = Bucket(lower: 0, upper: 0, lowerInclusive: false, upperInclusive: false, count: 0)
        var passed = 0.0
        for bucket in isForward ? ascending : ascending.reversed() where bucket.count != 0 {
            found = bucket
            passed += bucket.count
            if passed >= rank { break }
        }
        found = biased(found)
        if usesCustomBuckets {
            if found.lower == -.infinity {
                if found.upper <= 0 { return (found.upper, .none) }
                found.lower = 0
            } else if found.upper == .infinity {
                return (found.lower, .none)
            }
        }
        passed = min(passed, count)
        if passed < rank { return sum.isNaN ? (Marker.notANumber, .isNaN) : (found.upper, .none) }
        rank = isForward ? rank - (passed - found.count) : passed - rank
        return (interpolate(found, rank / found.count), sum.isNaN ? .isSkewed : .none)
    }

    /// The value below which a fraction of a bucket's observations lies.
    private func interpolate(_ bucket: Bucket, _ fraction: Double) -> Double {
        if usesCustomBuckets || (bucket.lower <= 0 && bucket.upper >= 0) {
            return bucket.lower + (bucket.upper - bucket.lower) * fraction
        }
        let lower = log2(abs(bucket.lower))
        let upper = log2(abs(bucket.upper))
        if bucket.lower > 0 { return exp2(lower + (upper - lower) * fraction) }
        return -exp2(upper + (lower - upper) * (1 - fraction))
    }

    /// The fraction of a bucket's observations below a value within it.
    private func share(_ bucket: Bucket, below value: Double) -> Double {
        if usesCustomBuckets || (bucket.lower <= 0 && bucket.upper >= 0) {
            return (value - bucket.lower) / (bucket.upper - bucket.lower)
        }
        let lower = log2(abs(bucket.lower))
        let upper = log2(abs(bucket.upper))
        let point = log2(abs(value))
        if bucket.lower > 0 { return (point - lower) / (upper - lower) }
        return 1 - (point - upper) / (lower - upper)
    }

    /// The fraction of all observations between two values; NaN of nothing.
    func fraction(from lower: Double, to upper: Double) -> Double {
        guard count != 0, !lower.isNaN, !upper.isNaN else { return Marker.notANumber }
        guard lower < upper else { return 0 }
        return (rank(of: upper) - rank(of: lower)) / count
    }

    /// How many observations are below a value; NaN observations are below none.
    private func rank(of value: Double) -> Double {
        var passed = 0.0
        for bucket in ascending {
            var bucket = biased(bucket)
            if usesCustomBuckets, bucket.lower == -.infinity, bucket.upper > 0 { bucket.lower = 0 }
            if usesCustomBuckets, bucket.lower == -.infinity, bucket.upper > value, value > -.infinity {
                // Where in an infinite bucket its observations are is not known: none is in between.
                return bucket.count
            }
            if usesCustomBuckets, bucket.upper == .infinity, value < .infinity { return min(count, passed) }
            if bucket.lower >= value { return min(count, passed) }
            if bucket.upper > value {
                return min(count, passed + bucket.count * share(bucket, below: value))
            }
            passed += bucket.count
        }
        return sum.isNaN && !usesCustomBuckets ? passed : min(count, max(passed, count))
    }

    /// The variance of the observations, each taken to be in the middle of its bucket.
    var variance: Double {
        let mean = sum / count
        var total = CompensatedSum()
        for bucket in ascending where bucket.count != 0 {
            let middle: Double
            if usesCustomBuckets {
                middle = (bucket.upper + bucket.lower) / 2
            } else if bucket.lower <= 0, bucket.upper >= 0 {
                middle = 0
            } else {
                let size = (bucket.upper * bucket.lower).squareRoot()
                middle = bucket.upper < 0 ? -size : size
            }
            let delta = middle - mean
            total.add(bucket.count * delta * delta)
        }
        return (total.sum + total.compensation) / count
    }
}
