import Glibc
import PromQL

/// The functions of the reference evaluator, straight from their documentation.
struct ReferenceFunctions {
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
        case .sgn: value > 0 ? 1 : (value < 0 ? -1 : value)
        case .round: Glibc.floor(value * (1 / (rest.first ?? 1)) + 0.5) / (1 / (rest.first ?? 1))
        case .clampMin: value.isNaN || rest[0].isNaN ? .nan : max(rest[0], value)
        case .clampMax: value.isNaN || rest[0].isNaN ? .nan : min(rest[0], value)
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

    static func aggregate(_ operation: AggregationOperator, _ values: [Double], _ parameter: Double) -> Double
    {
        let count = Double(values.count)
        switch operation {
        case .sum: return values.reduce(0, +)
        case .avg: return values.reduce(0, +) / count
        case .count: return count
        case .group: return 1
        case .min: return values.filter { !$0.isNaN }.min() ?? .nan
        case .max: return values.filter { !$0.isNaN }.max() ?? .nan
        case .quantile: return quantile(parameter, values)
        default: return variance(values, operation == .stddev)
        }
    }

    static func variance(_ values: [Double], _ isDeviation: Bool) -> Double {
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        return isDeviation ? variance.squareRoot() : variance
    }

    func overTime(_ function: Function, _ samples: [(time: Int64, value: Double)]) -> Double? {
        let values = samples.map(\.value)
        guard let first = samples.first, let last = samples.last else { return nil }
        switch function {
        case .rate, .increase, .delta: return extrapolated(function, samples)
        case .irate, .idelta:
            guard samples.count > 1 else { return nil }
            let before = samples[samples.count - 2]
            let seconds = Double(last.time - before.time) / 1000
            if function == .idelta { return last.value - before.value }
            return (last.value < before.value ? last.value : last.value - before.value) / seconds
        case .sumOverTime: return values.reduce(0, +)
        case .avgOverTime: return values.reduce(0, +) / Double(values.count)
        case .countOverTime: return Double(values.count)
        case .minOverTime: return values.filter { !$0.isNaN }.min() ?? .nan
        case .maxOverTime: return values.filter { !$0.isNaN }.max() ?? .nan
        case .lastOverTime: return last.value
        case .firstOverTime: return first.value
        case .presentOverTime: return 1
        case .stddevOverTime, .stdvarOverTime:
            return ReferenceFunctions.variance(values, function == .stddevOverTime)
        case .quantileOverTime: return ReferenceFunctions.quantile(scalars[0], values)
        case .changes:
            return Double(zip(values, values.dropFirst()).count { $0 != $1 && !($0.isNaN && $1.isNaN) })
        case .resets: return Double(zip(values, values.dropFirst()).count { $1 < $0 })
        case .deriv, .predictLinear: return regression(function, samples)
        default: return nil
        }
    }

    private func extrapolated(_ function: Function, _ samples: [(time: Int64, value: Double)]) -> Double? {
        guard samples.count > 1, let first = samples.first, let last = samples.last else { return nil }
        var change = last.value - first.value
        if function != .delta {
            for (a, b) in zip(samples, samples.dropFirst()) where b.value < a.value { change += a.value }
        }
        let covered = Double(last.time - first.time) / 1000
        let average = covered / Double(samples.count - 1)
        var before = Double(first.time - (end - window)) / 1000
        var after = Double(end - last.time) / 1000
        if before >= average * 1.1 { before = average / 2 }
        if function != .delta, change > 0, first.value >= 0 {
            before = min(before, covered * (first.value / change))
        }
        if after >= average * 1.1 { after = average / 2 }
        var factor = (covered + before + after) / covered
        if function == .rate { factor /= Double(window) / 1000 }
        return change * factor
    }

    private func regression(_ function: Function, _ samples: [(time: Int64, value: Double)]) -> Double? {
        guard samples.count > 1, let first = samples.first else { return nil }
        let origin = function == .deriv ? first.time : now
        if samples.allSatisfy({ $0.value == first.value }) {
            let isFinite = first.value.isFinite
            return isFinite ? (function == .deriv ? 0 : first.value) : .nan
        }
        let count = Double(samples.count)
        let xs = samples.map { Double($0.time - origin) / 1000 }
        let meanX = xs.reduce(0, +) / count
        let meanY = samples.reduce(0) { $0 + $1.value } / count
        var covariance = 0.0
        var variance = 0.0
        for (x, sample) in zip(xs, samples) {
            covariance += (x - meanX) * (sample.value - meanY)
            variance += (x - meanX) * (x - meanX)
        }
        let slope = covariance / variance
        return function == .deriv ? slope : slope * scalars[0] + (meanY - slope * meanX)
    }
}
