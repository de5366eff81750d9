import Glibc
import PromQL

/// The functions of the reference evaluator, straight from their documentation.
struct ReferenceFunctions {
    typealias Sample = (time: Int64, value: Double)

    var end: Int64
    var window: Int64
    var now: Int64
    var scalars: [Double]

    static func map(_ function: Function, _ value: Double, _ rest: [Double]) -> Double? {
        switch function {
        case .abs: value.magnitude
        case .ceil: Glibc.ceil(value)
        case .floor: Glibc.floor(value)
        case .sqrt: value.squareRoot()
        case .exp: Glibc.exp(value)
        case .ln: Glibc.log(value)
        case .atan: Glibc.atan(value)
        case .sgn: value > 0 ? 1 : (value < 0 ? -1 : value)
        case .round: Glibc.floor(value * (1 / (rest.first ?? 1)) + 0.5) / (1 / (rest.first ?? 1))
        case .clampMin: greater(rest[0], value)
        case .clampMax: -greater(-rest[0], -value)
        case .clamp:
            rest[0] > rest[1]
                ? nil
                : greater(rest[0], -greater(-rest[1], -value))
        default: nil
        }
    }

    /// Go's `math.Max`: infinity is greater than NaN, all else is NaN with it.
    private static func greater(_ a: Double, _ b: Double) -> Double {
        if a == .infinity || b == .infinity { return .infinity }
        return a.isNaN || b.isNaN ? .nan : max(a, b)
    }

    static func map(_ function: Function, _ histogram: ReferenceHistogram) -> Double? {
        switch function {
        case .histogramCount: histogram.count
        case .histogramSum: histogram.sum
        case .histogramAvg: histogram.sum / histogram.count
        case .histogramStdvar: histogram.variance
        case .histogramStddev: histogram.variance.squareRoot()
        default: nil
        }
    }

    static func quantile(_ q: Double, _ values: [Double]) -> Double {
        if q.isNaN { return .nan }
        if q < 0 { return -.infinity }
        if q > 1 { return .infinity }
        let sorted = values.filter(\.isNaN) + values.filter { !$0.isNaN }.sorted()
        let rank = q * Double(sorted.count - 1)
        let low = Int(rank)
        let high = min(low + 1, sorted.count - 1)
        let weight = rank - Double(low)
        return sorted[low] * (1 - weight) + sorted[high] * weight
    }

    /// Of cumulative counts by upper bound.
    static func bucketQuantile(_ q: Double, _ unordered: [(upper: Double, count: Double)]) -> Double {
        var buckets = unordered.sorted { $0.upper < $1.upper }
        guard buckets.count >= 2, buckets.last?.upper == .infinity else { return .nan }
        for index in buckets.indices.dropFirst() {
            // Counts only grow with the bound.
            buckets[index].count = max(buckets[index].count, buckets[index - 1].count)
        }
        let total = buckets[buckets.count - 1].count
        if total == 0 || total.isNaN { return .nan }
        for index in buckets.indices where buckets[index].count >= q * total {
            if buckets[index].upper == .infinity { break }
            let lower = index > 0 ? buckets[index - 1].upper : min(0, buckets[0].upper)
            let before = index > 0 ? buckets[index - 1].count : 0
            return lower + (buckets[index].upper - lower) * (q * total - before)
                / (buckets[index].count - before)
        }
        return buckets[buckets.count - 2].upper
    }

    static func aggregate(
        _ operation: AggregationOperator, _ elements: [ReferenceNumber], _ parameter: Double
    ) throws -> ReferenceNumber? {
        let values = elements.compactMap(\.float)
        switch operation {
        case .count: return .float(Double(elements.count))
        case .group: return .float(1)
        case .sum, .avg:
            if values.count == elements.count { break }
            // Numbers and histograms make no sum.
            guard values.isEmpty, let total = try sum(elements.compactMap(\.histogram)) else { return nil }
            let count = Double(elements.count)
            return .histogram(operation == .avg ? total.scaled { $0 / count } : total)
        default: break
        }
        if values.isEmpty { return nil }
        switch operation {
        case .sum: return .float(values.reduce(0, +))
        case .avg: return .float(values.reduce(0, +) / Double(values.count))
        case .min: return .float(values.filter { !$0.isNaN }.min() ?? .nan)
        case .max: return .float(values.filter { !$0.isNaN }.max() ?? .nan)
        case .quantile: return .float(quantile(parameter, values))
        default: return .float(variance(values, operation == .stddev))
        }
    }

    /// Nil where exponential and custom buckets meet.
    static func sum(_ histograms: [ReferenceHistogram]) throws -> ReferenceHistogram? {
        guard var total = histograms.first else { return nil }
        for histogram in histograms.dropFirst() {
            guard let next = try total.adding(histogram) else { return nil }
            total = next
        }
        return total
    }

    static func variance(_ values: [Double], _ isDeviation: Bool) -> Double {
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let deviations = values.map { $0 - mean }
        // Less what the mean was rounded by, so that equal values have none.
        let rest = deviations.reduce(0, +)
        let variance = (deviations.reduce(0) { $0 + $1 * $1 } - rest * rest / count) / count
        return isDeviation ? (variance < 0 ? 0 : variance).squareRoot() : variance
    }
}
