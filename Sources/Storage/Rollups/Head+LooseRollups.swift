import TimeSeries

/// How rollups are made of single series, and found beside them.
extension Head {
    /// A group of single series to be rolled up: the place of each and its samples.
    struct LooseWork: Sendable {
        var group: Int
        /// Of each series, samples behind `made` up to `through` are to be put into buckets.
        var series: [(slot: Int, series: LooseMember, made: Int64, through: Int64)] = []
    }

    /// Series of these groups with windows that are complete (looked for where `isDue`), or of which samples before
    /// `edge` are to be dropped. Gives places to those that have none.
    mutating func looseWork(
        _ groups: Range<Int>, _ step: Int64, isDue: Bool, newest: Int64, droppingBefore edge: Int64?
    ) -> [LooseWork] {
        var work: [Int: LooseWork] = [:]
        for index in groups {
            guard let first = loose.groups[index].oldest, isDue || first < edge ?? .min else { continue }
            for slot in 0..<UInt32(LooseGroup.width) {
                guard let series = loose.member(UInt32(index) << 4 | slot), !series.hasHistograms,
                    let oldest = series.oldest
                else { continue }
                let made =
                    looseRollups.places[series.labels].flatMap { looseRollups.member($0)?.made } ?? .min
                let through = RollupPass.edge(
                    oldest...max(oldest, series.newest), made: made,
                    complete: isDue ? series.newest &- window : nil, newest: newest, step,
                    droppingBefore: edge)
                guard let through else { continue }
                let place = looseRollups.place(series.labels)
                work[place.group, default: LooseWork(group: place.group)].series.append(
                    (place.slot, series, made, through))
            }
        }
        return work.values.sorted { $0.group < $1.group }
    }

    /// Rolls up a series that was dropped before another with these labels came, as was done when it was dropped: a log tells
    /// of neither, and its replay drops the samples as it comes to the other one.
    mutating func rollUpDropped(_ labels: Labels) {
        guard let step = rollupStep, let series = loose.find(labels).flatMap({ loose.member($0) }),
            !series.hasHistograms, let oldest = series.oldest
        else { return }
        let made = looseRollups.places[labels].flatMap { looseRollups.member($0)?.made } ?? .min
        let through = RollupPass.edge(
            oldest...max(oldest, series.newest), made: made, complete: nil, newest: newest, step,
            droppingBefore: series.newest &+ 1)
        if let through {
            let place = looseRollups.place(labels)
            let work = LooseWork(group: place.group, series: [(place.slot, series, made, through)])
            var pass = RollupPass(configuration.rollups)
            attach(work.blocks(&pass), work)
        }
        guard let place = looseRollups.places[labels] else { return }
        looseRollups.noteGone(place, through: series.newest)
    }

    /// Drops samples of single series before an edge, and notes of which some are gone.
    mutating func dropLoose(_ edge: DropEdge) {
        var touched: [(number: UInt32, place: LooseRollups.Place, oldest: Int64)] = []
        if !looseRollups.isEmpty {
            for index in loose.groups.indices {
                let time = edge.time(ofGroup: index)
                guard let first = loose.groups[index].oldest, first < time else { continue }
                for slot in 0..<UInt32(LooseGroup.width) {
                    guard let series = loose.member(UInt32(index) << 4 | slot), let oldest = series.oldest,
                        oldest < time, let place = looseRollups.places[series.labels]
                    else { continue }
                    touched.append((series.number, place, oldest))
                }
            }
        }
        loose.drop(before: edge.time(ofGroup:))
        for (number, place, oldest) in touched {
            let left = loose.member(number)?.oldest
            let time = edge.time(ofGroup: LooseSeries.group(number))
            if left != oldest { looseRollups.noteGone(place, through: min(time, left ?? time) &- 1) }
        }
    }

    /// Adds the rollups of single series: of those found where the use asks for them, and of those that have no sample
    /// in the range.
    func addRollups(
        to found: inout Found, _ matchers: [Matcher], _ numbers: [UInt32], in range: ClosedRange<Int64>,
        _ use: SampleUse?
    ) {
        if let use, looseRollups.mayAnswer(range, use) {
            found.forEachLoose { labels, _, _ in
                found.looseRollups[labels] = looseRollups.places[labels].flatMap(looseRollups.rollup)
            }
        }
        if looseRollups.hasGone(in: range) {
            for number in numbers {
                guard let series = loose.member(number), !series.overlaps(range) else { continue }
                add(looseRollups.places[series.labels], to: &found, in: range)
            }
        }
        for place in looseRollups.orphans {
            guard let member = looseRollups.member(place), member.made >= range.lowerBound,
                loose.find(member.labels) == nil, matchers.allSatisfy({ $0.matches(member.labels) })
            else { continue }
            add(place, to: &found, in: range)
        }
    }

    private func add(_ place: LooseRollups.Place?, to found: inout Found, in range: ClosedRange<Int64>) {
        guard let place, let rollup = looseRollups.rollup(place), let span = rollup.set.span,
            span.overlaps(range), rollup.member.made >= range.lowerBound
        else { return }
        found.rolled.append(rollup)
    }
}

extension Head.Found {
    /// Each single series that was found.
    func forEachLoose(_ body: (Labels, LooseGroup, Int) -> Void) {
        for slice in loose {
            for slot in 0..<LooseGroup.width where slice.slots >> UInt16(slot) & 1 == 1 {
                body(slice.group.labels(slot, pairs), slice.group, slot)
            }
        }
    }

    /// The series of a group: samples, with buckets for those that are gone.
    func read(_ slice: LooseSlice, _ range: ClosedRange<Int64>, _ use: SampleUse?) -> [SeriesColumns] {
        var result: [SeriesColumns] = []
        var slots = slice.slots
        if let use, !looseRollups.isEmpty {
            for slot in 0..<LooseGroup.width where slots >> UInt16(slot) & 1 == 1 {
                let labels = slice.group.labels(slot, pairs)
                guard let rollup = looseRollups[labels] else { continue }
                slots &= ~(1 << UInt16(slot))
                let series = rollup.read(range, use) { slice.group.columns(slot, labels, in: $0) }
                if let series { result.append(series.withStarts(looseStarts[labels])) }
            }
        }
        for part in slice.group.read(slots, in: range) {
            let labels = slice.group.labels(part.slot, pairs)
            let series = SeriesColumns(
                labels: labels, times: part.times, values: part.values,
                histograms: slice.group.histograms(part.slot, part.times))
            result.append(series.withStarts(looseStarts[labels]))
        }
        return result
    }
}

extension LooseGroup {
    func columns(_ slot: Int, _ labels: Labels, in range: ClosedRange<Int64>) -> SeriesColumns? {
        guard let slice = read(1 << UInt16(slot), in: range).first else { return nil }
        return SeriesColumns(
            labels: labels, times: slice.times, values: slice.values,
            histograms: histograms(slot, slice.times))
    }

    /// From the oldest to the newest sample of a series.
    func life(_ slot: Int) -> ClosedRange<Int64>? {
        guard let times = read(1 << UInt16(slot), in: Head.times).first?.times.milliseconds,
            let first = times.first, let last = times.last
        else { return nil }
        return first...last
    }
}
