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
    /// The largest of those cycles.
    private(set) var most: [Double]

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
        most = mean
        extend(smooths ? Self.smoothed(values, width: min(7, period / 100)) : values)
    }

    /// Goes on to `cycles` periods after the end of `values`, which begin as those before did.
    mutating func extend(_ values: [Double]) {
        guard values.count > known else { return }
        // Cycle by cycle over all new moments: neighbours in memory, which is several times as fast.
        let count = values.count - known
        var sums = [Double](repeating: 0, count: count)
        var totals = sums
        var distances = sums
        var largest = [Double](repeating: -.infinity, count: count)
        eachCycle { weight, lag in
            for index in max(known, lag)..<max(known, lag, values.count) {
                sums[index - known] += weight * values[index - lag]
                totals[index - known] += weight
                largest[index - known] = max(largest[index - known], values[index - lag])
            }
        }
        for index in 0..<count { sums[index] /= totals[index] }
        eachCycle { weight, lag in
            for index in max(known, lag)..<max(known, lag, values.count) {
                distances[index - known] += weight * abs(values[index - lag] - sums[index - known])
            }
        }
        for index in 0..<count { distances[index] /= totals[index] }
        mean += sums
        last += values[known...]
        spread += distances
        most += largest
        known = values.count
    }

    /// The weight of each past cycle and how far back it is.
    private func eachCycle(_ body: (_ weight: Double, _ lag: Int) -> Void) {
        var weight = 1.0
        for cycle in 0..<Self.maxCycles {
            body(weight, cycle * period)
            weight *= Self.decay
        }
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
