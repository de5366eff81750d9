/// What the last cycle, repeated, has been worth as a forecast.
enum LastCycle {
    /// More of the past says less of what comes next.
    static let maxWindows = 19
    static let leastWindows = 4
    /// What is taken for the steadiness before it has been seen.
    static let usualSteadiness = 0.6
    /// The rank of a window that went well.
    static let goodRank = 0.2

    /// How evenly wrong it is from window to window: the error of a window that went well relative to the mean of all,
    /// from 0 (as where every week has its weekend, before which the last day is no forecast) to 1.
    /// - Parameters:
    ///   - period: the length of a cycle, 1 for the last value.
    ///   - width: the length of a window, which starts every half of it.
    static func steadiness(_ values: [Double], period: Int, width: Int) -> Double {
        guard period >= 1, width >= 1 else { return usualSteadiness }
        var errors: [Double] = []
        for start in stride(from: values.count - width, through: period, by: -max(1, width / 2)) {
            guard errors.count < maxWindows else { break }
            var sum = 0.0
            for step in 0..<width {
                sum += abs(values[start + step] - values[start - period + step % period])
            }
            errors.append(sum)
        }
        let mean = errors.reduce(0, +) / Double(max(1, errors.count))
        guard errors.count >= leastWindows, mean > 0 else { return usualSteadiness }
        errors.sort()
        return min(1, Quantile.ofSorted(errors, goodRank) / mean)
    }
}
