import TimeSeries

/// Makes the blocks of a group of series out of samples, each sample once.
struct RollupPass {
    /// In milliseconds, ascending.
    let resolutions: [Int64]
    private var maker = RollupMaker()

    init(_ rules: [RollupRule]) {
        resolutions = rules.map(\.resolution.milliseconds).filter { $0 > 0 }.sorted()
    }

    /// Up to where a series that has samples in `life` is to be rolled up, `made` being where it was before: whole
    /// windows that end at or before `complete`, and those of what is to be dropped before `edge`. Nil where there is
    /// nothing to do.
    ///
    /// Series that come and go within a window of the coarsest resolution leave nothing behind: whoever starts a
    /// million of them gets all memory back. One has gone that has no sample for five minutes, as of the newest of all, or of
    /// which all is dropped. A series that lives on elsewhere (`lasts`) has not.
    static func edge(
        _ life: ClosedRange<Int64>, made: Int64, complete: Int64?, newest: Int64, _ step: Int64,
        droppingBefore edge: Int64?, lasts: Bool = false
    ) -> Int64? {
        let isShort = made == .min && life.upperBound &- life.lowerBound < step
        let hasGone = life.upperBound &+ 300_000 < newest || edge.map { life.upperBound < $0 } ?? false
        var through = Int64.min
        if let complete, !isShort { through = RollupMaker.start(of: complete, step) }
        if let edge, life.lowerBound < edge, made < edge &- 1, !(isShort && hasGone && !lasts) {
            through = max(through, min(life.upperBound, RollupMaker.end(of: edge &- 1, step)))
        }
        return through > made && through >= life.lowerBound ? through : nil
    }

    /// How far behind what goes into windows a stale marker is looked for: without one, no series is seen for longer.
    static let lookahead: Int64 = 300_000

    /// The blocks of series that share their times. `columns` yields the values of each series in its order, with
    /// absent cells, as long as `times`; those behind `last` are in no window.
    mutating func blocks(
        _ times: [Int64], through last: Int64, width: Int, _ columns: (Range<Int>) -> [[Double]]
    ) -> [RollupBlock] {
        guard let first = times.first, first <= last, width > 0 else { return [] }
        let windows = resolutions.map { RollupPass.windows(times.prefix { $0 <= last }, $0) }
        var builders = zip(resolutions, windows).map { RollupBlocksBuilder(resolution: $0, windows: $1) }
        for start in stride(from: 0, to: width, by: 32) {
            for values in columns(start..<min(width, start + 32)) {
                for level in resolutions.indices {
                    let buckets = maker.buckets(
                        times.span, values.span, resolution: resolutions[level], through: last)
                    builders[level].append(RollupPass.aligned(buckets, windows[level]))
                }
            }
        }
        return builders.indices.flatMap { builders[$0].finish() }
    }

    /// The blocks of series with times of their own.
    mutating func blocks(_ series: [(times: [Int64], values: [Double], through: Int64)]) -> [RollupBlock] {
        var blocks: [RollupBlock] = []
        for resolution in resolutions {
            let buckets = series.map { samples in
                maker.buckets(
                    samples.times.span, samples.values.span, resolution: resolution, through: samples.through)
            }
            var windows: [Int64: RollupBlock.Window] = [:]
            for bucket in buckets.joined() {
                var window =
                    windows[bucket.end]
                    ?? .init(end: bucket.end, first: bucket.firstTime, last: bucket.lastTime, count: 0)
                window.first = min(window.first, bucket.firstTime)
                window.last = max(window.last, bucket.lastTime)
                window.count = max(window.count, Int(clamping: bucket.count) ?? 0)
                windows[bucket.end] = window
            }
            guard !windows.isEmpty else { continue }
            let sorted = windows.values.sorted { $0.end < $1.end }
            var builder = RollupBlocksBuilder(resolution: resolution, windows: sorted)
            for found in buckets { builder.append(RollupPass.aligned(found, sorted)) }
            blocks += builder.finish()
        }
        return blocks
    }

    private static func windows(_ times: ArraySlice<Int64>, _ resolution: Int64) -> [RollupBlock.Window] {
        var windows: [RollupBlock.Window] = []
        for time in times {
            let end = RollupMaker.end(of: time, resolution)
            if windows.last?.end == end {
                windows[windows.count - 1].last = time
                windows[windows.count - 1].count += 1
            } else {
                windows.append(.init(end: end, first: time, last: time, count: 1))
            }
        }
        return windows
    }

    private static func aligned(
        _ buckets: [RollupBucket], _ windows: [RollupBlock.Window]
    ) -> [RollupBucket?] {
        var result = [RollupBucket?](repeating: nil, count: windows.count)
        var row = 0
        for bucket in buckets {
            while row < windows.count, windows[row].end < bucket.end { row += 1 }
            if row < windows.count { result[row] = bucket }
        }
        return result
    }
}
