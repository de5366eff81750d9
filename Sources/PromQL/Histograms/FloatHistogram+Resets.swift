import TimeSeries

extension FloatHistogram {
    /// Whether a counter was reset between an earlier histogram and this one: anything has become less, or finer
    /// than it could be, so that the earlier one cannot be part of this.
    func isReset(after previous: FloatHistogram) -> Bool {
        if resetHint == .reset { return true }
        if resetHint == .notReset { return false }
        guard usesCustomBuckets == previous.usesCustomBuckets else { return true }
        if count < previous.count { return true }
        var before = HistogramLayout(previous)
        var now = HistogramLayout(self)
        if usesCustomBuckets {
            if customBounds != previous.customBounds {
                let common = HistogramLayout.common(customBounds, previous.customBounds)
                before.coarsen(to: common)
                now.coarsen(to: common)
            }
            return FloatHistogram.hasLost(before.positive, now.positive)
        }
        if schema > previous.schema || zeroThreshold < previous.zeroThreshold { return true }
        if zeroThreshold > previous.zeroThreshold { before.widenZero(to: zeroThreshold) }
        if before.zeroThreshold != zeroThreshold || zeroCount < before.zeroCount.value { return true }
        before.reduce(to: schema)
        return FloatHistogram.hasLost(before.positive, now.positive)
            || FloatHistogram.hasLost(before.negative, now.negative)
    }

    /// Whether any bucket has fewer observations now.
    private static func hasLost(
        _ before: [HistogramLayout.Count], _ now: [HistogramLayout.Count]
    ) -> Bool {
        var next = 0
        for count in before where count.value.value != 0 {
            while next < now.count, now[next].index < count.index { next += 1 }
            guard next < now.count, now[next].index == count.index else { return true }
            if now[next].value.value < count.value.value { return true }
        }
        return false
    }
}
