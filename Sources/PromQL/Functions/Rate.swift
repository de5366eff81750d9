import TimeSeries

/// `rate`, `increase` and `delta` of one window.
struct Rate {
    /// The end of the window, in milliseconds.
    let end: Int64
    let window: Int64
    let isCounter: Bool
    let isPerSecond: Bool
    let rangeExtension: RangeExtension?
    let metric: String
    let position: SourceRange

    var start: Int64 { end &- window }
    var seconds: Double { Double(window) / 1000 }

    /// Of numbers; nil where there are too few. `corrections` hold the resets of the whole series where nothing
    /// but its values tells of them.
    func number(
        _ samples: FloatSamples, _ range: Range<Int>, _ corrections: ResetCorrections?,
        _ annotations: inout Annotations
    ) -> Double? {
        if rangeExtension != nil { return extended(samples, range) }
        let times = samples.times.milliseconds
        let first = range.lowerBound
        let last = range.upperBound - 1
        var increase = samples.values[last] - samples.values[first]
        if isCounter {
            if let corrections, corrections.isFinite {
                increase += corrections.total(from: first, to: last)
            } else {
                increase += resets(samples, range, &annotations)
            }
        }
        var span = Span(times[first], times[last], count: range.count)
        if let startTime = usableStart(samples.starts?[first], firstSample: times[first]) {
            increase += samples.values[first]
            span.begin(at: startTime)
        } else if range.count < 2 {
            return nil
        }
        return increase * factor(span, firstValue: samples.values[first], increase: increase)
    }

    private func resets(
        _ samples: FloatSamples, _ range: Range<Int>, _ annotations: inout Annotations
    ) -> Double {
        let times = samples.times.milliseconds
        var total = 0.0
        var overlaps = false
        for index in range.dropFirst() {
            var isReset = samples.values[index] < samples.values[index - 1]
            if let starts = samples.starts {
                let previous = (start: starts[index - 1], time: times[index - 1])
                overlaps = overlaps || StartTimes.overlap(previous: previous, current: starts[index])
                isReset =
                    isReset
                    || StartTimes.isReset(previous: previous, current: (starts[index], times[index]))
            }
            if isReset { total += samples.values[index - 1] }
        }
        if overlaps { annotations.overlappingStart(metric, position) }
        return total
    }

    /// The start timestamp of the first sample, where it lies in the window: the counter was 0 then.
    func usableStart(_ startTime: Int64?, firstSample: Int64) -> Int64? {
        guard isCounter, let startTime, startTime != 0, startTime > start, startTime < firstSample else {
            return nil
        }
        return startTime
    }

    /// The stretch of time that samples cover.
    struct Span {
        let first: Int64
        let last: Int64
        /// Seconds from the first to the last.
        private(set) var covered: Double
        private let average: Double
        private(set) var startsAtZero = false

        init(_ first: Int64, _ last: Int64, count: Int) {
            self.first = first
            self.last = last
            covered = Double(last &- first) / 1000
            average = count > 1 ? covered / Double(count - 1) : 0
        }

        mutating func begin(at start: Int64) {
            covered = Double(last &- start) / 1000
            startsAtZero = true
        }

        /// How far to extrapolate over a gap: all of it where a sample would not have been expected yet (10 % more
        /// than the usual distance), else half the usual distance.
        func extrapolated(_ gap: Double) -> Double { gap >= average * 1.1 ? average / 2 : gap }
    }

    /// What an increase between samples is multiplied by to stand for the whole window.
    func factor(_ span: Span, firstValue: Double, increase: Double) -> Double {
        var before = 0.0
        if !span.startsAtZero {
            before = span.extrapolated(Double(span.first &- start) / 1000)
            // A counter cannot have been negative, so it is not extrapolated beyond its zero.
            if isCounter, increase > 0, firstValue >= 0 {
                before = min(before, span.covered * (firstValue / increase))
            }
        }
        let after = span.extrapolated(Double(end &- span.last) / 1000)
        let factor = span.covered == 0 ? 1 : (span.covered + before + after) / span.covered
        return isPerSecond ? factor / seconds : factor
    }
}

/// What resets have taken from a counter up to each of its samples.
struct ResetCorrections {
    private let lost: [Double]
    /// Whether differences can be trusted; an infinite value would spoil all after it.
    let isFinite: Bool
    private let isEmpty: Bool

    init(_ values: [Double]) {
        guard ResetCorrections.hasReset(values) else {
            lost = []
            isFinite = true
            isEmpty = true
            return
        }
        var lost = [Double](repeating: 0, count: values.count)
        var total = 0.0
        for index in 1..<values.count {
            if values[index] < values[index - 1] { total += values[index - 1] }
            lost[index] = total
        }
        self.lost = lost
        isFinite = total.isFinite
        isEmpty = false
    }

    /// Without a way out in between, several are looked at in one instruction; inlined, it would get one (5 % of a
    /// query that rates 8,000 series).
    @inline(never)
    private static func hasReset(_ values: [Double]) -> Bool {
        let span = values.span
        guard span.count > 1 else { return false }
        var resets: UInt64 = 0
        var previous = span[0]
        for index in span.indices {
            resets |= span[index] < previous ? 1 : 0
            previous = span[index]
        }
        return resets > 0
    }

    @inline(__always)
    func total(from first: Int, to last: Int) -> Double { isEmpty ? 0 : lost[last] - lost[first] }
}
