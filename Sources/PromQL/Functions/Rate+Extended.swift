import TimeSeries

/// `anchored` and `smoothed`: the value at both ends of the window is that of a sample at or before it, or one
/// interpolated, instead of an extrapolation.
extension Rate {
    private var isSmoothed: Bool { rangeExtension == .smoothed }

    /// The samples whose values stand for the ends of the window; nil where none lies within.
    private func ends(_ times: [Int64], _ range: Range<Int>) -> (first: Int, last: Int)? {
        var first = range.lowerBound
        while first + 1 < range.upperBound, times[first + 1] <= start { first += 1 }
        var last = range.upperBound - 1
        if isSmoothed {
            last = range.lowerBound
            while last + 1 < range.upperBound, times[last] < end { last += 1 }
        }
        guard times[last] > start, !isSmoothed || times[first] <= end else { return nil }
        return (first, last)
    }

    func extended(_ samples: FloatSamples, _ range: Range<Int>) -> Double? {
        let times = samples.times.milliseconds
        guard var (first, last) = ends(times, range) else { return nil }
        var left = samples.values[first]
        var right = samples.values[last]
        if isSmoothed, times[first] < start {
            left = Smoothing.between(samples, first, first + 1, at: start, isCounter: isCounter)
        }
        if isSmoothed, last > range.lowerBound, times[last] > end {
            right = Smoothing.between(samples, last - 1, last, at: end, isCounter: isCounter)
        }
        var increase = right - left
        if isCounter {
            if times[first] <= start { first += 1 }
            if times[last] >= end { last -= 1 }
            var previous = left
            for index in first..<max(first, last + 1) {
                if samples.values[index] < previous { increase += previous }
                previous = samples.values[index]
            }
            if right < previous { increase += previous }
        }
        return isPerSecond ? increase / seconds : increase
    }

    func extended(
        _ samples: HistogramSamples, _ range: Range<Int>, _ annotations: inout Annotations
    ) -> FloatHistogram? {
        let times = samples.times.milliseconds
        guard let (first, last) = ends(times, range) else { return nil }
        let usesCustom = samples.values[first].usesCustomBuckets
        for histogram in samples.values[first...last] {
            guard histogram.usesCustomBuckets == usesCustom else {
                annotations.mixedExponentialAndCustom(metric, position)
                return nil
            }
            if isCounter, histogram.resetHint == .gauge { annotations.notACounter(metric, position) }
        }
        let smoothing = Smoothing.Histograms(isCounter: isCounter, position: position)
        var left = samples.values[first]
        var right = samples.values[last]
        if isSmoothed, times[first] < start {
            guard let value = smoothing.between(samples, first, first + 1, at: start, &annotations) else {
                return nil
            }
            left = value
        }
        if isSmoothed, last > range.lowerBound, times[last] > end {
            guard let value = smoothing.between(samples, last - 1, last, at: end, &annotations) else {
                return nil
            }
            right = value
        }
        if !isCounter, left.resetHint != .gauge || right.resetHint != .gauge {
            annotations.notAGauge(metric, position)
        }
        var arithmetic = HistogramArithmetic(metric: metric, position: position)
        guard var result = arithmetic.difference(right, left, &annotations) else { return nil }
        if isCounter {
            for lost in lostToResets(samples, first, last, left, right) {
                guard let sum = arithmetic.sum(result, lost, &annotations) else { return nil }
                result = sum
            }
        }
        if isPerSecond { result = result.divided(by: seconds) }
        result.resetHint = .gauge
        return result.compacted()
    }

    /// The histograms before each reset within the window.
    private func lostToResets(
        _ samples: HistogramSamples, _ first: Int, _ last: Int, _ left: FloatHistogram,
        _ right: FloatHistogram
    ) -> [FloatHistogram] {
        var next = first + 1
        var previous = left
        if isSmoothed, samples.times.milliseconds[first] < start,
            samples.values[first + 1].isReset(after: samples.values[first])
        {
            // The value at the start was interpolated across this reset and has accounted for it.
            previous = samples.values[first + 1]
            next += 1
        }
        guard next <= last else { return [] }
        var lost: [FloatHistogram] = []
        // The last sample is left to `right`, which has inherited its hint: it must not be compared with itself.
        for histogram in samples.values[next..<last] {
            if histogram.isReset(after: previous) { lost.append(previous) }
            previous = histogram
        }
        if right.isReset(after: previous) { lost.append(previous) }
        return lost
    }
}
