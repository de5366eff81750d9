import TimeSeries

/// A table and some of its columns, shared with the head: reading it needs no lock.
struct TableSlice: Sendable {
    var table: Table
    var columns: [UInt32]
}

extension Head {
    /// What meets the matchers and may have samples in the range.
    struct Found: Sendable {
        var tables: [TableSlice] = []
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
        let conditions = matchers.map { Condition($0, symbols) }
        var found = Found()
        var answers: [LayoutQuestion: [UInt32]] = [:]
        for number in targets.candidates(conditions) {
            guard let table = tables[Int(number)], table.overlaps(range) else { continue }
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
            if !columns.isEmpty { found.tables.append(TableSlice(table: table, columns: columns)) }
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
    /// The labels of a column: the layout's with the target's over them.
    func labels(_ column: UInt32) -> Labels { table.layout.columns[Int(column)].merging(table.target) }

    /// How many rows a range has.
    func rowCount(_ range: ClosedRange<Int64>) -> Int {
        table.sealed.reduce(table.tailTimes.rows(in: range).count) { $0 + $1.rows(in: range).count }
    }

    /// The samples in a range. All columns without absent rows share one object of times.
    func read(_ range: ClosedRange<Int64>) -> [SeriesColumns] {
        var times: [Int64] = []
        var values = [[Double]](repeating: [], count: columns.count)
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
        for row in tailRows {
            table.tail.withRow(row) { cells in
                for index in columns.indices {
                    let value = cells[Int(columns[index])]
                    if isAbsent(value) { hasAbsent[index] = true }
                    values[index].append(value)
                }
            }
        }
        return assemble(TimeColumn(times), values, hasAbsent)
    }

    /// The newest sample of each column in a range, which most have in the same row; more for those that have not.
    func readNewest(_ range: ClosedRange<Int64>) -> [SeriesColumns] {
        var values = [[Double]](repeating: [], count: columns.count)
        var hasAbsent = [Bool](repeating: false, count: columns.count)
        let time: Int64
        if let row = table.tailTimes.rows(in: range).last {
            time = table.tailTimes[row]
            let newest = table.tail[row]
            for (index, column) in columns.enumerated() {
                values[index] = [newest[newest.startIndex + Int(column)]]
            }
        } else {
            guard let part = table.sealed.last(where: { $0.first <= range.upperBound }),
                let row = part.times.milliseconds.rows(in: range).last
            else { return [] }
            time = part.times.milliseconds[row]
            part.read(columns, row..<row + 1, into: &values, &hasAbsent)
        }
        let times = TimeColumn([time])
        var result: [SeriesColumns] = []
        result.reserveCapacity(columns.count)
        var missing: [UInt32] = []
        for (index, column) in columns.enumerated() {
            if isAbsent(values[index][0]) {
                missing.append(column)
            } else {
                result.append(SeriesColumns(labels: labels(column), times: times, values: values[index]))
            }
        }
        guard !missing.isEmpty else { return result }
        return result + TableSlice(table: table, columns: missing).read(range)
    }

    private func assemble(
        _ times: TimeColumn, _ values: [[Double]], _ hasAbsent: [Bool]
    ) -> [SeriesColumns] {
        var result: [SeriesColumns] = []
        result.reserveCapacity(columns.count)
        for (index, column) in columns.enumerated() {
            guard hasAbsent[index] else {
                if !values[index].isEmpty {
                    result.append(SeriesColumns(labels: labels(column), times: times, values: values[index]))
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
            result.append(
                SeriesColumns(labels: labels(column), times: TimeColumn(ownTimes), values: ownValues))
        }
        return result
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
