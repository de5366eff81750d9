import TimeSeries

/// Makes buckets of the samples of a series.
struct RollupMaker {
    private var bins: [Int32] = []

    /// The buckets of ascending samples up to a moment, one a window that has any; stale markers and absent cells are none.
    mutating func buckets(
        _ times: Span<Int64>, _ values: Span<Double>, resolution: Int64, through last: Int64
    ) -> [RollupBucket] {
        var result: [RollupBucket] = []
        var row = 0
        while row < times.count, times[row] <= last {
            let end = min(RollupMaker.end(of: times[row], resolution), last)
            var next = row + 1
            while next < times.count, times[next] <= end { next += 1 }
            if var bucket = bucket(times, values, row..<next) {
                bucket.end = RollupMaker.end(of: times[row], resolution)
                bucket.start = bucket.end &- resolution
                bucket.endedAt = RollupMaker.marker(behind: next, times, values)
                result.append(bucket)
            }
            row = next
        }
        return result
    }

    /// The end of the window that a moment lies in: the least multiple that is not before it.
    static func end(of time: Int64, _ resolution: Int64) -> Int64 {
        let rest = time % resolution
        return rest == 0 ? time : time &- rest &+ (rest > 0 ? resolution : 0)
    }

    /// The greatest multiple that is not behind a moment.
    static func start(of time: Int64, _ resolution: Int64) -> Int64 {
        let rest = time % resolution
        return time &- rest &- (rest < 0 ? resolution : 0)
    }

    private mutating func bucket(
        _ times: Span<Int64>, _ values: Span<Double>, _ rows: Range<Int>
    ) -> RollupBucket? {
        var bucket: RollupBucket?
        var sum = 0.0
        var compensation = 0.0
        for row in rows {
            let value = values[row]
            if isAbsent(value) || value.bitPattern == Marker.stale.bitPattern { continue }
            guard bucket != nil else {
                bucket = RollupBucket(time: times[row], value: value)
                sum = value
                continue
            }
            let total = sum + value
            if total.isInfinite {
                compensation = 0
            } else if sum.magnitude >= value.magnitude {
                compensation += (sum - total) + value
            } else {
                compensation += (value - total) + sum
            }
            sum = total
            bucket!.count += 1
            if value < bucket!.last { bucket!.lost += bucket!.last }
            if value < bucket!.min || bucket!.min.isNaN { bucket!.min = value }
            if value > bucket!.max || bucket!.max.isNaN { bucket!.max = value }
            bucket!.last = value
            bucket!.lastTime = times[row]
        }
        bucket?.sum = sum.isInfinite ? sum : sum + compensation
        if let found = bucket, !found.min.isNaN,
            QuantileSketch.bin(found.min) != QuantileSketch.bin(found.max)
        {
            bucket?.sketch = sketch(values, rows)
        }
        return bucket
    }

    /// The stale marker that comes next behind the last sample before a row, wherever it stands; nil where a sample does.
    private static func marker(behind row: Int, _ times: Span<Int64>, _ values: Span<Double>) -> Int64? {
        var next = row
        while isAbsent(values[next - 1]) || Marker.isStale(values[next - 1]) { next -= 1 }
        while next < times.count, isAbsent(values[next]) { next += 1 }
        return next < times.count && Marker.isStale(values[next]) ? times[next] : nil
    }

    private mutating func sketch(_ values: Span<Double>, _ rows: Range<Int>) -> QuantileSketch {
        bins.removeAll(keepingCapacity: true)
        var isAscending = true
        for row in rows where !values[row].isNaN {
            let bin = QuantileSketch.bin(values[row])
            isAscending = isAscending && bins.last.map { $0 <= bin } ?? true
            bins.append(bin)
        }
        if !isAscending { bins.sort() }
        var counted: [(bin: Int32, count: Double)] = []
        for bin in bins {
            if counted.last?.bin == bin {
                counted[counted.count - 1].count += 1
            } else {
                counted.append((bin, 1))
            }
        }
        return QuantileSketch(bins: counted)
    }
}
