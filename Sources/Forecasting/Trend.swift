/// Series without a season: exponential smoothing with a trend that fades, Theta, and a trend that goes on.
enum Trend {
    static let levelRates = [0.05, 0.1, 0.2, 0.4, 0.7, 1]
    static let trendRates = [0.02, 0.1, 0.3]
    static let damping = 0.9
    /// So many times its standard error a slope may be by chance, and from so many times on it is none.
    static let doubt = 5.0...10.0
    /// The same of how much it flattens: what does ends.
    static let doubtOfEnd = 2.5...4.0
    /// Fewer tell no trend from chance.
    static let leastValues = 12
    /// Older values tell no rate.
    static let maxValues = 2000

    /// Holt's method with a damped trend, at the rates that would have foreseen each next value best.
    static func damped(_ values: ArraySlice<Double>, horizon: Int) -> [Double]? {
        let values = values.suffix(maxValues)
        guard values.count >= 4 else { return nil }
        var best = (error: Double.infinity, level: 0.0, trend: 0.0)
        for levelRate in levelRates {
            for trendRate in trendRates {
                var level = values[values.startIndex]
                var trend = 0.0
                var error = 0.0
                for value in values.dropFirst() {
                    let expected = level + damping * trend
                    error += abs(value - expected)
                    let next = expected + levelRate * (value - expected)
                    trend = trendRate * (next - level) + (1 - trendRate) * damping * trend
                    level = next
                }
                if error < best.error { best = (error, level, trend) }
            }
        }
        var step = best.trend
        var level = best.level
        return (0..<horizon).map { _ in
            step *= damping
            level += step
            return level
        }
    }

    /// The mean of the line through all values and of a smoothed series with twice its curvature
    /// (Assimakopoulos and Nikolopoulos 2000).
    static func theta(_ values: ArraySlice<Double>, horizon: Int) -> [Double]? {
        let values = Array(values.suffix(maxValues))
        guard let line = Line(values) else { return nil }
        let curved = values.enumerated().map { 2 * $1 - line[$0] }
        let level = SeasonalSmoothing.smoothed(curved, from: 1)
        return (0..<horizon).map { (level + line[values.count + $0]) / 2 }
    }

    /// The line through all values, moved to the smoothed level of what remains without it.
    static func straight(_ values: ArraySlice<Double>, horizon: Int) -> [Double]? {
        let values = Array(values.suffix(maxValues))
        guard let line = Line(values) else { return nil }
        let level = SeasonalSmoothing.smoothed(values.enumerated().map { $1 - line[$0] }, from: 1)
        return (0..<horizon).map { level + line[values.count + $0] }
    }

    /// From 0 to 1, how surely values follow a line: by its slope in units of its standard error, which is larger where
    /// what remains goes on, as in a random walk.
    static func evidence(_ values: [Double]) -> Double {
        let values = Array(values.suffix(maxValues))
        guard values.count >= leastValues, let line = Line(values) else { return 0 }
        let rest = values.enumerated().map { $1 - line[$0] }
        let count = Double(rest.count)
        let square = rest.reduce(0) { $0 + $1 * $1 }
        guard square > 0 else { return 1 }
        let product = zip(rest, rest.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
        // The line has taken some of the likeness of neighbours with it.
        let likeness = min(max(product / square + 4 / count, 0), 0.99)
        let variance = square / (count - 2) * (1 + likeness) / (1 - likeness)
        let error = (variance / (count * (count * count - 1) / 12)).squareRoot()
        let distance = abs(line[1] - line[0]) / error
        let bend = curvature(rest) * ((1 - likeness) / (1 + likeness)).squareRoot()
        let flattening = line[1] < line[0] ? bend : -bend
        return share(of: distance, beyond: doubt) * (1 - share(of: flattening, beyond: doubtOfEnd))
    }

    /// How far a number is on its way from the first to the second bound, from 0 to 1.
    static func share(of number: Double, beyond bounds: ClosedRange<Double>) -> Double {
        min(max((number - bounds.lowerBound) / (bounds.upperBound - bounds.lowerBound), 0), 1)
    }

    /// By how many standard errors what remains without a line is bent, upwards where that is above zero.
    private static func curvature(_ rest: [Double]) -> Double {
        let count = Double(rest.count)
        let centre = (count - 1) / 2
        // The mean of the squared distances from the centre.
        let mean = (count * count - 1) / 12
        var product = 0.0
        var size = 0.0
        var square = 0.0
        for (index, value) in rest.enumerated() {
            let curve = (Double(index) - centre) * (Double(index) - centre) - mean
            product += value * curve
            size += curve * curve
            square += value * value
        }
        let bent = product * product / size
        guard square > bent, square.isFinite else { return 0 }
        let errors = (bent / (square - bent) * (count - 3)).squareRoot()
        return product < 0 ? -errors : errors
    }

    /// The line that fits values best.
    private struct Line {
        private let mean: Double
        private let slope: Double
        private let centre: Double

        /// Nil where there are fewer than four.
        init?(_ values: [Double]) {
            guard values.count >= 4 else { return nil }
            let count = Double(values.count)
            let centre = (count - 1) / 2
            let mean = values.reduce(0, +) / count
            var covariance = 0.0
            for (index, value) in values.enumerated() {
                covariance += (Double(index) - centre) * (value - mean)
            }
            slope = covariance / (count * (count * count - 1) / 12)
            self.mean = mean
            self.centre = centre
        }

        subscript(index: Int) -> Double { mean + slope * (Double(index) - centre) }
    }
}
