import Glibc

/// Finds the periods after which a series repeats itself.
package enum Seasonality {
    /// The autocorrelation that a period must reach beyond chance.
    static let leastCorrelation = 0.15
    /// The least difference between whole and half cycles that is a season, and how near to the best a
    /// shorter one has to come.
    static let leastContrast = 0.15
    static let shareOfBest = 0.7
    /// Random walks look as if they repeated themselves up to so many times.
    static let cyclesOfWalks = 7.0
    /// The longest series that is looked at point by point; longer ones are averaged down first.
    static let resolution = 4096
    /// So many times the median the highest hundredth must be for logarithms to be taken.
    static let uneven = 3.0
    /// Periods people live by, in seconds. What is found within 1.5 % of one is that one.
    static let calendar: [Double] = [3600, 43_200, 86_400, 604_800]

    /// At most two periods in steps, the shorter first; none where nothing significant repeats at least
    /// twice.
    /// - Parameter stepSeconds: the distance of the values, where it is known.
    package static func periods(of values: [Double], stepSeconds: Double? = nil) -> [Int] {
        guard let series = RegularSeries(values) else { return [] }
        return periods(of: series, stepSeconds: stepSeconds)
    }

    /// - Parameters:
    ///   - provesFewCycles: whether a few cycles have to have what a random walk seldom has. What tries models with seasons
    ///     against others before it uses any does without.
    ///   - isExact: whether a season is to be right to the step. What leans on it as far as that pays, and has it again at
    ///     each hour, does without: that costs more than it brings.
    static func periods(
        of series: RegularSeries, stepSeconds: Double?, provesFewCycles: Bool = true, isExact: Bool = true
    ) -> [Int] {
        let factor = max(1, (series.count + resolution - 1) / resolution)
        let coarse = clipped(highPassed(detrended(evened(averaged(series.values, by: factor)))))
        guard coarse.count >= 8 else { return [] }
        let correlation = FourierTransform.autocorrelation(coarse)
        guard let fundamental = fundamental(correlation, provesFewCycles) else { return [] }
        var lags = [fundamental.lag]
        if let second = companion(of: fundamental, correlation) { lags.append(second.lag) }
        lags.sort()
        return lags.map { refined($0 * factor, by: factor, series.values, stepSeconds, isExact: isExact) }
    }

    private typealias Peak = (lag: Int, value: Double)

    /// No more cycles are looked at: far ones are few.
    private static let maxCycles = 7
    /// The seasons of life come in sevens; another number of them has to be that much better.
    private static let advantageOfSeven = 0.1

    /// The shortest lag whose cycles stand out from what lies half a cycle beside them nearly as much as any
    /// lag's do. A multiple of the true period has a peak at its half, a fraction of it a trough at every
    /// other cycle, and a slow drift no contrast at all.
    private static func fundamental(_ correlation: [Double], _ provesFewCycles: Bool) -> Peak? {
        let last = correlation.count / 2
        guard last > 3 else { return nil }
        let contrasts = (0..<last).map { $0 < 2 ? 0 : contrast(correlation, $0, last) }
        let candidates = (2..<last).filter { lag in
            // Five standard errors of white noise.
            let chance = 5 / Double(correlation.count - lag).squareRoot()
            let near = max(1, lag / 10)
            let around = contrasts[max(2, lag - near)...min(last - 1, lag + near)]
            let least = provesFewCycles ? leastContrast(lag, correlation) : leastContrast
            return contrasts[lag] > least && around.max() == contrasts[lag]
                && highest(correlation, around: lag) > max(leastCorrelation, chance)
        }
        guard let most = candidates.map({ contrasts[$0] }).max() else { return nil }
        return candidates.first { contrasts[$0] >= shareOfBest * most }.map {
            ($0, highest(correlation, around: $0))
        }
    }

    /// A random walk, too, has something like a few long cycles: one in twenty of those that have them has a contrast
    /// above one at seven cycles and fewer, and hardly any has more cycles. What is red is known by how alike
    /// neighbouring values are; noise around a season makes these no more alike than whole cycles are.
    private static func leastContrast(_ lag: Int, _ correlation: [Double]) -> Double {
        let cycles = Double(correlation.count) / Double(lag)
        let few = min(1, pow(cyclesOfWalks / cycles, 3))
        return max(leastContrast, few * correlation[1])
    }

    /// How far the correlation at whole cycles is above that at half ones, on average over some.
    private static func contrast(_ correlation: [Double], _ lag: Int, _ last: Int) -> Double {
        var sum = 0.0
        var count = 0.0
        for cycle in 1...maxCycles where cycle == 1 || cycle * lag < last {
            sum += correlation[cycle * lag] - correlation[cycle * lag - lag / 2]
            count += 1
        }
        return sum / count
    }

    private static func highest(_ correlation: [Double], around lag: Int) -> Double {
        correlation[(lag - 1)...min(lag + 1, correlation.count - 1)].max() ?? 0
    }

    /// A second season: whole cycles that explain still more (a week above the day), or else the best of the
    /// shorter ones that divide the first (a day within the week).
    private static func companion(of fundamental: Peak, _ correlation: [Double]) -> Peak? {
        let multiples = (2..<max(3, correlation.count / 2 / fundamental.lag + 1)).compactMap {
            cycles -> Peak? in
            let lag = cycles * fundamental.lag
            guard lag < correlation.count / 2 else { return nil }
            return (lag, highest(correlation, around: lag))
        }
        let longer = multiples.filter { $0.value > fundamental.value + 0.03 }
        if let best = longer.max(by: { ($0.value, $1.lag) < ($1.value, $0.lag) }) {
            if let week = multiples.first(where: { $0.lag == 7 * fundamental.lag }),
                week.value >= best.value - advantageOfSeven
            {
                return week
            }
            // Seen twice it may be chance.
            return best.lag * 3 <= correlation.count ? best : nil
        }
        return significantPeaks(correlation).filter { peak in
            peak.lag * 3 < fundamental.lag * 2 && divides(peak.lag, fundamental.lag)
                && peak.value >= 0.3 * fundamental.value
        }.max { ($0.value, $1.lag) < ($1.value, $0.lag) }
    }

    /// Whether whole cycles of one lag make the other, as exactly as lags can be read off.
    private static func divides(_ short: Int, _ long: Int) -> Bool {
        let cycles = (Double(long) / Double(short)).rounded()
        return abs(Double(long) / cycles - Double(short)) <= max(1, 0.02 * Double(short))
    }

    private static func averaged(_ values: [Double], by factor: Int) -> [Double] {
        guard factor > 1 else { return values }
        return stride(from: 0, to: values.count - factor + 1, by: factor).map { start in
            values[start..<start + factor].reduce(0, +) / Double(factor)
        }
    }

    /// Less the line that fits it best, so that a trend is not taken for a long period.
    private static func detrended(_ values: [Double]) -> [Double] {
        let count = Double(values.count)
        guard count > 2 else { return values }
        let centre = (count - 1) / 2
        let mean = values.reduce(0, +) / count
        var covariance = 0.0
        for (index, value) in values.enumerated() { covariance += (Double(index) - centre) * (value - mean) }
        let slope = covariance / (count * (count * count - 1) / 12)
        return values.enumerated().map { $1 - mean - slope * (Double($0) - centre) }
    }

    /// Less its centred moving average over a quarter of the whole: drift must not drown what repeats.
    private static func highPassed(_ values: [Double]) -> [Double] {
        let reach = values.count / 8
        guard reach > 1 else { return values }
        var sums = [0.0]
        sums.reserveCapacity(values.count + 1)
        for value in values { sums.append(sums[sums.count - 1] + value) }
        return values.indices.map { index in
            let first = max(0, index - reach)
            let last = min(values.count, index + reach + 1)
            return values[index] - (sums[last] - sums[first]) / Double(last - first)
        }
    }

    /// Logarithms, where the upper values are many times the usual one: a few of them would else be all of the
    /// correlation.
    private static func evened(_ values: [Double]) -> [Double] {
        guard values.allSatisfy({ $0 > 0 }) else { return values }
        var moved = values
        let high = Quantile.select(values.count - 1 - values.count / 100, of: &moved)
        let middle = Quantile.select(values.count / 2, of: &moved)
        return high > uneven * middle ? values.map(Autoregression.logarithm) : values
    }

    /// With the outermost hundredth on either side pulled in: two lone spikes are no period.
    private static func clipped(_ values: [Double]) -> [Double] {
        var moved = values
        let low = Quantile.select(values.count / 100, of: &moved)
        let high = Quantile.select(values.count - 1 - values.count / 100, of: &moved)
        return values.map { min(max($0, low), high) }
    }

    /// Local maxima that stand out: above chance (five standard errors of white noise), and above the lowest
    /// correlation on the way there.
    private static func significantPeaks(_ correlation: [Double]) -> [Peak] {
        var peaks: [Peak] = []
        let last = correlation.count / 2
        guard last > 3 else { return [] }
        var lowest = correlation[1]
        for lag in 2..<last {
            lowest = min(lowest, correlation[lag])
            let value = correlation[lag]
            let chance = 5 / Double(correlation.count - lag).squareRoot()
            guard value > max(leastCorrelation, chance), value - lowest > 0.1,
                value >= correlation[lag - 1], value > correlation[lag + 1]
            else { continue }
            // Noise leaves small maxima on the slopes of large ones: only the largest around counts.
            let reach = lag / 10
            guard correlation[(lag - reach)...min(correlation.count - 1, lag + reach)].max() == value else {
                continue
            }
            peaks.append((lag, value))
        }
        return peaks
    }

    /// The exact lag at full resolution: the calendar's where it is near, else the best around the coarse
    /// one.
    private static func refined(
        _ lag: Int, by factor: Int, _ values: [Double], _ stepSeconds: Double?, isExact: Bool
    ) -> Int {
        if let stepSeconds {
            for period in calendar {
                let steps = period / stepSeconds
                let slack = max(0.015 * steps, Double(factor))
                if steps.rounded() == steps, abs(Double(lag) - steps) <= slack { return Int(steps) }
            }
        }
        guard factor > 1 else { return lag }
        var best = (lag: lag, distance: Double.infinity)
        for candidate in max(2, lag - factor)...(lag + factor) where candidate < values.count {
            let distance =
                isExact ? distance(values, candidate) : distance(values, candidate, every: factor)
            if distance < best.distance { best = (candidate, distance) }
        }
        return best.lag
    }

    /// How far every so many values are from those one cycle before: their mean square.
    private static func distance(_ values: [Double], _ lag: Int, every step: Int) -> Double {
        var squares = 0.0
        for index in stride(from: lag, to: values.count, by: step) {
            let difference = values[index] - values[index - lag]
            squares += difference * difference
        }
        return squares / Double((values.count - lag + step - 1) / step)
    }

    /// So many cycles apart values are compared for the exact lag: what is one step off for one is three for three.
    private static let comparedCycles = 3
    /// More pairs of values tell no more.
    private static let comparedPairs = 32_768

    /// How far values are from those one, two and three cycles before: the sum of the mean squares.
    private static func distance(_ values: [Double], _ lag: Int) -> Double {
        var sum = 0.0
        for cycle in 1...comparedCycles where cycle == 1 || 2 * cycle * lag <= values.count {
            let first = cycle * lag
            let count = values.count - first
            var squares = 0.0
            if count <= comparedPairs {
                for index in first..<values.count {
                    let difference = values[index] - values[index - first]
                    squares += difference * difference
                }
            } else {
                // By the golden section: any even distance may keep step with the season, and never see where a burst begins.
                var place = 0.0
                for _ in 0..<comparedPairs {
                    let index = Int(place * Double(count))
                    let difference = values[first + index] - values[index]
                    squares += difference * difference
                    place += 0.618_033_988_749_894_9
                    if place >= 1 { place -= 1 }
                }
            }
            sum += squares / Double(min(count, comparedPairs))
        }
        return sum
    }
}
