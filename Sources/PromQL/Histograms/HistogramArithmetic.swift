import TimeSeries

/// Sums and differences of histograms on behalf of a function over one series, with the messages that go with them.
struct HistogramArithmetic {
    let metric: String
    let position: SourceRange

    /// Nil, with a warning, where exponential and custom buckets meet.
    mutating func sum(
        _ a: FloatHistogram, _ b: FloatHistogram, _ annotations: inout Annotations
    ) -> FloatHistogram? {
        combined(a, b, 1, .addition, &annotations)
    }

    mutating func difference(
        _ a: FloatHistogram, _ b: FloatHistogram, _ annotations: inout Annotations
    ) -> FloatHistogram? {
        combined(a, b, -1, .subtraction, &annotations)
    }

    private func combined(
        _ a: FloatHistogram, _ b: FloatHistogram, _ sign: Double,
        _ operation: Annotations.HistogramOperation, _ annotations: inout Annotations
    ) -> FloatHistogram? {
        guard let (result, reconciled, _) = a.combined(with: b, sign: sign) else {
            annotations.mixedExponentialAndCustom(metric, position)
            return nil
        }
        if reconciled { annotations.reconciledBuckets(operation, position) }
        return result
    }
}

extension FloatHistogram {
    /// The sum (`sign` 1) or difference (-1) with another histogram.
    /// - Returns: also whether custom bounds had to be reduced to those in common, and whether one was marked as
    ///   reset and the other as not; nil where one has custom buckets and the other has not.
    func combined(
        with other: FloatHistogram, sign: Double
    ) -> (result: FloatHistogram, reconciled: Bool, conflict: Bool)? {
        var layout = HistogramLayout(self)
        guard let reconciled = layout.add(other, sign: sign) else { return nil }
        let (hint, conflict) = FloatHistogram.hint(resetHint, other.resetHint)
        layout.resetHint = hint
        return (layout.histogram, reconciled, conflict)
    }

    /// The hint of a combination, and whether the two contradict each other.
    static func hint(_ a: ResetHint, _ b: ResetHint) -> (hint: ResetHint, conflict: Bool) {
        if a == b { return (a, false) }
        if a == .gauge || b == .gauge { return (.gauge, false) }
        if a == .unknown || b == .unknown { return (.unknown, false) }
        return (.unknown, true)
    }
}

/// `sum_over_time` and `avg_over_time` of histograms.
struct HistogramsOverTime {
    let metric: String
    let position: SourceRange

    func total(
        _ histograms: ArraySlice<FloatHistogram>, average: Bool, _ annotations: inout Annotations
    ) -> FloatHistogram? {
        var total = HistogramTotal()
        for histogram in histograms {
            guard total.add(histogram, average: average) else {
                annotations.mixedExponentialAndCustom(metric, position)
                return nil
            }
        }
        if total.hasConflict { annotations.conflictingResets(.aggregation, position) }
        if total.reconciled { annotations.reconciledBuckets(.aggregation, position) }
        return total.result(average: average)
    }
}

/// A running sum or mean of histograms.
struct HistogramTotal {
    private var layout: HistogramLayout?
    private var count = 0.0
    private var isIncremental = false
    private(set) var reconciled = false
    private var sawReset = false
    private var sawNotReset = false

    var hasConflict: Bool { sawReset && sawNotReset }

    /// False where exponential and custom buckets meet.
    mutating func add(_ histogram: FloatHistogram, average: Bool) -> Bool {
        sawReset = sawReset || histogram.resetHint == .reset
        sawNotReset = sawNotReset || histogram.resetHint == .notReset
        count += 1
        guard var sum = layout else {
            layout = HistogramLayout(histogram)
            return true
        }
        sum.resetHint = FloatHistogram.hint(sum.resetHint, histogram.resetHint).hint
        if !isIncremental {
            var next = sum
            guard let reconciledNow = next.add(histogram) else { return false }
            reconciled = reconciled || reconciledNow
            if !average || !next.histogram.hasOverflow {
                layout = next
                return true
            }
            isIncremental = true
            sum.scale(by: 1 / (count - 1))
        }
        sum.scale(by: (count - 1) / count)
        guard let reconciledNow = sum.add(histogram.divided(by: count)) else { return false }
        reconciled = reconciled || reconciledNow
        layout = sum
        return true
    }

    func result(average: Bool) -> FloatHistogram? {
        guard let layout else { return nil }
        return average && !isIncremental ? layout.histogram.divided(by: count) : layout.histogram
    }
}
