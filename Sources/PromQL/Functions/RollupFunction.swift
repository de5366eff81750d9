import TimeSeries

/// A function over windows of which buckets stand for all samples or the older ones.
///
/// Buckets within the window count whole, so that windows of whole buckets give what samples would: bit for bit for
/// counts, extremes, the first and the last, up to rounding for sums and rates, up to `QuantileSketch.relativeError`
/// for quantiles. Of a bucket that the window cuts, it gets its share of the count, the sum and the increase.
struct RollupFunction {
    let function: Function
    let buckets: [RollupBucket]
    /// The samples; the first so many of them are the last ones of the buckets.
    let samples: FloatSamples
    let references: Grid
    let window: Int64
    let scalars: [[Double]]

    static func supports(_ function: Function) -> Bool {
        switch function {
        case .countOverTime, .sumOverTime, .avgOverTime, .minOverTime, .maxOverTime, .firstOverTime,
            .lastOverTime, .presentOverTime, .quantileOverTime, .rate, .increase, .delta, .tsOfFirstOverTime,
            .tsOfLastOverTime:
            true
        default: false
        }
    }

    /// Whether buckets of aligned windows yield every bit that samples would.
    static func isExact(_ function: Function) -> Bool {
        switch function {
        case .countOverTime, .minOverTime, .maxOverTime, .firstOverTime, .lastOverTime, .presentOverTime,
            .tsOfFirstOverTime, .tsOfLastOverTime:
            true
        default: false
        }
    }

    /// Writes the steps behind `base` whose windows reach into buckets; the others are left as they are.
    func fill(
        _ cells: inout [Double], from base: Int, checkpoint: () throws(QueryError) -> Void
    ) throws(QueryError) {
        guard let edge = buckets.last?.end else { return }
        for step in 0..<references.count {
            if step & 0x3f == 0 { try checkpoint() }
            let end = references.time(step)
            guard end &- window < edge else { continue }
            cells[base + step] = Cell.absent
            let view = RollupWindow(buckets, samples, start: end &- window, end: end)
            if !view.isEmpty, let value = value(view, step) {
                cells[base + step] = Evaluator.ordinary(value)
            }
        }
    }

    private func value(_ view: RollupWindow, _ step: Int) -> Double? {
        switch function {
        case .countOverTime: view.count
        case .sumOverTime: view.sum
        case .avgOverTime: view.sum / view.count
        case .minOverTime: view.entries.reduce(Marker.notANumber) { $1.min < $0 || $0.isNaN ? $1.min : $0 }
        case .maxOverTime: view.entries.reduce(Marker.notANumber) { $1.max > $0 || $0.isNaN ? $1.max : $0 }
        case .firstOverTime: view.first?.value
        case .lastOverTime: view.last?.value
        case .tsOfFirstOverTime: view.first.map { Double($0.time) / 1000 }
        case .tsOfLastOverTime: view.last.map { Double($0.time) / 1000 }
        case .presentOverTime: 1
        case .quantileOverTime: view.quantile(scalars[0][step])
        case .rate: view.increase(isCounter: true).map { $0 / (Double(window) / 1000) }
        case .increase: view.increase(isCounter: true)
        case .delta: view.increase(isCounter: false)
        default: nil
        }
    }

    /// Whether each window has any sample, or a bucket that may have one.
    static func presence(_ buckets: [RollupBucket], _ references: Grid, window: Int64) -> [Bool] {
        (0..<references.count).map { step in
            let end = references.time(step)
            let first = buckets.firstIndex(endingAfter: end &- window)
            return first < buckets.count && buckets[first].start < end
        }
    }
}

/// Buckets and samples, the latter as buckets of their own, of which at least a part is in a window.
struct RollupWindow {
    private(set) var entries: [RollupBucket] = []
    private let start: Int64
    private let end: Int64

    init(_ buckets: [RollupBucket], _ samples: FloatSamples, start: Int64, end: Int64) {
        self.start = start
        self.end = end
        var index = buckets.firstIndex(endingAfter: start)
        while index < buckets.count, buckets[index].start < end {
            entries.append(buckets[index])
            index += 1
        }
        let times = samples.times.milliseconds
        var row = max(buckets.count, times.firstIndex(after: start))
        while row < times.count, times[row] <= end {
            entries.append(RollupBucket(time: times[row], value: samples.values[row]))
            row += 1
        }
    }

    var isEmpty: Bool { entries.isEmpty }

    /// The part of a bucket that is in the window.
    private func share(_ bucket: RollupBucket) -> Double {
        if start <= bucket.start, bucket.end <= end { return 1 }
        let length = bucket.end &- bucket.start
        return Double(min(end, bucket.end) &- max(start, bucket.start)) / Double(max(1, length))
    }

    var count: Double { entries.reduce(0) { $0 + $1.count * share($1) } }

    var sum: Double {
        var total = CompensatedSum()
        for entry in entries { total.add(entry.sum * share(entry)) }
        return total.value
    }

    var first: (time: Int64, value: Double)? {
        entries.first.map { $0.firstTime > start ? ($0.firstTime, $0.first) : ($0.lastTime, $0.last) }
    }

    /// The last sample; of a bucket that goes on behind the window, what is known to be before its end.
    var last: (time: Int64, value: Double)? {
        guard let last = entries.last else { return nil }
        if last.lastTime <= end { return (last.lastTime, last.last) }
        if entries.count > 1 {
            let before = entries[entries.count - 2]
            return (before.lastTime, before.last)
        }
        return last.firstTime <= end ? (last.firstTime, last.first) : (last.lastTime, last.last)
    }

    func quantile(_ quantile: Double) -> Double {
        if quantile.isNaN { return Marker.notANumber }
        if quantile < 0 { return -.infinity }
        if quantile > 1 { return .infinity }
        var sketch = QuantileSketch()
        var least = Marker.notANumber
        var greatest = Marker.notANumber
        for entry in entries {
            // Without a sketch, of which there is none to be read, half of the samples are taken for the least ones.
            let halves = QuantileSketch(bins: [
                (QuantileSketch.bin(entry.min), entry.count / 2),
                (QuantileSketch.bin(entry.max), entry.count / 2),
            ])
            sketch.merge(entry.wholeSketch ?? halves, weight: share(entry))
            if entry.min < least || least.isNaN { least = entry.min }
            if entry.max > greatest || greatest.isNaN { greatest = entry.max }
        }
        let count = sketch.count
        guard count > 0 else { return Marker.notANumber }
        let rank = quantile * max(0, count - 1)
        let weight = rank - rank.rounded(.down)
        // The extremes are known exactly.
        func value(_ rank: Double) -> Double {
            if rank <= 0 { return least }
            if rank >= count - 1 { return greatest }
            return min(greatest, max(least, sketch.value(atRank: rank)))
        }
        let low = value(rank.rounded(.down))
        return weight == 0 ? low : low * (1 - weight) + value(rank.rounded(.down) + 1) * weight
    }

    // MARK: - Rates

    /// The increase, extrapolated to the whole window as Prometheus does it; nil of fewer than two samples.
    func increase(isCounter: Bool) -> Double? {
        guard let firstEntry = entries.first, let lastEntry = entries.last else { return nil }
        let count = count
        var total = 0.0
        for (index, entry) in entries.enumerated() {
            total += isCounter ? entry.increase : entry.last - entry.first
            guard index > 0 else { continue }
            let before = entries[index - 1].last
            total += isCounter && entry.first < before ? entry.first : entry.first - before
        }
        var from = firstEntry.firstTime
        var to = lastEntry.lastTime
        var isCut = (start: false, end: false)
        if firstEntry.start < start, from < start {
            let part = RollupWindow.part(of: firstEntry, before: start)
            total -= part * (isCounter ? firstEntry.increase : firstEntry.last - firstEntry.first)
            from = min(start, firstEntry.lastTime)
            isCut.start = true
        }
        if end < lastEntry.end, end < to {
            let part = 1 - RollupWindow.part(of: lastEntry, before: end)
            total -= part * (isCounter ? lastEntry.increase : lastEntry.last - lastEntry.first)
            to = max(end, lastEntry.firstTime)
            isCut.end = true
        }
        guard to > from, count > 1 || isCut.start || isCut.end else { return nil }
        let covered = Double(to &- from) / 1000
        let average = count > 1 ? covered / (count - 1) : covered
        func extrapolated(_ gap: Double) -> Double { gap >= average * 1.1 ? average / 2 : gap }
        var before = isCut.start ? 0 : extrapolated(Double(from &- start) / 1000)
        if isCounter, !isCut.start, total > 0, firstEntry.first >= 0 {
            before = min(before, covered * (firstEntry.first / total))
        }
        let after = isCut.end ? 0 : extrapolated(Double(end &- to) / 1000)
        return total * ((covered + before + after) / covered)
    }

    /// The part of the time that the samples of a bucket cover which is before a moment.
    private static func part(of bucket: RollupBucket, before time: Int64) -> Double {
        let length = bucket.lastTime &- bucket.firstTime
        guard length > 0 else { return time > bucket.firstTime ? 1 : 0 }
        return min(1, max(0, Double(time &- bucket.firstTime) / Double(length)))
    }
}

extension [RollupBucket] {
    /// The first of the buckets, which are in order, that ends behind a moment.
    func firstIndex(endingAfter time: Int64) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].end <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
