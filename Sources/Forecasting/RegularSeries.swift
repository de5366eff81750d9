/// A series on a regular grid, made fit for models: gaps filled, wild values pulled in.
struct RegularSeries: Sendable {
    /// No gaps, all finite.
    private(set) var values: [Double]
    /// Whether a value was there.
    private(set) var isPresent: [Bool]
    /// Nothing below this or above that is taken for real.
    private(set) var plausible: ClosedRange<Double>
    /// Whether no value was below zero.
    let isNonNegative: Bool

    /// Nil where there is nothing finite at all.
    /// - Parameters:
    ///   - raw: NaN and infinities are gaps.
    ///   - believesEnd: whether the newest values are taken for real where several lie outside of what has been.
    init?(_ raw: [Double], believesEnd: Bool = false) {
        guard let plausible = Self.plausibleRange(raw) else { return nil }
        self.plausible = believesEnd ? Self.widened(plausible, toEndOf: raw) : plausible
        isNonNegative = !raw.contains { $0 < 0 }
        values = []
        isPresent = []
        values.reserveCapacity(raw.count)
        isPresent.reserveCapacity(raw.count)
        append(raw[...])
    }

    var count: Int { values.count }

    /// Other values in place of all of these: what was measured, less what a model takes out of it.
    /// - Precondition: as many, all finite.
    mutating func replace(_ values: [Double]) {
        precondition(values.count == self.values.count)
        self.values = values
        plausible = Self.plausibleRange(values) ?? plausible
    }

    /// Where values are missing.
    var gaps: [Range<Int>] {
        var gaps: [Range<Int>] = []
        var start: Int?
        for index in isPresent.indices {
            if isPresent[index] {
                if let start { gaps.append(start..<index) }
                start = nil
            } else if start == nil {
                start = index
            }
        }
        if let start { gaps.append(start..<count) }
        return gaps
    }

    /// The share of values that are there in a range.
    func coverage(of range: Range<Int>) -> Double {
        guard !range.isEmpty else { return 0 }
        return Double(isPresent[range].count { $0 }) / Double(range.count)
    }

    /// Adds what was measured since; a gap at the end keeps the last value until its other side is known.
    mutating func append(_ raw: ArraySlice<Double>) {
        let start = values.count
        for value in raw {
            isPresent.append(value.isFinite)
            values.append(value.isFinite ? min(max(value, plausible.lowerBound), plausible.upperBound) : 0)
        }
        fillGaps(from: start)
    }

    /// Linear between the neighbours of a gap; at either end the only neighbour.
    private mutating func fillGaps(from start: Int) {
        var last = start - 1
        while last >= 0, !isPresent[last] { last -= 1 }
        for index in start..<values.count where isPresent[index] {
            let from = last >= 0 ? values[last] : values[index]
            let span = Double(index - last)
            for gap in max(last + 1, 0)..<index {
                values[gap] = from + (values[index] - from) * Double(gap - last) / span
            }
            last = index
        }
        guard last >= 0 else { return }
        for index in (last + 1)..<max(last + 1, values.count) { values[index] = values[last] }
    }

    /// So far that the last values are inside, where all of them lie on the same side.
    private static func widened(_ range: ClosedRange<Double>, toEndOf raw: [Double]) -> ClosedRange<Double> {
        let end = raw.suffix(RecentShift.leastAfter).filter { $0.isFinite && abs($0) < 1e250 }
        guard end.count == RecentShift.leastAfter, let least = end.min(), let greatest = end.max() else {
            return range
        }
        return
            (greatest < range.lowerBound ? least : range.lowerBound)...(least > range.upperBound
            ? greatest : range.upperBound)
    }

    /// Ten times as far from the median as the 1st and 99th percentile: only what no demand does lies
    /// outside. Of few values, once more as far as they have come: they may grow. What was never below zero stays there.
    private static func plausibleRange(_ raw: [Double]) -> ClosedRange<Double>? {
        var known = raw.filter { $0.isFinite && abs($0) < 1e250 }
        guard let least = known.min(), let greatest = known.max() else { return nil }
        let (low, median, high) = outermostHundredths(of: &known)
        guard high > low else { return least...greatest }
        let reach = known.count >= 100 ? 10.0 : 1
        let lower = median - reach * (median - low) - (high - low)
        return (least >= 0 ? max(0, lower) : lower)...(median + reach * (high - median) + (high - low))
    }

    /// Below and above which a hundredth of the values lies, and their median; they are moved about.
    static func outermostHundredths(of values: inout [Double]) -> (low: Double, median: Double, high: Double)
    {
        let (count, outer) = (values.count, values.count / 100)
        let median = Quantile.select(count / 2, of: &values)
        let low = Quantile.select(outer, of: &values, in: 0..<count / 2 + 1)
        return (low, median, Quantile.select(count - 1 - outer, of: &values, in: count / 2..<count))
    }
}
