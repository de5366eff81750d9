import Forecasting

/// How past forecasts of one window turned out: each is kept until its window is over, then counted, older ones less
/// and less.
struct ForecastRecord {
    private struct Pending {
        var index: Int64
        var expected: Double
        var peak: Double
        var last: Double
    }

    /// A forecast a minute is half forgotten after about twelve hours.
    static let decay = 0.999
    /// Fewer say nothing.
    static let leastCount = 20.0
    private static let maxPending = 4096

    private var pending: [Pending] = []
    private var count = 0.0
    private var covered = 0.0
    private var error = 0.0
    private var lastError = 0.0

    /// The mean error of the expectation, relative to that of the last value; nil until enough are over.
    var errorRatio: Double? { count >= Self.leastCount && lastError > 0 ? error / lastError : nil }

    /// The share of peaks that stayed below the quantile that was planned for.
    var coverage: Double? { count >= Self.leastCount ? covered / count : nil }

    /// Notes a forecast made at a moment of the grid; one a moment.
    mutating func made(at index: Int64, expected: Double, peak: Double, last: Double) {
        guard expected.isFinite, peak.isFinite, last.isFinite, pending.last.map({ $0.index < index }) ?? true
        else { return }
        pending.append(Pending(index: index, expected: expected, peak: peak, last: last))
        if pending.count > Self.maxPending { pending.removeFirst() }
    }

    /// Judges what is over.
    /// - Parameters:
    ///   - values: on the grid, the last of them at `newest`; NaN is a gap.
    mutating func settle(_ values: [Double], newest: Int64, window: Window) {
        let first = newest - Int64(values.count) + 1
        while let oldest = pending.first, oldest.index + Int64(window.last) <= newest {
            pending.removeFirst()
            let begin = oldest.index + Int64(window.first) - first
            guard begin >= 0 else { continue }
            let seen = values[Int(begin)...Int(oldest.index + Int64(window.last) - first)]
                .filter(\.isFinite)
            // A window with holes says nothing about its peak.
            guard seen.count * 2 > window.last - window.first + 1, let actual = seen.max() else { continue }
            count = count * Self.decay + 1
            covered = covered * Self.decay + (actual <= oldest.peak ? 1 : 0)
            error = error * Self.decay + abs(actual - oldest.expected)
            lastError = lastError * Self.decay + abs(actual - oldest.last)
        }
    }
}
