import Synchronization
package import TimeSeries

extension Store: SeriesSource {
    package func select(_ selections: [Selection]) async throws -> [[SeriesColumns]] {
        try await select(selections, sampleLimit: .max)
    }

    package func select(_ selections: [Selection], sampleLimit: Int) async throws -> [[SeriesColumns]] {
        try await open(selections, inPieces: [], sampleLimit: sampleLimit).map {
            guard case .series(let series) = $0 else { return [] }
            return series
        }
    }

    package func open(
        _ selections: [Selection], inPieces: Set<Int>, sampleLimit: Int
    ) async throws -> [SelectedSeries] {
        var results: [SelectedSeries] = []
        var room = sampleLimit
        for (number, (selection, found)) in zip(selections, named(selections)).enumerated() {
            try Task.checkCancellation()
            let range = selection.range.milliseconds
            if inPieces.contains(number), let pieces = try found.pieces(range, selection.use, room: &room) {
                results.append(.pieces(pieces))
            } else {
                results.append(.series(try found.read(range, selection.use, workers, room: &room)))
            }
        }
        return results
    }

    package func series(_ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>) async throws -> [Labels]
    {
        let found = named(selections(matcherSets, range))
        if found.count == 1, let labels = found[0].orderedLabels(in: range.milliseconds) { return labels }
        var all: [Labels] = []
        for found in found {
            found.forEachSeries(in: range.milliseconds) { all.append($0) }
        }
        let sorted = LabelOrder.permutation(of: all).map { $0.map { all[$0] } } ?? all
        guard zip(sorted, sorted.dropFirst()).contains(where: { $0 == $1 }) else { return sorted }
        return sorted.enumerated().filter { $0.offset == 0 || sorted[$0.offset - 1] != $0.element }.map(
            \.element)
    }

    package func labelNames(
        _ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>
    ) async throws -> [String] {
        var names: Set<ExactText> = []
        for found in find(selections(matcherSets, range)) {
            found.forEachSeries(in: range.milliseconds) {
                $0.forEach { name, _ in names.insert(ExactText(name)) }
            }
        }
        return Labels.sorted(names.lazy.map(\.text))
    }

    package func labelValues(
        _ name: String, _ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>
    ) async throws -> [String] {
        let isWhole = matcherSets.allSatisfy(\.isEmpty)
        let known = head.withLock { head in
            isWhole && head.tombstones.isEmpty ? head.values(of: name, in: range.milliseconds) : nil
        }
        if let known { return known.isSorted ? known.texts : Labels.sorted(known.texts) }
        var values: Set<ExactText> = []
        for found in find(selections(matcherSets, range)) {
            found.forEachSeries(in: range.milliseconds) {
                if let value = $0[name] { values.insert(ExactText(value)) }
            }
        }
        return Labels.sorted(values.lazy.map(\.text))
    }

    package func metadata(of metric: String?) async -> [String: [MetricMetadata]] {
        head.withLock { head in
            guard let metric else { return head.metadata.byName.mapValues { [$0] } }
            return head.metadata.byName[metric].map { [metric: [$0]] } ?? [:]
        }
    }

    private func selections(_ matcherSets: [[Matcher]], _ range: ClosedRange<Timestamp>) -> [Selection] {
        (matcherSets.isEmpty ? [[]] : matcherSets).map { Selection($0, in: range) }
    }

    /// What selections find at one moment.
    private func find(_ selections: [Selection]) -> [Head.Found] {
        head.withLock { head in
            selections.map { head.find($0.matchers, in: $0.range.milliseconds, $0.use) }
        }
    }

    /// The same, tables named: outside the lock, unless they were before.
    private func named(_ selections: [Selection]) -> [Head.Found] {
        var all = find(selections)
        for (index, selection) in selections.enumerated() where all[index].list == nil {
            let list = SeriesList(all[index].tables, others: all[index].others)
            all[index].name(list)
            let generation = all[index].generation
            head.withLock { $0.seriesLists.keep(list, for: selection.matchers, generation: generation) }
        }
        return all
    }
}

extension ClosedRange<Timestamp> {
    var milliseconds: ClosedRange<Int64> { lowerBound.milliseconds...upperBound.milliseconds }
}

extension Head.Found {
    /// The labels of all series with anything in the range, but for those of which all in it is deleted.
    func forEachSeries(in range: ClosedRange<Int64>, _ body: (Labels) -> Void) {
        func isDeleted(_ labels: Labels, _ life: ClosedRange<Int64>?) -> Bool {
            guard !tombstones.isEmpty, let life, life.overlaps(range) else { return false }
            let seen = life.clamped(to: range)
            return tombstones.contains {
                $0.range.lowerBound <= seen.lowerBound && seen.upperBound <= $0.range.upperBound
                    && $0.covers(labels)
            }
        }
        for slice in tables {
            let life = slice.table.life
            let vacancy = slice.table.vacancy(of: slice.columns, in: range)
            for (index, column) in slice.columns.enumerated()
            where !(vacancy?.contains(column) ?? false) {
                let labels = slice.labels(at: index)
                if !isDeleted(labels, life) { body(labels) }
            }
        }
        forEachLoose { labels, group, slot in
            if !isDeleted(labels, tombstones.isEmpty ? nil : group.life(slot)) { body(labels) }
        }
        for rollup in rolled where !isDeleted(rollup.member.labels, rollup.set.span) {
            body(rollup.member.labels)
        }
    }

    /// Whether tables are all there is, each series in one of them, and nothing of it is hidden.
    private var isPlain: Bool {
        list?.isUnique ?? false && loose.isEmpty && rolled.isEmpty && tombstones.isEmpty
    }

    /// The labels of all series with anything in the range in their order; nil where that is not known.
    func orderedLabels(in range: ClosedRange<Int64>) -> [Labels]? {
        guard isPlain else { return nil }
        let labels = tables.map { slice -> [Labels?] in
            guard let vacancy = slice.table.vacancy(of: slice.columns, in: range) else { return slice.labels }
            return zip(slice.columns, slice.labels).map { vacancy.contains($0) ? nil : $1 }
        }
        return placed(labels) { $0 }
    }

    /// What tables have of each of their columns, in the order of ranks.
    private func placed<Item, Result>(_ items: [[Item]], _ take: (inout Item) -> Result?) -> [Result] {
        var items = items
        var places = [(table: Int32, index: Int32)](repeating: (-1, 0), count: list?.count ?? 0)
        for (number, slice) in tables.enumerated() {
            for (index, rank) in slice.ranks.enumerated() { places[rank] = (Int32(number), Int32(index)) }
        }
        var result: [Result] = []
        result.reserveCapacity(places.count)
        for place in places where place.table >= 0 {
            if let item = take(&items[Int(place.table)][Int(place.index)]) { result.append(item) }
        }
        return result
    }

    /// The columns of a table that are read at once.
    private static let widestPiece = 128
    /// The cells that several small tables may have for which one piece is enough.
    private static let smallPiece = 2048

    /// The samples in a range, to be read a piece at a time; nil where series have to be put together first.
    /// - Throws: `TooManySamples` where there is no room for all of them.
    func pieces(
        _ range: ClosedRange<Int64>, _ use: SampleUse?, room: inout Int
    ) throws(TooManySamples) -> SeriesPieces? {
        guard isPlain, let list else { return nil }
        let (parts, cells) = parts(range, use)
        guard cells <= room else { throw TooManySamples() }
        room -= cells
        let tables = tables
        let seriesCount = columnCount
        let places = seriesCount < list.count ? places(among: list.count) : nil
        return SeriesPieces(
            count: parts.count, seriesCount: seriesCount, sampleCount: cells, work: work(cells)
        ) { number, room in
            let slices = tables.span
            let part = parts[number]
            var piece = SeriesPieces.Piece(series: [], ranks: [])
            for table in part.tables {
                if let columns = part.columns {
                    slices[table][columns].read(range, use, &room, into: &piece)
                } else {
                    slices[table].read(range, use, &room, into: &piece)
                }
            }
            if let places {
                for index in piece.ranks.indices { piece.ranks[index] = places[piece.ranks[index]] }
            }
            return piece
        }
    }

    /// The place of each rank that is here among those that are: a list may know of many more series than have samples in
    /// the range.
    private func places(among count: Int) -> [Int] {
        var places = [Int](repeating: 0, count: count)
        for slice in tables { for rank in slice.ranks { places[rank] = 1 } }
        var next = 0
        for rank in places.indices {
            let isHere = places[rank]
            places[rank] = next
            next += isHere
        }
        return places
    }

    /// What is read at once, small tables that follow one another or some columns of one that is wide; and how many cells
    /// all have.
    private func parts(
        _ range: ClosedRange<Int64>, _ use: SampleUse?
    ) -> (parts: [(tables: Range<Int>, columns: Range<Int>?)], cells: Int) {
        var parts: [(tables: Range<Int>, columns: Range<Int>?)] = []
        parts.reserveCapacity(tables.count)
        var all = 0
        /// Of the tables since the first that is in no part yet.
        var first = 0
        var (width, cells) = (0, 0)
        let slices = tables.span
        for number in slices.indices {
            let columns = slices[number].columns.count
            let own = columns * slices[number].rowCount(range, use)
            all += own
            if width + columns > Self.widestPiece || cells + own > Self.smallPiece, first < number {
                parts.append((first..<number, nil))
                (first, width, cells) = (number, 0, 0)
            }
            (width, cells) = (width + columns, cells + own)
            guard columns > Self.widestPiece else { continue }
            for start in stride(from: 0, to: columns, by: Self.widestPiece) {
                parts.append((number..<number + 1, start..<min(start + Self.widestPiece, columns)))
            }
            (first, width, cells) = (number + 1, 0, 0)
        }
        if first < slices.count { parts.append((first..<slices.count, nil)) }
        return (parts, all)
    }

    /// How many cells a range has, each table looked at where it is: a copy would hold on to a dozen objects.
    private func cellCount(_ range: ClosedRange<Int64>, _ use: SampleUse?) -> Int {
        let slices = tables.span
        var count = 0
        for index in slices.indices {
            count += slices[index].columns.count * slices[index].rowCount(range, use)
        }
        return count
    }

    private var columnCount: Int {
        let slices = tables.span
        var count = 0
        for index in slices.indices { count += slices[index].columns.count }
        return count
    }

    /// What it takes to find a table's chunks and to open those of a column, in cells that could be decoded meanwhile.
    private static let costOfTable = 512
    private static let costOfColumn = 128

    /// What it takes to read so many cells of all tables.
    private func work(_ cells: Int) -> Int {
        cells + Head.Found.costOfTable * tables.count + Head.Found.costOfColumn * columnCount
    }

    /// The samples in a range, series in the order of their labels, one with equal labels merged. Buckets stand for
    /// those that are gone, where the reader knows what to do with them. Tables and single series are decoded by all
    /// workers; the order does not depend on them.
    /// - Throws: `TooManySamples` where there is no room for all of them, before that many are decoded.
    func read(
        _ range: ClosedRange<Int64>, _ use: SampleUse?, _ workers: Workers, room: inout Int
    ) throws(TooManySamples) -> [SeriesColumns] {
        // Buckets may hold what is deleted, so samples are the better source where there are any.
        let use = use.map { use in
            SampleUse(
                alignment: use.alignment, isExact: use.isExact && tombstones.isEmpty,
                readsSketches: use.readsSketches, readsNewest: use.readsNewest && tombstones.isEmpty)
        }
        let cells = cellCount(range, use)
        guard cells <= room else { throw TooManySamples() }
        room -= cells
        let tablePieces = workers.pieces(of: tables.count, work: work(cells))
        let parts = workers.map(tablePieces.count) { piece in
            var room = SampleRoom()
            return tables[tablePieces[piece]].map { $0.read(range, use, &room) }
        }.flatMap { $0 }
        // Each is moved, not copied, as copying holds on to four objects.
        if isPlain { return placed(parts) { $0.take() } }
        let limit = room
        let loosePieces = workers.pieces(of: loose.count, atLeast: 16)
        var rest = try workers.map(loosePieces.count) { piece throws(TooManySamples) in
            try read(loose[loosePieces[piece]], range, use, room: limit)
        }
        if let use { rest.append(rolled.compactMap { $0.read(range, use) { _ in nil } }) }
        let count = rest.reduce(0) { $0 + $1.sampleCount }
        guard count <= room else { throw TooManySamples() }
        room -= count
        let series = parts.map { $0.compactMap { $0 } } + rest
        let all = tombstones.isEmpty ? series : series.map(tombstones.applied)
        return Head.Found.merged(Head.Found.sorted(all))
    }

    /// The samples of series that come one at a time; neighbours of equal times share one object of them.
    private func read(
        _ loose: ArraySlice<LooseSlice>, _ range: ClosedRange<Int64>, _ use: SampleUse?, room: Int
    ) throws(TooManySamples) -> [SeriesColumns] {
        var result: [SeriesColumns] = []
        var left = room
        for slice in loose {
            let found = read(slice, range, use)
            left -= found.sampleCount
            guard left >= 0 else { throw TooManySamples() }
            result += found
        }
        return result
    }

    /// The series of all parts in the order of their labels. Each is copied once, as copying holds on to four objects.
    private static func sorted(_ parts: [[SeriesColumns]]) -> [SeriesColumns] {
        let count = parts.reduce(0) { $0 + $1.count }
        var labels: [Labels] = []
        var places: [(part: Int, index: Int)] = []
        labels.reserveCapacity(count)
        places.reserveCapacity(count)
        for (number, part) in parts.enumerated() {
            // Through a span, elements are looked at where they are.
            let series = part.span
            for index in series.indices {
                labels.append(series[index].labels)
                places.append((number, index))
            }
        }
        guard let order = LabelOrder.permutation(of: labels) else {
            return parts.count == 1 ? parts[0] : Array(parts.joined())
        }
        return order.map { parts[places[$0].part][places[$0].index] }
    }

    private static func hasEqualNeighbours(_ sorted: Span<SeriesColumns>) -> Bool {
        for index in sorted.indices.dropFirst() where sorted[index].labels == sorted[index - 1].labels {
            return true
        }
        return false
    }

    /// Neighbours with equal labels become one series; at equal times the first one's sample stays.
    private static func merged(_ sorted: [SeriesColumns]) -> [SeriesColumns] {
        guard hasEqualNeighbours(sorted.span) else { return sorted }
        var result: [SeriesColumns] = []
        for series in sorted {
            if let last = result.last, last.labels == series.labels {
                result[result.count - 1] = merge(last, series)
            } else {
                result.append(series)
            }
        }
        return result
    }

    private static func merge(_ a: SeriesColumns, _ b: SeriesColumns) -> SeriesColumns {
        if a.rollups != nil || b.rollups != nil { return RollupMerge.merged(a, b) }
        var samples = SampleColumns(
            times: a.times.milliseconds + b.times.milliseconds, values: a.values + b.values)
        samples.sort()
        let times = samples.times
        var merged = SeriesColumns(labels: a.labels, times: TimeColumn(times), values: samples.values)
        var byTime: [Int64: FloatHistogram] = [:]
        for series in [b, a] {
            for (row, time) in series.times.milliseconds.enumerated() {
                byTime[time] = series.histograms?[row]
            }
        }
        if !byTime.isEmpty {
            merged.histograms = [:]
            for (row, time) in times.enumerated() { merged.histograms![row] = byTime[time] }
        }
        merged.startTimes = StartTimes.merged(a, b, times)
        return merged
    }
}
