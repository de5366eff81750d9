/// What past cycles say about each moment, known `cycles` periods ahead: computed only from values at least
/// `cycles x period` older than the moment, so that a backtest over it cheats nowhere.
struct SeasonalBase: Sendable {
    let period: Int
    /// How many periods ahead the base must be known.
    let cycles: Int
    /// The mean of up to seven past cycles, recent ones weighing more; NaN where there is no past cycle.
    private(set) var mean: [Double]
    /// The newest known cycle alone.
    private(set) var last: [Double]
    /// How much those cycles differ from each other: the mean distance from their mean.
    private(set) var spread: [Double]

    static let maxCycles = 7
    static let decay = 0.75

    private var known = 0

    /// - Parameters:
    ///   - horizon: how far ahead of the end the base is wanted.
    ///   - smooths: whether neighbouring moments of a cycle are averaged, so that noise is not taken for the cycle.
    init(_ values: [Double], period: Int, horizon: Int, smooths: Bool = true) {
        self.period = period
        cycles = max(1, (horizon + period - 1) / period)
        mean = [Double](repeating: .nan, count: cycles * period)
        last = mean
        spread = mean
        extend(smooths ? Self.smoothed(values, width: min(7, period / 100)) : values)
    }

    /// Goes on to `cycles` periods after the end of `values`, which begin as those before did.
    mutating func extend(_ values: [Double]) {
        for newest in known..<max(known, values.count) {
            var sum = 0.0
            var total = 0.0
            var weight = 1.0
            var lag = newest
            for _ in 0..<Self.maxCycles where lag >= 0 {
                sum += weight * values[lag]
                total += weight
                weight *= Self.decay
                lag -= period
            }
            let mean = sum / total
            var distance = 0.0
            weight = 1
            lag = newest
            for _ in 0..<Self.maxCycles where lag >= 0 {
                distance += weight * abs(values[lag] - mean)
                weight *= Self.decay
                lag -= period
            }
            self.mean.append(mean)
            last.append(values[newest])
            spread.append(distance / total)
        }
        known = max(known, values.count)
    }

    /// The first moment for which there is a base.
    var start: Int { cycles * period }

    /// A centred moving average over 2 x width + 1 values.
    private static func smoothed(_ values: [Double], width: Int) -> [Double] {
        guard width > 0, values.count > 2 * width else { return values }
        var result = values
        var sum = values[0..<(2 * width)].reduce(0, +)
        for index in width..<(values.count - width) {
            sum += values[index + width]
            result[index] = sum / Double(2 * width + 1)
            sum -= values[index - width]
        }
        return result
    }
}
