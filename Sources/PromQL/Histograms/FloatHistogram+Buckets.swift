import Glibc
import TimeSeries

/// One bucket of a native histogram with its bounds.
struct Bucket {
    var lower: Double
    var upper: Double
    var lowerInclusive: Bool
    var upperInclusive: Bool
    var count: Double
    var index: Int32 = 0
}

extension FloatHistogram {
    /// The upper bound of a bucket with positive observations (Prometheus' native histogram specification).
    func upperBound(_ index: Int32) -> Double {
        if usesCustomBuckets {
            return customBounds.indices.contains(Int(index)) ? customBounds[Int(index)] : .infinity
        }
        return FloatHistogram.exponentialBound(index, schema: schema)
    }

    /// `2^(index / 2^schema)`. The greatest finite number where that would be 2^1024.
    static func exponentialBound(_ index: Int32, schema: Int32) -> Double {
        if schema < 0 {
            let exponent = Int64(index) << Int64(-schema)
            return exponent == 1024 ? .greatestFiniteMagnitude : scalbn(1, exponent)
        }
        let perOctave = Int32(1) << schema
        let octave = index >> schema
        let within = index & (perOctave - 1)
        if within == 0, octave == 1024 { return .greatestFiniteMagnitude }
        return scalbn(exp2(Double(within) / Double(perOctave)), Int64(octave))
    }

    private static func scalbn(_ value: Double, _ exponent: Int64) -> Double {
        ldexp(value, Int32(max(-2200, min(2200, exponent))))
    }

    private func bounds(_ index: Int32) -> (lower: Double, upper: Double) {
        if usesCustomBuckets, index == 0 { return (-.infinity, upperBound(0)) }
        return (upperBound(index - 1), upperBound(index))
    }

    /// Buckets with positive observations, ascending; all buckets where they are custom.
    var positive: [Bucket] {
        FloatHistogram.indexed(positiveRuns, positiveBuckets).map { index, count in
            let (lower, upper) = bounds(index)
            return Bucket(
                lower: lower, upper: upper, lowerInclusive: usesCustomBuckets && index == 0,
                upperInclusive: true, count: count, index: index)
        }
    }

    /// Buckets with negative observations, from zero downwards.
    var negative: [Bucket] {
        FloatHistogram.indexed(negativeRuns, negativeBuckets).map { index, count in
            let (lower, upper) = bounds(index)
            return Bucket(
                lower: -upper, upper: -lower, lowerInclusive: true, upperInclusive: false, count: count,
                index: index)
        }
    }

    var zeroBucket: Bucket {
        Bucket(
            lower: -zeroThreshold, upper: zeroThreshold, lowerInclusive: true, upperInclusive: true,
            count: zeroCount)
    }

    /// All buckets, ascending; the zero bucket where it holds anything.
    var ascending: [Bucket] {
        Array(negative.reversed()) + (zeroCount > 0 ? [zeroBucket] : []) + positive
    }

    /// Without empty buckets.
    func compacted() -> FloatHistogram {
        var result = self
        (result.positiveRuns, result.positiveBuckets) = FloatHistogram.runs(
            FloatHistogram.indexed(positiveRuns, positiveBuckets).filter { $0.count != 0 })
        (result.negativeRuns, result.negativeBuckets) = FloatHistogram.runs(
            FloatHistogram.indexed(negativeRuns, negativeBuckets).filter { $0.count != 0 })
        return result
    }

    // MARK: - Scaling

    func scaled(by factor: Double) -> FloatHistogram {
        var result = self
        result.zeroCount *= factor
        result.count *= factor
        result.sum *= factor
        for index in result.positiveBuckets.indices { result.positiveBuckets[index] *= factor }
        for index in result.negativeBuckets.indices { result.negativeBuckets[index] *= factor }
        if factor < 0 { result.resetHint = .gauge }
        return result
    }

    /// Division by zero leaves no buckets.
    func divided(by divisor: Double) -> FloatHistogram {
        var result = self
        result.zeroCount /= divisor
        result.count /= divisor
        result.sum /= divisor
        if divisor == 0 {
            (result.positiveRuns, result.positiveBuckets) = ([], [])
            (result.negativeRuns, result.negativeBuckets) = ([], [])
        }
        for index in result.positiveBuckets.indices { result.positiveBuckets[index] /= divisor }
        for index in result.negativeBuckets.indices { result.negativeBuckets[index] /= divisor }
        if divisor < 0 { result.resetHint = .gauge }
        return result
    }

    /// Whether any of its numbers is infinite.
    var hasOverflow: Bool {
        zeroCount.isInfinite || count.isInfinite || sum.isInfinite
            || positiveBuckets.contains(where: \.isInfinite) || negativeBuckets.contains(where: \.isInfinite)
    }

    // MARK: - Comparison

    /// The same observations; empty buckets, how runs are cut and reset hints do not matter.
    func isEqual(_ other: FloatHistogram) -> Bool {
        let a = compacted()
        let b = other.compacted()
        return a.schema == b.schema && a.zeroThreshold == b.zeroThreshold && a.zeroCount == b.zeroCount
            && a.count == b.count && a.sum.bitPattern == b.sum.bitPattern
            && a.positiveRuns == b.positiveRuns && a.positiveBuckets == b.positiveBuckets
            && a.negativeRuns == b.negativeRuns && a.negativeBuckets == b.negativeBuckets
            && a.customBounds == b.customBounds
    }
}
