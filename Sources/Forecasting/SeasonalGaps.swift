/// Fills what is missing by what other cycles did at that time: a line through an outage would be taken for the last
/// cycle, and repeated.
enum SeasonalGaps {
    /// Gaps of less than this share of a cycle keep the line between their neighbours.
    static let leastShare = 0.125
    /// No more cycles than this, the nearest, say what is usual at a time.
    static let mostCycles = 4

    /// The values with gaps filled by the mean of the nearest cycles at that time, moved by how far the values beside a
    /// gap are from that: from the one side to the other in a line.
    /// - Parameter periods: the seasons, the shorter first.
    static func filled(_ series: RegularSeries, periods: [Int]) -> [Double] {
        var values = series.values
        guard let short = periods.first else { return values }
        let reach = max(1, Int(leastShare * Double(short)))
        for gap in series.gaps where gap.count >= max(2, reach) {
            let before = offset(of: series, in: max(0, gap.lowerBound - reach)..<gap.lowerBound, periods)
            let after = offset(
                of: series, in: gap.upperBound..<min(series.count, gap.upperBound + reach), periods)
            guard let first = before ?? after, let last = after ?? before else { continue }
            for index in gap {
                guard let usual = usual(series, at: index, periods) else { continue }
                let share = Double(index - gap.lowerBound + 1) / Double(gap.count + 1)
                let value = usual + first + share * (last - first)
                values[index] = min(max(value, series.plausible.lowerBound), series.plausible.upperBound)
            }
        }
        return values
    }

    /// How far the values of a range that are there are from what is usual, on average.
    private static func offset(of series: RegularSeries, in range: Range<Int>, _ periods: [Int]) -> Double? {
        let offsets = range.compactMap { index in
            series.isPresent[index]
                ? usual(series, at: index, periods).map { series.values[index] - $0 } : nil
        }
        return offsets.isEmpty ? nil : offsets.reduce(0, +) / Double(offsets.count)
    }

    /// The mean of the nearest cycles at a time, without its own; of the longer season where two of it are there.
    private static func usual(_ series: RegularSeries, at index: Int, _ periods: [Int]) -> Double? {
        var best: Double?
        for period in periods.reversed() {
            var sum = 0.0
            var count = 0
            var distance = period
            while count < mostCycles, index - distance >= 0 || index + distance < series.count {
                for near in [index - distance, index + distance]
                where count < mostCycles && series.isPresent.indices.contains(near) && series.isPresent[near]
                {
                    sum += series.values[near]
                    count += 1
                }
                distance += period
            }
            if count >= 2 { return sum / Double(count) }
            if count == 1 { best = best ?? sum }
        }
        return best
    }
}
