import TimeSeries

/// Values between samples, on the straight line that joins them.
enum Smoothing {
    /// The value at `time` between two samples; a counter that was reset started from 0.
    static func between(
        _ samples: FloatSamples, _ before: Int, _ after: Int, at time: Int64, isCounter: Bool
    ) -> Double {
        let times = samples.times.milliseconds
        var low = samples.values[before]
        let high = samples.values[after]
        if isCounter, high < low { low = 0 }
        return low + (high - low) * Double(time &- times[before]) / Double(times[after] &- times[before])
    }

    /// The value at `time`; nil where no sample comes before it. After the last sample its value stays.
    static func value(_ samples: FloatSamples, _ range: Range<Int>, at time: Int64) -> Double? {
        guard let before = lastIndex(samples.times.milliseconds, range, upTo: time) else { return nil }
        guard samples.times.milliseconds[before] < time, before + 1 < range.upperBound else {
            return samples.values[before]
        }
        return between(samples, before, before + 1, at: time, isCounter: false)
    }

    static func histogram(
        _ samples: HistogramSamples, _ range: Range<Int>, at time: Int64, annotations: inout Annotations,
        metric: String, position: SourceRange
    ) -> FloatHistogram? {
        guard let before = lastIndex(samples.times.milliseconds, range, upTo: time) else { return nil }
        guard samples.times.milliseconds[before] < time, before + 1 < range.upperBound else {
            return samples.values[before]
        }
        guard samples.values[before].usesCustomBuckets == samples.values[before + 1].usesCustomBuckets else {
            annotations.mixedExponentialAndCustom(metric, position)
            return nil
        }
        // Gauges only where both say so.
        let isCounter = samples.values[before...before + 1].contains { $0.resetHint != .gauge }
        return Histograms(isCounter: isCounter, position: position)
            .between(samples, before, before + 1, at: time, &annotations)
    }

    private static func lastIndex(_ times: [Int64], _ range: Range<Int>, upTo time: Int64) -> Int? {
        range.last { times[$0] <= time }
    }

    struct Histograms {
        let isCounter: Bool
        let position: SourceRange

        /// The histogram at `time` between two samples; nil where they are of different kinds.
        func between(
            _ samples: HistogramSamples, _ before: Int, _ after: Int, at time: Int64,
            _ annotations: inout Annotations
        ) -> FloatHistogram? {
            let times = samples.times.milliseconds
            let low = samples.values[before]
            let high = samples.values[after]
            if time == times[before] { return low }
            if time == times[after] { return high }
            let fraction = Double(time &- times[before]) / Double(times[after] &- times[before])
            if isCounter, high.isReset(after: low) { return high.scaled(by: fraction) }
            var arithmetic = HistogramArithmetic(metric: "", position: position)
            guard let difference = arithmetic.difference(high, low, &annotations) else { return nil }
            return arithmetic.sum(difference.scaled(by: fraction), low, &annotations)
        }
    }
}
