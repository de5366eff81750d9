/// One or two values as there hardly ever were, and gone again: a wrong measurement, or what nobody foresees. Neither the
/// level nor past cycles are to hang on them.
struct PassingSpikes: Sendable {
    /// What comes more often belongs to the series.
    private static let most = 2
    private static let leastValues = 200

    private let usual: ClosedRange<Double>
    /// How many of the newest values lie outside.
    private var run = 0
    /// The newest value that lies within.
    private var last: Double?

    /// Nil where the series is too short or even, or has such values again and again.
    init?(_ values: [Double]) {
        guard values.count >= Self.leastValues else { return nil }
        var known = values
        let (low, median, high) = RegularSeries.outermostHundredths(of: &known)
        guard low < high else { return nil }
        let leeway = LastOutliers.leeway
        usual = (median - leeway * (median - low))...(median + leeway * (high - median))
        let runs = runs(values)
        guard runs.count(where: { $0.count <= LastOutliers.most }) <= Self.most else { return nil }
        run = runs.last.map { $0.upperBound == values.count ? $0.count : 0 } ?? 0
        last = values.last { usual.contains($0) }
    }

    /// Where values lie outside of what is usual, one after the other.
    private func runs(_ values: [Double]) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for index in values.indices where !usual.contains(values[index]) {
            if let last = runs.last, last.upperBound == index {
                runs[runs.count - 1] = last.lowerBound..<index + 1
            } else {
                runs.append(index..<index + 1)
            }
        }
        return runs
    }

    /// The values with a line in place of each spike; at the end with the value before it.
    func removed(from values: [Double]) -> [Double] {
        var values = values
        for run in runs(values) where run.count <= LastOutliers.most && run.lowerBound > 0 {
            let before = values[run.lowerBound - 1]
            let after = run.upperBound < values.count ? values[run.upperBound] : before
            for index in run {
                let share = Double(index - run.lowerBound + 1) / Double(run.count + 1)
                values[index] = before + (after - before) * share
            }
        }
        return values
    }

    /// Whether the newest value is one outside that is not believed, or the next one would be.
    func doubts(next value: Double?) -> Bool {
        guard let value else { return (1...LastOutliers.most).contains(run) }
        return value.isFinite && !usual.contains(value) && run < LastOutliers.most
    }

    /// What is believed of the next value: one outside stays at the last within until as many as are no spike agree on it.
    mutating func settled(_ value: Double) -> Double {
        guard value.isFinite, !usual.contains(value) else {
            run = 0
            if value.isFinite { last = value }
            return value
        }
        run += 1
        return run > LastOutliers.most ? value : last ?? value
    }
}
