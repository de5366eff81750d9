import Glibc
package import TimeSeries

/// A native histogram as a dictionary of buckets: slow, and plain to see.
package struct ReferenceHistogram: Sendable {
    package var schema: Int
    package var zeroThreshold: Double
    package var zeroCount: Double
    package var count: Double
    package var sum: Double
    package var positive: [Int: Double] = [:]
    package var negative: [Int: Double] = [:]
    /// Upper bounds of custom buckets; nil for exponential ones.
    package var bounds: [Double]?

    package init(_ histogram: FloatHistogram) {
        schema = Int(histogram.schema)
        zeroThreshold = histogram.zeroThreshold
        zeroCount = histogram.zeroCount
        count = histogram.count
        sum = histogram.sum
        bounds = histogram.schema == FloatHistogram.customBucketsSchema ? histogram.customBounds : nil
        positive = Self.buckets(histogram.positiveRuns, histogram.positiveBuckets)
        negative = Self.buckets(histogram.negativeRuns, histogram.negativeBuckets)
    }

    /// Nothing observed, in the layout of another histogram.
    init(emptyLike other: ReferenceHistogram) {
        self = other
        (zeroCount, count, sum, positive, negative) = (0, 0, 0, [:], [:])
    }

    private static func buckets(_ runs: [FloatHistogram.BucketRun], _ counts: [Double]) -> [Int: Double] {
        var result: [Int: Double] = [:]
        var index = 0
        var next = 0
        for run in runs {
            index += Int(run.offset)
            for _ in 0..<run.length {
                result[index] = counts[next]
                index += 1
                next += 1
            }
        }
        return result
    }

    var isCustom: Bool { bounds != nil }

    /// With the buckets of a coarser schema.
    func reduced(to coarser: Int) -> ReferenceHistogram {
        guard !isCustom, coarser < schema else { return self }
        func merged(_ buckets: [Int: Double]) -> [Int: Double] {
            var result: [Int: Double] = [:]
            for (index, count) in buckets {
                result[((index - 1) >> (schema - coarser)) + 1, default: 0] += count
            }
            return result
        }
        var result = self
        result.schema = coarser
        (result.positive, result.negative) = (merged(positive), merged(negative))
        return result
    }

    /// Nil where one has custom buckets and the other has not.
    func adding(_ other: ReferenceHistogram, sign: Double = 1) throws -> ReferenceHistogram? {
        guard isCustom == other.isCustom else { return nil }
        guard bounds == other.bounds, zeroThreshold == other.zeroThreshold else {
            throw ReferenceError.unsupported
        }
        let common = min(schema, other.schema)
        var result = reduced(to: common)
        let added = other.reduced(to: common)
        result.zeroCount += sign * added.zeroCount
        result.count += sign * added.count
        result.sum += sign * added.sum
        for (index, count) in added.positive { result.positive[index, default: 0] += sign * count }
        for (index, count) in added.negative { result.negative[index, default: 0] += sign * count }
        return result.compacted
    }

    func scaled(_ change: (Double) -> Double) -> ReferenceHistogram {
        var result = self
        result.zeroCount = change(zeroCount)
        result.count = change(count)
        result.sum = change(sum)
        result.positive = positive.mapValues(change)
        result.negative = negative.mapValues(change)
        return result
    }

    /// Whether a counter began anew between `before` and this.
    func isReset(after before: ReferenceHistogram) -> Bool {
        if isCustom != before.isCustom || count < before.count || schema > before.schema { return true }
        if zeroCount < before.zeroCount { return true }
        let before = before.reduced(to: schema)
        // A bucket that is gone is a reset whatever its sign, unless nothing was in it.
        func hasLost(_ old: [Int: Double], _ new: [Int: Double]) -> Bool {
            old.contains { key, value in new[key].map { value > $0 } ?? (value != 0) }
        }
        return hasLost(before.positive, positive) || hasLost(before.negative, negative)
    }

    private var filled: ([Int: Double], [Int: Double]) {
        (positive.filter { $0.value != 0 }, negative.filter { $0.value != 0 })
    }

    /// Without buckets that hold nothing.
    var compacted: ReferenceHistogram {
        var result = self
        (result.positive, result.negative) = filled
        return result
    }

    /// Whether two hold the same, up to rounding.
    package func isClose(to other: ReferenceHistogram, _ close: (Double, Double) -> Bool) -> Bool {
        func alike(_ a: [Int: Double], _ b: [Int: Double]) -> Bool {
            Set(a.keys).union(b.keys).allSatisfy { close(a[$0] ?? 0, b[$0] ?? 0) }
        }
        return schema == other.schema && bounds == other.bounds && close(count, other.count)
            && close(sum, other.sum) && close(zeroCount, other.zeroCount) && alike(positive, other.positive)
            && alike(negative, other.negative)
    }

    func isEqual(_ other: ReferenceHistogram) -> Bool {
        schema == other.schema && bounds == other.bounds && count == other.count && sum == other.sum
            && zeroCount == other.zeroCount && zeroThreshold == other.zeroThreshold && filled == other.filled
    }
}

/// What histograms are asked.
extension ReferenceHistogram {
    private typealias Bucket = (lower: Double, upper: Double, count: Double)

    private func bound(_ index: Int) -> Double {
        if let bounds { return index < 0 ? -.infinity : index < bounds.count ? bounds[index] : .infinity }
        return exp2(Double(index) / exp2(Double(schema)))
    }

    /// From the lowest up, empty ones left out.
    private var buckets: [Bucket] {
        var result: [Bucket] = []
        for (index, count) in negative.sorted(by: { $0.key > $1.key }) {
            result.append((-bound(index), -bound(index - 1), count))
        }
        // As upstream has it: fewer than no observations of zero count for nothing.
        if zeroCount > 0 {
            let lower = negative.isEmpty && !positive.isEmpty ? 0 : -zeroThreshold
            let upper = positive.isEmpty && !negative.isEmpty ? 0 : zeroThreshold
            result.append((lower, upper, zeroCount))
        }
        for (index, count) in positive.sorted(by: { $0.key < $1.key }) {
            result.append((bound(index - 1), bound(index), count))
        }
        return result.filter { $0.count != 0 }
    }

    /// The value below which a share of a bucket lies: exponential where the bucket is.
    private func point(_ bucket: Bucket, _ share: Double) -> Double {
        if isCustom || bucket.lower <= 0 && bucket.upper >= 0 {
            return bucket.lower + (bucket.upper - bucket.lower) * share
        }
        return bucket.lower > 0
            ? bucket.lower * pow(bucket.upper / bucket.lower, share)
            : bucket.lower * pow(bucket.upper / bucket.lower, share)
    }

    func quantile(_ q: Double) throws -> Double {
        if count == 0 || q.isNaN { return .nan }
        // There is no telling what is meant by fewer than no observations.
        guard !(zeroCount < 0), buckets.allSatisfy({ $0.count > 0 }) else { throw ReferenceError.unsupported }
        var passed = 0.0
        for bucket in buckets {
            passed += bucket.count
            guard passed >= q * count else { continue }
            // How wide the zero bucket is depends on whether empty ones are kept beside it.
            if !isCustom, bucket.lower <= 0, bucket.upper >= 0 { throw ReferenceError.unsupported }
            var bucket = bucket
            if isCustom, bucket.lower == -.infinity {
                if bucket.upper <= 0 { return bucket.upper }
                bucket.lower = 0
            }
            if isCustom, bucket.upper == .infinity { return bucket.lower }
            return point(bucket, (q * count - (passed - bucket.count)) / bucket.count)
        }
        return .nan
    }

    var variance: Double {
        let mean = sum / count
        var total = 0.0
        for bucket in buckets {
            var middle = 0.0
            if isCustom {
                middle = (bucket.lower + bucket.upper) / 2
            } else if bucket.lower > 0 {
                middle = (bucket.lower * bucket.upper).squareRoot()
            } else if bucket.upper < 0 {
                middle = -(bucket.lower * bucket.upper).squareRoot()
            }
            total += bucket.count * (middle - mean) * (middle - mean)
        }
        return total / count
    }
}
