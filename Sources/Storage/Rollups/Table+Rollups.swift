import TimeSeries

extension Table {
    /// The blocks of the samples that are not in any yet, up to a time.
    /// - Parameter lasting: the columns that get any; nil for all.
    func rollup(
        through time: Int64, _ pass: inout RollupPass, lasting: [Bool]? = nil
    ) -> [RollupBlock] {
        guard time > rollups.made else { return [] }
        let range = (rollups.made == .min ? .min : rollups.made &+ 1)...time &+ RollupPass.lookahead
        let parts = sealed.filter { $0.first <= range.upperBound && range.lowerBound <= $0.last }
        let rows = parts.map { $0.times.milliseconds.rows(in: range) }
        let tailRows = tailTimes.rows(in: range)
        var times: [Int64] = []
        for (part, rows) in zip(parts, rows) { times += part.times.milliseconds[rows] }
        times += tailTimes[tailRows]
        let (tail, width) = (tail, width)
        return pass.blocks(times, through: time, width: width) { columns in
            let numbers = columns.map { UInt32($0) }
            var values = [[Double]](repeating: [], count: numbers.count)
            var hasAbsent = [Bool](repeating: false, count: numbers.count)
            for index in values.indices { values[index].reserveCapacity(times.count) }
            for (part, rows) in zip(parts, rows) { part.read(numbers, rows, into: &values, &hasAbsent) }
            for (index, column) in columns.enumerated() {
                _ = tail.append(column, tailRows, to: &values[index])
                if let lasting, !lasting[column] {
                    values[index] = Array(repeating: Marker.absent, count: times.count)
                }
            }
            return values
        }
    }

    /// Up to where there is something to be rolled up; nil where there is nothing.
    func rollupEdge(
        _ step: Int64, newest: Int64, isDue: Bool, droppingBefore edge: Int64?, lasts: Bool = false
    ) -> Int64? {
        guard let firstTime, let lastTime else { return nil }
        // Rows only ever get newer, so a window is complete once its last moment is there.
        return RollupPass.edge(
            firstTime...lastTime, made: rollups.made, complete: isDue ? lastTime : nil, newest: newest, step,
            droppingBefore: edge, lasts: lasts)
    }
}

extension TableSlice {
    /// How many rows and windows a reading of the range yields.
    func rowCount(_ range: ClosedRange<Int64>, _ use: SampleUse?) -> Int {
        guard let use else { return rowCount(range) }
        let set = table.rollups
        let choice = RollupChoice(set.levels, made: set.made, rawGone: set.rawGone, use, in: range)
        guard choice.isNeeded(in: range) else {
            return use.readsNewest ? min(1, rowCount(range)) : rowCount(range)
        }
        var count = 0
        if choice.samplesAfter < range.upperBound {
            count += rowCount(max(range.lowerBound, choice.samplesAfter &+ 1)...range.upperBound)
        }
        for part in choice.parts {
            for block in set.levels[part.level].blocks
            where block.first <= range.upperBound && range.lowerBound <= block.last {
                count += block.windows.count {
                    range.contains($0.end) && part.starts.contains($0.end &- block.resolution)
                }
            }
        }
        return count
    }

    /// Adds those series that have anything in the range, with their ranks.
    func read(
        _ range: ClosedRange<Int64>, _ use: SampleUse?, _ room: inout SampleRoom,
        into piece: inout SeriesPieces.Piece
    ) {
        let ranks = ranks
        func add(_ index: Int, _ series: SeriesColumns) {
            piece.series.append(series)
            piece.ranks.append(ranks[index])
        }
        if table.starts.isEmpty, table.rollups.isEmpty {
            // As they are made: each copy on the way would hold on to six objects.
            if use?.readsNewest ?? false { readNewest(range, &room, add) } else { read(range, &room, add) }
        } else {
            for (index, series) in read(range, use, &room).enumerated() {
                if let series { add(index, series) }
            }
        }
    }

    /// The series of each column as its reader wants it, nil where there is nothing in the range: buckets and, behind
    /// them, samples.
    func read(_ range: ClosedRange<Int64>, _ use: SampleUse?, _ room: inout SampleRoom) -> [SeriesColumns?] {
        guard let use else { return withStarts(read(range, &room)) }
        let set = table.rollups
        let choice = RollupChoice(set.levels, made: set.made, rawGone: set.rawGone, use, in: range)
        guard choice.isNeeded(in: range) else {
            return withStarts(read(range, newestOnly: use.readsNewest, &room))
        }
        var rolled = [SeriesColumns?](repeating: nil, count: columns.count)
        var lastTimes = TimeColumn.empty
        for (index, column) in columns.enumerated() {
            let buckets = set.buckets(column, choice, range, use)
            guard !buckets.isEmpty else { continue }
            let times = buckets.map(\.lastTime)
            if lastTimes.milliseconds != times { lastTimes = TimeColumn(times) }
            rolled[index] = SeriesColumns(
                labels: labels[index], times: lastTimes, values: buckets.map(\.last), rollups: buckets)
        }
        rolled = withStarts(rolled)
        guard choice.samplesAfter < range.upperBound else { return rolled }
        let samples = withStarts(
            read(max(range.lowerBound, choice.samplesAfter &+ 1)...range.upperBound, &room))
        return zip(rolled, samples).map { rolled, samples in
            guard let rolled, let samples else { return rolled ?? samples }
            return RollupMerge.merged(rolled, samples)
        }
    }
}
