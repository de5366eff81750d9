import Glibc
package import TimeSeries

/// The filled buckets of a native histogram with their bounds, from the lowest up.
package enum HistogramBuckets {
    package struct Bucket: Hashable, Sendable {
        package var lower: Double
        package var upper: Double
        package var count: Double
        package var includesLower: Bool
        package var includesUpper: Bool

        /// Prometheus' code: 0 lower open, 1 upper open, 2 both open, 3 both closed.
        package var boundaries: Int {
            switch (includesLower, includesUpper) {
            case (false, true): 0
            case (true, false): 1
            case (false, false): 2
            case (true, true): 3
            }
        }
    }

    package static func filled(_ histogram: FloatHistogram) -> [Bucket] {
        var buckets: [Bucket] = []
        for (index, count) in indexed(histogram.negativeRuns, histogram.negativeBuckets).reversed() {
            let (inner, outer) = bounds(of: index, in: histogram)
            buckets.append(bucket(-outer, -inner, count))
        }
        let zero = histogram.zeroThreshold
        buckets.append(
            Bucket(
                lower: -zero, upper: zero, count: histogram.zeroCount, includesLower: true,
                includesUpper: true))
        for (index, count) in indexed(histogram.positiveRuns, histogram.positiveBuckets) {
            let (lower, upper) = bounds(of: index, in: histogram)
            buckets.append(bucket(lower, upper, count))
        }
        return buckets.filter { $0.count != 0 }
    }

    private static func bucket(_ lower: Double, _ upper: Double, _ count: Double) -> Bucket {
        Bucket(lower: lower, upper: upper, count: count, includesLower: lower < 0, includesUpper: upper > 0)
    }

    /// The buckets of runs with their absolute index.
    private static func indexed(
        _ runs: [FloatHistogram.BucketRun], _ counts: [Double]
    ) -> [(index: Int, count: Double)] {
        var result: [(index: Int, count: Double)] = []
        var index = 0
        for run in runs {
            index += Int(run.offset)
            for _ in 0..<run.length where result.count < counts.count {
                result.append((index: index, count: counts[result.count]))
                index += 1
            }
        }
        return result
    }

    private static func bounds(of index: Int, in histogram: FloatHistogram) -> (Double, Double) {
        if histogram.schema == FloatHistogram.customBucketsSchema {
            let bounds = histogram.customBounds
            func bound(_ index: Int) -> Double {
                index < 0 ? -.infinity : index < bounds.count ? bounds[index] : .infinity
            }
            return (bound(index - 1), bound(index))
        }
        return (exponentialBound(index - 1, histogram.schema), exponentialBound(index, histogram.schema))
    }

    /// 2 to the power of `index` / 2^`schema`; the last finite bucket ends at the largest number.
    private static func exponentialBound(_ index: Int, _ schema: Int32) -> Double {
        let exponent = Double(index) * ldexp(1, -schema)
        return exponent == 1024 ? .greatestFiniteMagnitude : exp2(exponent)
    }
}
