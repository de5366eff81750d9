/// A series taken apart: a straight trend, what repeats with its seasons, and how far values usually lie from
/// the two. Fitted once, then asked about moments at and after the end of what it was fitted on.
package struct Decomposition: Sendable {
    /// Fewer values tell no trend from noise.
    package static let leastValues = 10
    /// As many pairs of values as the slope is the median of.
    static let maxPairs = 65_536
    static let maxLags = 16
    /// From so many moments it is tried out how far off the level is a little later.
    static let maxOrigins = 64
    /// The median distance from the median, times this, is the standard deviation of normal errors.
    static let normalDeviation = 1.4826

    /// The seasons found, in steps, the shorter first.
    package let periods: [Int]
    /// How many values it was fitted on; the first moment after them has this index.
    package let count: Int
    /// The rise of the trend from one step to the next.
    package let slope: Double
    /// The typical distance of a value from trend and season, as a standard deviation; 0 where there is none.
    package let spread: Double
    private let level: Double
    /// For each period what its moments add to the trend, on average nothing.
    private let seasons: [[Double]]

    /// Nil where there are fewer than ten values.
    /// - Parameters:
    ///   - values: on a regular grid, oldest first; NaN is a gap.
    ///   - stepSeconds: the distance of the values, where it is known.
    ///   - reach: how many steps after the end it will be asked about; the spread is that of such moments.
    package init?(_ values: [Double], stepSeconds: Double? = nil, reach: Int) {
        guard let series = RegularSeries(values),
            series.isPresent.count(where: { $0 }) >= Self.leastValues
        else { return nil }
        let count = series.count
        let periods = Seasonality.periods(of: series, stepSeconds: stepSeconds)
            .filter { $0 >= 2 && series.count >= 2 * $0 }
        self.count = count
        self.periods = periods
        var rest = series.values
        seasons = periods.map { Self.removeSeason(of: $0, from: &rest) }
        slope = Self.slope(rest, series.isPresent)
        let width = max(12, count / 20)
        level = Self.level(rest, before: count, width: width, slope: slope)
        spread =
            Self.spread(rest, series.isPresent, width: width, slope: slope, reach: max(1, reach))
            * Self.correction(cycles: periods.last.map { count / $0 } ?? .max)
    }

    /// The trend at a moment, by index from the first value on.
    package func trend(at index: Int) -> Double { level + slope * Double(index - (count - 1)) }

    /// What the seasons add to the trend at a moment; 0 where there is no season.
    package func season(at index: Int) -> Double {
        var sum = 0.0
        for (period, season) in zip(periods, seasons) { sum += season[index % period] }
        return sum
    }

    /// How many usual distances a value lies above (or below, negative) what trend and season say.
    /// Infinite for any difference where there never was one.
    package func score(_ value: Double, at index: Int) -> Double {
        let expected = trend(at: index) + season(at: index)
        let distance = value - expected
        let rounding = 1e-9 * max(abs(expected), abs(value))
        if abs(distance) <= rounding { return 0 }
        return spread > rounding ? distance / spread : distance > 0 ? .infinity : -.infinity
    }

    // MARK: - Fitting

    /// What the moments of a period add to the moving average over it; taken off the values.
    private static func removeSeason(of period: Int, from values: inout [Double]) -> [Double] {
        let base = movingAverage(values, width: period)
        var season = (0..<period).map { phase in
            Quantile.median(stride(from: phase, to: values.count, by: period).map { values[$0] - base[$0] })
        }
        season = smoothed(season, reach: min(7, period / 100))
        let mean = season.reduce(0, +) / Double(period)
        for phase in season.indices { season[phase] -= mean }
        for index in values.indices { values[index] -= season[index % period] }
        return season
    }

    /// Centred; nearer to an end than half the width, the mean of the outermost full window.
    private static func movingAverage(_ values: [Double], width: Int) -> [Double] {
        var sums = [0.0]
        sums.reserveCapacity(values.count + 1)
        for value in values { sums.append(sums[sums.count - 1] + value) }
        return values.indices.map { index in
            let first = min(max(0, index - width / 2), values.count - width)
            return (sums[first + width] - sums[first]) / Double(width)
        }
    }

    /// A moving average around a circle.
    private static func smoothed(_ season: [Double], reach: Int) -> [Double] {
        guard reach > 0 else { return season }
        return season.indices.map { phase in
            var sum = 0.0
            for shift in -reach...reach { sum += season[(phase + shift + season.count) % season.count] }
            return sum / Double(2 * reach + 1)
        }
    }

    /// The median rise per step over pairs of values a quarter to three quarters of the history apart (Sen's
    /// slope), which no minority of wild values moves.
    private static func slope(_ values: [Double], _ isPresent: [Bool]) -> Double {
        let shortest = max(1, values.count / 4)
        let span = max(1, values.count * 3 / 4 - shortest)
        let lags = Set((0..<maxLags).map { shortest + $0 * span / maxLags }).filter { $0 < values.count }
        let pairs = lags.reduce(0) { $0 + values.count - $1 }
        let stride = max(1, pairs / maxPairs)
        var slopes: [Double] = []
        slopes.reserveCapacity(pairs / stride + lags.count)
        for lag in lags.sorted() {
            for index in Swift.stride(from: 0, to: values.count - lag, by: stride)
            where isPresent[index] && isPresent[index + lag] {
                slopes.append((values[index + lag] - values[index]) / Double(lag))
            }
        }
        return slopes.isEmpty ? 0 : Quantile.median(slopes)
    }

    /// Where the trend stands at the last of the values before `end`: the median of the newest ones.
    private static func level(_ values: [Double], before end: Int, width: Int, slope: Double) -> Double {
        Quantile.median((max(0, end - width)..<end).map { values[$0] + slope * Double(end - 1 - $0) })
    }

    /// How far values were from the level as it was known up to `reach` steps earlier.
    private static func spread(
        _ values: [Double], _ isPresent: [Bool], width: Int, slope: Double, reach: Int
    ) -> Double {
        let first = min(max(width, values.count / 3), values.count - 1)
        let stride = max(1, (values.count - first) / maxOrigins)
        var errors: [Double] = []
        for origin in Swift.stride(from: first, to: values.count, by: stride) {
            let level = level(values, before: origin, width: width, slope: slope)
            let last = min(values.count, origin + min(reach, max(stride, reach / maxOrigins)))
            for index in origin..<last where isPresent[index] {
                errors.append(abs(values[index] - level - slope * Double(index - origin + 1)))
            }
        }
        guard !errors.isEmpty else { return 0 }
        let median = Quantile.median(errors)
        // Where most values are exactly as expected, the others say what is usual.
        return median > 0
            ? normalDeviation * median : errors.reduce(0, +) / Double(errors.count) * 1.2533
    }

    /// A season learned from few cycles has learned part of their noise.
    private static func correction(cycles: Int) -> Double {
        cycles < 2 ? 1 : (Double(cycles) / Double(cycles - 1)).squareRoot()
    }
}
