import TimeSeries

/// What `*_over_time` makes of the numbers in a window, which is never empty.
enum OverTime {
    /// The mean: of the sum, or incremental from where the sum would overflow.
    static func average(_ values: ArraySlice<Double>) -> Double {
        var mean = CompensatedMean(values[values.startIndex])
        for value in values.dropFirst() { mean.add(value) }
        return mean.value
    }

    /// The index of the extreme value, the last one of equals.
    static func lastIndex(
        of precedes: (Double, Double) -> Bool, in values: ArraySlice<Double>
    ) -> Int {
        var best = values.startIndex
        for index in values.indices where precedes(values[index], values[best]) || values[best].isNaN {
            best = index
        }
        return best
    }

    /// The population variance (Welford's method, compensated).
    static func variance(_ values: ArraySlice<Double>) -> Double {
        var count = 0.0
        var mean = CompensatedSum()
        var squares = CompensatedSum()
        for value in values {
            count += 1
            let delta = value - (mean.sum + mean.compensation)
            mean.add(delta / count)
            squares.add(delta * (value - (mean.sum + mean.compensation)))
        }
        return (squares.sum + squares.compensation) / count
    }

    /// The median of the distances from the median; NaN where any value is.
    static func medianDeviation(_ values: ArraySlice<Double>) -> Double {
        if values.contains(where: \.isNaN) { return Marker.notANumber }
        let median = Quantile.of(Array(values), 0.5)
        return Quantile.of(values.map { abs($0 - median) }, 0.5)
    }

    /// Double exponential smoothing (Holt's linear method); nil for fewer than two values.
    static func smoothed(_ values: ArraySlice<Double>, smoothing: Double, trend: Double) -> Double? {
        guard values.count >= 2 else { return nil }
        let first = values.startIndex
        var previous = 0.0
        var level = values[first]
        var slope = values[first + 1] - values[first]
        for index in values.indices.dropFirst() {
            if index > first + 1 { slope = trend * (level - previous) + (1 - trend) * slope }
            let next = smoothing * values[index] + (1 - smoothing) * (level + slope)
            (previous, level) = (level, next)
        }
        return level
    }
}

/// A running mean that neither loses small terms nor overflows.
struct CompensatedMean {
    private var sum: CompensatedSum
    private var count = 1.0
    private var isIncremental = false

    init(_ first: Double) { sum = CompensatedSum(first) }

    mutating func add(_ value: Double) {
        count += 1
        if !isIncremental {
            var next = sum
            next.add(value)
            if !next.sum.isInfinite {
                sum = next
                return
            }
            isIncremental = true
            sum.sum /= count - 1
            sum.compensation /= count - 1
        }
        let share = (count - 1) / count
        sum.sum *= share
        sum.compensation *= share
        sum.add(value / count)
    }

    var value: Double {
        isIncremental ? sum.sum + sum.compensation : sum.sum / count + sum.compensation / count
    }
}

/// Quantiles of numbers.
enum Quantile {
    /// Interpolated between the two nearest ranks; NaN of nothing, infinite outside 0...1. NaNs are the least.
    static func of(_ values: consuming [Double], _ quantile: Double) -> Double {
        values.sort { $0.isNaN ? !$1.isNaN : $0 < $1 }
        return ofSorted(count: values.count, quantile) { values[$0] }
    }

    /// The same of numbers that are in order already.
    static func ofSorted(count: Int, _ quantile: Double, _ value: (Int) -> Double) -> Double {
        guard count > 0, !quantile.isNaN else { return Marker.notANumber }
        if quantile < 0 { return -.infinity }
        if quantile > 1 { return .infinity }
        let rank = quantile * Double(count - 1)
        let lower = Int(clamping: rank.rounded(.down)) ?? 0
        let weight = rank - rank.rounded(.down)
        return value(lower) * (1 - weight) + value(min(count - 1, lower + 1)) * weight
    }
}
