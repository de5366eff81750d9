import TimeSeries

/// Joins what is known of a series from several places.
enum RollupMerge {
    /// Buckets in order, those within the window of another added to it.
    static func joined(_ buckets: [RollupBucket]) -> [RollupBucket] {
        var isDisjoint = true
        for (before, after) in zip(buckets, buckets.dropFirst()) where after.start < before.end {
            isDisjoint = false
        }
        guard !isDisjoint else { return buckets }
        var result: [RollupBucket] = []
        // The widest of those that begin together comes first; a wider one that begins later cannot contain it.
        let order = buckets.indices.sorted {
            let (a, b) = (buckets[$0], buckets[$1])
            return (a.start, b.end, $0) < (b.start, a.end, $1)
        }
        for index in order {
            let bucket = buckets[index]
            if let last = result.last, bucket.end <= last.end {
                // The same moment twice: the first sample stays.
                let isSame = last.end - last.start == 1 && last.start == bucket.start
                if !isSame { result[result.count - 1].add(bucket) }
            } else {
                result.append(bucket)
            }
        }
        return result
    }

    /// Adds coarser buckets, each in the place of the finer ones within it unless these have all of its samples; where they have
    /// none of them, as where the length changed within it, to these. Both are in order.
    static func filled(_ fine: [RollupBucket], with coarse: [RollupBucket]) -> [RollupBucket] {
        var result: [RollupBucket] = []
        var next = 0
        for bucket in coarse {
            while next < fine.count, fine[next].start < bucket.start {
                result.append(fine[next])
                next += 1
            }
            let inside = fine[next...].prefix { $0.start < bucket.end }
            let span = RollupSet.joined(inside.first.map(\.span), inside.last.map(\.span))
            if let span, !span.overlaps(bucket.span) {
                var whole = bucket
                for part in inside { whole.add(part) }
                result.append(whole)
            } else {
                result += inside.reduce(0) { $0 + $1.count } < bucket.count ? [bucket] : Array(inside)
            }
            next = inside.endIndex
        }
        return result + fine[next...]
    }

    /// Two columns of the same series, of which at least one has buckets.
    static func merged(_ a: SeriesColumns, _ b: SeriesColumns) -> SeriesColumns {
        let buckets = (a.rollups ?? []) + (b.rollups ?? [])
        let cut = buckets.reduce(Int64.min) { max($0, $1.end) }
        var entries = buckets
        var times: [Int64] = []
        var values: [Double] = []
        var histograms: [Int64: FloatHistogram] = [:]
        for column in [a, b] {
            for row in (column.rollups?.count ?? 0)..<column.values.count {
                let (time, value) = (column.times.milliseconds[row], column.values[row])
                if let histogram = column.histograms?[row], histograms[time] == nil {
                    histograms[time] = histogram
                }
                if time > cut || Marker.isStale(value) || column.histograms?[row] != nil {
                    times.append(time)
                    values.append(value)
                } else {
                    entries.append(RollupBucket(time: time, value: value))
                }
            }
        }
        return series(a.labels, joined(entries), times, values, histograms)
    }

    /// A series of buckets and the samples behind them. Markers of staleness and histograms among the buckets are
    /// left out.
    static func series(
        _ labels: Labels, _ buckets: [RollupBucket], _ times: [Int64], _ values: [Double],
        _ histograms: [Int64: FloatHistogram] = [:]
    ) -> SeriesColumns {
        let cut = buckets.last?.end ?? .min
        var sorted = SampleColumns(times: times, values: values)
        sorted.sort()
        let first = sorted.times.firstIndex { $0 > cut } ?? sorted.times.count
        var result = SeriesColumns(
            labels: labels, times: TimeColumn(buckets.map(\.lastTime) + sorted.times[first...]),
            values: buckets.map(\.last) + sorted.values[first...])
        result.rollups = buckets.isEmpty ? nil : buckets
        if !histograms.isEmpty {
            result.histograms = [:]
            for row in buckets.count..<result.values.count {
                result.histograms![row] = histograms[result.times.milliseconds[row]]
            }
        }
        return result
    }
}

extension RollupBucket {
    /// From the first to the last sample.
    fileprivate var span: ClosedRange<Int64> { firstTime...Swift.max(firstTime, lastTime) }
}
