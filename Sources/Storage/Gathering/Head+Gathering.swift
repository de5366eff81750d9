import TimeSeries

extension Head {
    /// Puts single series that are in no file into closed tables, see `Gathering`; no sample changes. Those with native
    /// histograms or rollups stay. Neither log nor files know of it: a snapshot has to follow.
    /// - Parameter first: series with lower numbers stay as well.
    /// - Returns: whether any was.
    mutating func gather(from first: UInt32) -> Bool {
        var gathering = Gathering()
        var homes = TableHomes(self)
        for index in loose.groups.indices where loose.groups[index].persisted == 0 {
            let group = loose.groups[index]
            for slice in group.read(group.plainMembers, in: Head.times) {
                let number = UInt32(16 * index + slice.slot)
                guard number >= first else { continue }
                let labels = group.labels(slice.slot, loose.pairs)
                guard looseRollups.places[labels] == nil else { continue }
                let times = slice.times.milliseconds
                let home = times.first.flatMap { homes.home(of: labels, before: $0, in: self) }
                gathering.add(number, target: labels.gatheringTarget, times: times, home: home)
            }
        }
        let groups = gathering.groups
        for var group in groups {
            if let home = group.home { group.members = continueTable(home, with: group) }
            if group.members.count >= Gathering.fewestMembers { makeTable(group) }
        }
        settleDoubles()
        return !groups.isEmpty
    }

    private mutating func makeTable(_ group: Gathering.Group) {
        // As they came, neighbours are of one metric and compress well together.
        let members = group.members.map { (number: $0, labels: loose.labels($0)) }
            .sorted { $0.number < $1.number }
        let target = Labels.shared(by: members.map(\.labels))
        let names = target.pairs.map(\.name)
        let number = UInt32(tables.count)
        addTable(number, target, members.map { $0.labels.removing(names) })
        let sealed = SealedRows.sealed(times: group.times, columnCount: members.count) { column, values in
            loose.read(members[column].number, at: group.times, into: &values)
        }
        tables[Int(number)]?.isOpen = false
        tables[Int(number)]?.appendedRows = UInt64(group.times.count)
        tables[Int(number)]?.restore(sealed: sealed, persisted: 0)
        for (column, member) in members.enumerated() {
            guard let starts = looseStarts.removeValue(forKey: member.labels) else { continue }
            tables[Int(number)]?.changeStarts(of: UInt32(column)) { $0 = starts }
        }
        loose.remove(members.map(\.number))
    }
}

extension Labels {
    /// The labels that all have with the same value, but for the name of the metric.
    fileprivate static func shared(by all: [Labels]) -> Labels {
        guard var shared = all.first?.removing(["__name__"]).pairs else { return .empty }
        for labels in all where !shared.isEmpty { shared.removeAll { labels[$0.name] != $0.value } }
        return Labels(shared)
    }
}

extension SealedRows {
    /// Columns in parts of about equal length, which are final unless there are too few rows in all. `read` appends a
    /// column, a value for each time.
    static func sealed(
        times: [Int64], columnCount: Int, _ read: (_ column: Int, _ values: inout [Double]) -> Void
    ) -> [SealedRows] {
        let count = max(1, times.count / rowCount(ofColumns: columnCount))
        let ranges = (0..<count).map { $0 * times.count / count..<($0 + 1) * times.count / count }
        var bytes = [[UInt8]](repeating: [], count: count)
        var ends = [[UInt32]](repeating: [], count: count)
        var sampleCounts = [Int](repeating: 0, count: count)
        var encoder = ChunkEncoder()
        for first in stride(from: 0, to: columnCount, by: columnsPerChunk) {
            var columns: [[Double]] = []
            for column in first..<min(columnCount, first + columnsPerChunk) {
                var values: [Double] = []
                read(column, &values)
                columns.append(values)
            }
            for (part, rows) in ranges.enumerated() {
                let values = columns.flatMap { $0[rows] }
                encoder.encode(values.span, rowCount: rows.count, to: &bytes[part])
                ends[part].append(UInt32(bytes[part].count))
                sampleCounts[part] += values.count { !isAbsent($0) }
            }
        }
        return ranges.indices.map { part in
            SealedRows(
                times: TimeColumn(Array(times[ranges[part]])), columnCount: columnCount,
                sampleCount: sampleCounts[part], bytes: bytes[part].fitted, ends: ends[part])
        }
    }

    /// Rows of a part of which others follow: of few columns more, since what each part costs once would be much beside these.
    private static func rowCount(ofColumns count: Int) -> Int {
        min(max(Table.mergedRows, Table.mergedRows * columnsPerChunk / max(1, count)), mostGatheredRows)
    }

    private static let mostGatheredRows = 1024
}

extension LooseSeries {
    /// Appends the value of a series at each of these times, among which all of its own are; absent where it has none.
    func read(_ number: UInt32, at times: [Int64], into values: inout [Double]) {
        let slot = Int(number & 15)
        let slices = groups[LooseSeries.group(number)].read(1 << UInt16(slot), in: Head.times)
        var own = 0
        let (ownTimes, ownValues) = slices.first.map { ($0.times.milliseconds, $0.values) } ?? ([], [])
        for time in times {
            let has = own < ownTimes.count && ownTimes[own] == time
            values.append(has ? ownValues[own] : Marker.absent)
            if has { own += 1 }
        }
    }

    /// Takes series out, with all of their samples.
    mutating func remove(_ numbers: [UInt32]) {
        var slots: [Int: UInt16] = [:]
        for number in numbers { slots[LooseSeries.group(number), default: 0] |= 1 << UInt16(number & 15) }
        remove(slots)
    }
}

extension LooseGroup {
    /// The slots of members without native histograms.
    fileprivate var plainMembers: UInt16 {
        (0..<LooseGroup.width).reduce(members) { hasHistograms($1) ? $0 & ~(1 << UInt16($1)) : $0 }
    }
}

extension Head {
    /// The samples that tables have of exactly this series in a range, by their times.
    func samplesInTables(_ labels: Labels, in range: ClosedRange<Int64>) -> [Int64: Double] {
        var samples: [Int64: Double] = [:]
        var room = SampleRoom()
        for slice in slices(of: labels, in: range).slices {
            slice.read(range, &room) { _, series in
                samples.merge(zip(series.times.milliseconds, series.values)) { $1 }
            }
        }
        return samples
    }

    /// Samples of a new series that tables may have as well are late: they are looked for there.
    mutating func raiseNewest(of number: UInt32, _ labels: Labels) {
        var room = SampleRoom()
        let (slices, areAll) = slices(of: labels, in: Head.times)
        if !slices.isEmpty { doubles.singles.insert(number) }
        if !areAll { doubles.areSinglesDue = true }
        for slice in slices {
            var newest = Int64.min
            slice.readNewest(Head.times, &room) { _, series in
                newest = max(newest, series.times.milliseconds.last ?? .min)
            }
            loose.raiseNewest(number, to: newest)
        }
    }

    /// The columns of tables that are exactly this series and may have samples in a range, and whether no table without any
    /// may have it as well.
    private func slices(
        of labels: Labels, in range: ClosedRange<Int64>
    ) -> (slices: [TableSlice], areAll: Bool) {
        var isKnown = true
        labels.forEachRange { name, value in
            isKnown = isKnown && symbols.has(labels.bytes, name) && symbols.has(labels.bytes, value)
        }
        guard isKnown else { return ([], true) }
        var found = Found()
        findTables(labels.pairs.map { Matcher(equal: $0.name, $0.value) }, in: range, &found)
        let slices = found.tables.compactMap { slice -> TableSlice? in
            var slice = slice
            slice.columns.removeAll {
                slice.table.layout.columns[Int($0)].merging(slice.table.target) != labels
            }
            slice.labels = slice.columns.map { _ in labels }
            return slice.columns.isEmpty ? nil : slice
        }
        return (slices, found.others.isEmpty)
    }
}
