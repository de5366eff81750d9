import TimeSeries

/// A table and some of its columns, shared with the head: reading it needs no lock.
struct TableSlice: Sendable {
    var number: UInt32
    var table: Table
    var columns: [UInt32]
    /// Of each column, the target's over those of the layout, and its rank; none before they are named.
    var labels: [Labels] = []
    var ranks: [Int] = []

    /// Only some of the columns.
    subscript(indices: Range<Int>) -> TableSlice {
        TableSlice(
            number: number, table: table, columns: Array(columns[indices]), labels: Array(labels[indices]),
            ranks: Array(ranks[indices]))
    }
}

extension Head {
    /// What meets the matchers and may have samples in the range.
    struct Found: Sendable {
        var tables: [TableSlice] = []
        /// Tables that may meet the matchers but have no sample in the range; not all where they are many.
        var others: [UInt32] = []
        /// What the tables are named by; nil before they are.
        var list: SeriesList?
        /// Of the lists as this was found.
        var generation: UInt64 = 0
        var loose: [LooseSlice] = []
        /// What the labels of single series are made of.
        var pairs = PairTable()
        /// The rollups of single series found, where the reader wants them.
        var looseRollups: [Labels: LooseRollup] = [:]
        /// Single series of which only buckets are left in the range.
        var rolled: [LooseRollup] = []
        /// The start times of single series.
        var looseStarts: [Labels: StartTimes] = [:]
        /// Those that hide something in the range.
        var tombstones: [Tombstone] = []
    }

    private struct LayoutQuestion: Hashable {
        var layout: ObjectIdentifier
        /// The conditions that the target does not answer.
        var conditions: [Int]
    }

    func find(_ matchers: [Matcher], in range: ClosedRange<Int64>, _ use: SampleUse? = nil) -> Found {
        var found = Found()
        found.generation = seriesLists.generation
        if let list = seriesLists[matchers], !list.others.contains(where: { overlaps($0, range) }) {
            found.name(list, tables) { $0.overlaps(range) }
        } else {
            findTables(matchers, in: range, &found)
        }
        let numbers = loose.select(matchers)
        found.loose = loose.slices(numbers, in: range)
        if !found.loose.isEmpty { found.pairs = loose.pairs }
        if !looseStarts.isEmpty {
            found.forEachLoose { labels, _, _ in found.looseStarts[labels] = looseStarts[labels] }
        }
        found.tombstones = tombstones.filter { $0.range.overlaps(range) }
        if !looseRollups.isEmpty { addRollups(to: &found, matchers, numbers, in: range, use) }
        return found
    }

    private func overlaps(_ number: UInt32, _ range: ClosedRange<Int64>) -> Bool {
        tables[Int(number)]?.overlaps(range) ?? false
    }

    func findTables(_ matchers: [Matcher], in range: ClosedRange<Int64>, _ found: inout Found) {
        let conditions = matchers.map { Condition($0, symbols) }
        var answers: [LayoutQuestion: [UInt32]] = [:]
        for number in targets.candidates(conditions) {
            guard let table = tables[Int(number)] else { continue }
            guard table.overlaps(range) else {
                if found.others.count <= ValueLists.mostOthers { found.others.append(number) }
                continue
            }
            guard let open = table.unanswered(conditions) else { continue }
            let question = LayoutQuestion(layout: ObjectIdentifier(table.layout), conditions: open)
            let columns: [UInt32]
            if let known = answers[question] {
                columns = known
            } else {
                let width = UInt32(table.width)
                columns = table.layout.index.select(open.map { conditions[$0] }) { Array(0..<width) }
                answers[question] = columns
            }
            if !columns.isEmpty {
                found.tables.append(TableSlice(number: number, table: table, columns: columns))
            }
        }
    }
}

extension Head.Found {
    /// Takes tables from a list, those that are wanted.
    mutating func name(_ list: SeriesList, _ tables: [Table?], where isWanted: (Table) -> Bool) {
        self.list = list
        self.tables.reserveCapacity(list.slices.count)
        for slice in list.slices {
            guard let table = tables[Int(slice.table)], isWanted(table) else { continue }
            self.tables.append(
                TableSlice(
                    number: slice.table, table: table, columns: slice.columns, labels: slice.labels,
                    ranks: slice.ranks))
        }
    }

    /// Names the tables by a list that was made of them.
    mutating func name(_ list: SeriesList) {
        self.list = list
        for index in tables.indices {
            tables[index].labels = list.slices[index].labels
            tables[index].ranks = list.slices[index].ranks
        }
    }
}

extension Table {
    func overlaps(_ range: ClosedRange<Int64>) -> Bool {
        if let firstTime, let lastTime, firstTime <= range.upperBound, range.lowerBound <= lastTime {
            return true
        }
        return rollups.span?.overlaps(range) ?? false
    }

    /// The conditions on labels that the target does not have; nil where it has one and does not meet it.
    func unanswered(_ conditions: [Condition]) -> [Int]? {
        var open: [Int] = []
        for (index, condition) in conditions.enumerated() {
            if let label = targetSymbols.first(where: { $0.name == condition.name }) {
                guard condition.matches(label.value) else { return nil }
            } else {
                open.append(index)
            }
        }
        return open
    }
}

extension TableSlice {
    /// The labels of a column, named or not.
    func labels(at index: Int) -> Labels {
        labels.isEmpty ? table.layout.columns[Int(columns[index])].merging(table.target) : labels[index]
    }

    /// How many rows a range has.
    func rowCount(_ range: ClosedRange<Int64>) -> Int {
        table.sealed.reduce(table.tailTimes.rows(in: range).count) { $0 + $1.rows(in: range).count }
    }

    /// The samples of each column in a range, nil where it has none.
    /// - Parameter newestOnly: one of each is enough.
    func read(
        _ range: ClosedRange<Int64>, newestOnly: Bool = false, _ room: inout SampleRoom
    ) -> [SeriesColumns?] {
        var result = [SeriesColumns?](repeating: nil, count: columns.count)
        if newestOnly {
            readNewest(range, &room) { result[$0] = $1 }
        } else {
            read(range, &room) { result[$0] = $1 }
        }
        return result
    }

    /// Gives each column that has samples in a range, with its index. All columns without absent rows share one object
    /// of times.
    func read(
        _ range: ClosedRange<Int64>, _ room: inout SampleRoom, _ give: (Int, SeriesColumns) -> Void
    ) {
        var times: [Int64] = []
        var values = columns.map { _ in room.take() }
        var hasAbsent = [Bool](repeating: false, count: columns.count)
        let tailRows = table.tailTimes.rows(in: range)
        let rowCount = rowCount(range)
        times.reserveCapacity(rowCount)
        for index in columns.indices { values[index].reserveCapacity(rowCount) }
        for part in table.sealed {
            let rows = part.rows(in: range)
            guard !rows.isEmpty else { continue }
            times += part.times.milliseconds[rows]
            part.read(columns, rows, into: &values, &hasAbsent)
        }
        times += table.tailTimes[tailRows]
        for (index, column) in columns.enumerated()
        where table.tail.append(Int(column), tailRows, to: &values[index]) {
            hasAbsent[index] = true
        }
        assemble(TimeColumn(times), values, hasAbsent, give)
    }

    /// The newest sample of each column in a range, which most have in the same row.
    func readNewest(
        _ range: ClosedRange<Int64>, _ room: inout SampleRoom, _ give: (Int, SeriesColumns) -> Void
    ) {
        var values = columns.map { _ in room.take() }
        var hasAbsent = [Bool](repeating: false, count: columns.count)
        let time: Int64
        if let row = table.tailTimes.rows(in: range).last {
            time = table.tailTimes[row]
            for (index, column) in columns.enumerated() {
                values[index].append(table.tail[row, Int(column)])
            }
        } else {
            guard let part = table.sealed.last(where: { $0.first <= range.upperBound }),
                let row = part.times.milliseconds.rows(in: range).last
            else { return }
            time = part.times.milliseconds[row]
            part.read(columns, row..<row + 1, into: &values, &hasAbsent)
        }
        let times = TimeColumn([time])
        var missing: [Int] = []
        for index in columns.indices {
            if isAbsent(values[index][0]) {
                missing.append(index)
            } else {
                give(index, SeriesColumns(labels: labels[index], times: times, values: values[index]))
            }
        }
        guard !missing.isEmpty else { return }
        let rest = TableSlice(
            number: number, table: table, columns: missing.map { columns[$0] },
            labels: missing.map { labels[$0] })
        rest.read(range, &room) { index, series in
            guard let time = series.times.milliseconds.last, let value = series.values.last else { return }
            give(
                missing[index],
                SeriesColumns(labels: series.labels, times: TimeColumn([time]), values: [value]))
        }
    }

    private func assemble(
        _ times: TimeColumn, _ values: [[Double]], _ hasAbsent: [Bool], _ give: (Int, SeriesColumns) -> Void
    ) {
        for index in columns.indices {
            guard hasAbsent[index] else {
                if !values[index].isEmpty {
                    give(index, SeriesColumns(labels: labels[index], times: times, values: values[index]))
                }
                continue
            }
            var ownTimes: [Int64] = []
            var ownValues: [Double] = []
            for (row, value) in values[index].enumerated() where !isAbsent(value) {
                ownTimes.append(times.milliseconds[row])
                ownValues.append(value)
            }
            guard !ownTimes.isEmpty else { continue }
            give(
                index,
                SeriesColumns(labels: labels[index], times: TimeColumn(ownTimes), values: ownValues))
        }
    }
}

extension [Int64] {
    /// The indices of the times in a range; the times ascend.
    func rows(in range: ClosedRange<Int64>) -> Range<Int> {
        let start = partition { $0 >= range.lowerBound }
        return start..<Swift.max(start, partition { $0 > range.upperBound })
    }

    /// The first index from which on `isBehind` holds.
    private func partition(_ isBehind: (Int64) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension Table {
    /// From the oldest to the newest of its samples and buckets.
    var life: ClosedRange<Int64>? {
        guard let firstTime, let lastTime else { return rollups.span }
        return RollupSet.joined(firstTime...lastTime, rollups.isEmpty ? nil : rollups.span)
    }
}
