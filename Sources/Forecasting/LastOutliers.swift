/// The newest values where they are as nothing before: of a last value nobody can tell yet whether it is wrong or the
/// first of a new level, and a forecast must not hang on it.
enum LastOutliers {
    /// So many values that agree are believed.
    static let most = RecentShift.leastAfter - 1
    /// From the median of so many before.
    static let reach = 5
    /// How far a value may be from what was to be expected: so many times as far as the outermost hundredth was.
    static let leeway = 2.0
    /// Older values tell nothing more.
    static let maxValues = 500
    static let leastValues = 20

    /// The values, the newest pulled in to the outermost hundredth.
    /// - Parameter period: the season, nil where there is none.
    static func pulledIn(_ values: [Double], period: Int?) -> [Double] {
        var values = values
        for index in max(0, values.count - most)..<values.count {
            guard let near = usual(values, at: index, lags: Array(1...reach)) else { continue }
            let seasonal = period.flatMap { period in
                usual(values, at: index, lags: (1...3).map { $0 * period })
            }
            // Far from its neighbours is nothing where a season says so, and the other way round.
            let isFar = [near, seasonal ?? near].allSatisfy {
                abs(values[index] - $0.middle) > leeway * $0.distance
            }
            guard isFar else { continue }
            let known = [near, seasonal ?? near]
            let low = known.map { $0.middle - $0.distance }.min() ?? values[index]
            let high = known.map { $0.middle + $0.distance }.max() ?? values[index]
            values[index] = min(max(values[index], low), high)
        }
        return values
    }

    /// The median of the values so far before, and how far the outermost hundredth of values before was from theirs.
    private static func usual(
        _ values: [Double], at index: Int, lags: [Int]
    ) -> (middle: Double, distance: Double)? {
        guard let longest = lags.last, index - longest >= leastValues else { return nil }
        func middle(_ index: Int) -> Double { Quantile.median(lags.map { values[index - $0] }) }
        var distances = (max(longest, index - maxValues)..<index).map { abs(values[$0] - middle($0)) }
        return (middle(index), Quantile.select(distances.count * 99 / 100, of: &distances))
    }
}
