import TimeSeries

/// All single series: groups of sixteen neighbouring numbers, the labels of their members, and where to find a series
/// by its labels. Numbers are never given again.
struct LooseSeries: Sendable {
    private(set) var groups = Paged<LooseGroup>()
    private(set) var pairs = PairTable()
    private var numbers = HashSlots()
    private var encoder = LooseEncoder()
    /// Numbers below this were given.
    private(set) var nextNumber: UInt32 = 0
    /// Series that are gone and still in the lists of their pairs: to take them out of a list takes as long as the list is.
    private var forgotten: (numbers: Set<UInt32>, pairs: Set<PairTable.Pair>) = ([], [])

    /// Numbers are below this: the one behind stands for none, and none is given again.
    static let numberLimit = UInt32.max - 1
    /// In the place of groups all of whose series are gone.
    private static let noGroups = [LooseGroup](repeating: LooseGroup(), count: Paged<LooseGroup>.pageSize)

    /// Series that are there.
    var count: Int { numbers.count }

    /// The series with these labels, the canonical bytes of `Labels` in a part of `bytes`.
    @inline(__always)
    func find(_ bytes: Span<UInt8>, _ range: Range<Int>, hash: UInt64) -> UInt32? {
        numbers.find(hash) { number in
            // Field by field: a copy of the group would hold on to all that is in it.
            let own = groups[Int(number >> 4)].pairs
            let part = groups[Int(number >> 4)].pairRange(Int(number & 15))
            return pairs.equal(own.span.extracting(part), bytes, range)
        }
    }

    func find(_ labels: Labels) -> UInt32? {
        let bytes = labels.bytes
        return find(bytes.span, 0..<bytes.count, hash: labels.processHash)
    }

    func has(_ number: UInt32) -> Bool {
        Int(number >> 4) < groups.count && groups[Int(number >> 4)].members >> UInt16(number & 15) & 1 == 1
    }

    /// What a series that is there has for labels.
    func pairs(of number: UInt32) -> ArraySlice<PairTable.Pair> {
        let group = groups[Int(number >> 4)]
        return group.pairs[group.pairRange(Int(number & 15))]
    }

    func labels(_ number: UInt32) -> Labels { groups[Int(number >> 4)].labels(Int(number & 15), pairs) }

    /// Adds a series; its number must not be below those that were given. One with the same labels that is still there was
    /// dropped before this one came, which a log does not tell of: it goes. Who replays a log rolls it up before, and calls
    /// `settle` at its end.
    mutating func add(_ number: UInt32, _ labels: Labels) {
        guard number >= nextNumber, number < LooseSeries.numberLimit else { return }
        if let dropped = find(labels) {
            groups[Int(dropped >> 4)].removeTail(of: 1 << UInt16(dropped & 15))
            forget(Int(dropped >> 4), 1 << UInt16(dropped & 15))
            // Many at a time, or replay would take the square of what came again.
            if forgotten.numbers.count > max(1024, count / 4) { settle() }
        }
        var own: [PairTable.Pair] = []
        pairs.add(number, labels, to: &own)
        let group = Int(number >> 4)
        while groups.count <= group {
            if groups.count % Paged<LooseGroup>.pageSize == 0,
                group - groups.count >= Paged<LooseGroup>.pageSize
            {
                groups.append(shared: LooseSeries.noGroups)
            } else {
                groups.append(LooseGroup(number: groups.count))
            }
        }
        groups[group].add(Int(number & 15), own)
        numbers.insert(labels.processHash, number)
        nextNumber = number + 1
    }

    /// Says which numbers were given, of a snapshot.
    mutating func reserve(_ count: UInt32) { nextNumber = max(nextNumber, count) }

    /// Adds a sample of a series that is there.
    @inline(__always)
    mutating func append(
        _ number: UInt32, _ time: Int64, _ value: Double, window: Int64
    ) -> LooseGroup.Outcome {
        groups[Int(number >> 4)].append(Int(number & 15), time, value, window: window, &encoder)
    }

    /// Adds the samples of some series of one group that are there.
    mutating func append(
        _ samples: KnownSamples, _ series: Range<Int>, window: Int64, _ tally: inout AppendTally
    ) {
        let group = LooseSeries.group(samples.handles[series.lowerBound])
        groups[group].append(samples, series, window: window, &encoder, &tally)
    }

    /// Puts a group in the place of another, and gives that.
    mutating func exchange(_ group: inout LooseGroup, at index: Int) { swap(&group, &groups[index]) }

    /// The group of a series.
    @inline(__always)
    static func group(_ number: UInt32) -> Int { Int(number >> 4) }

    mutating func append(
        _ number: UInt32, _ time: Int64, _ histogram: FloatHistogram, window: Int64
    ) -> LooseGroup.Outcome {
        groups[Int(number >> 4)].append(Int(number & 15), time, histogram, window: window, &encoder)
    }

    /// What becomes of a sample that is not newer than all of its series.
    func lateOutcome(
        _ number: UInt32, _ time: Int64, _ value: Double, _ histogram: FloatHistogram?, window: Int64
    ) -> LooseGroup.Outcome {
        groups[Int(number >> 4)].lateOutcome(Int(number & 15), time, value, histogram, window: window)
    }

    mutating func insertLate(
        _ number: UInt32, _ time: Int64, _ value: Double, _ histogram: FloatHistogram?
    ) {
        groups[Int(number >> 4)].insertLate(Int(number & 15), time, value, histogram, &encoder)
    }

    mutating func raiseNewest(_ number: UInt32, to time: Int64) {
        groups[Int(number >> 4)].raiseNewest(Int(number & 15), to: time)
    }

    /// Drops the samples of each group before a time, and the series that have none left.
    mutating func drop(before time: (_ group: Int) -> Int64) {
        for index in groups.indices {
            // One without any sample, as of a series whose first was refused, goes too.
            let time = time(index)
            guard !groups[index].isEmpty, groups[index].oldest ?? .min < time else { continue }
            let slots = groups[index].drop(before: time)
            if slots != 0 { forget(index, slots) }
        }
        settle()
    }

    /// Drops the series without any sample, as a deletion leaves them.
    mutating func dropEmpty() {
        for index in groups.indices where !groups[index].isEmpty {
            let slots = groups[index].drop(before: .min)
            if slots != 0 { forget(index, slots) }
        }
        settle()
    }

    /// Takes members out of groups, with all of their samples.
    mutating func remove(_ slots: [Int: UInt16]) {
        for (index, slots) in slots {
            groups[index].removeSamples(of: slots, &encoder)
            forget(index, slots)
        }
        settle()
    }

    /// Takes members out of a group; `settle` does the rest.
    private mutating func forget(_ index: Int, _ slots: UInt16) {
        let group = groups[index]
        for slot in 0..<LooseGroup.width where slots >> UInt16(slot) & 1 == 1 {
            let number = UInt32(16 * index + slot)
            forgotten.numbers.insert(number)
            forgotten.pairs.formUnion(group.pairs[group.pairRange(slot)])
            numbers.remove(group.labels(slot, pairs).processHash, number)
        }
        groups[index].removeMembers(slots)
        if groups[index].isEmpty { groups[index] = LooseGroup() }
    }

    /// Takes series that are gone out of the table of pairs, and gives back the memory of groups that have none left.
    mutating func settle() {
        guard !forgotten.numbers.isEmpty else { return }
        pairs.remove(forgotten.numbers, pairs: forgotten.pairs)
        let groupsPerPage = Paged<LooseGroup>.pageSize
        for page in Set(forgotten.numbers.lazy.map { Int($0 >> 4) / groupsPerPage })
        where LooseGroup.width * groupsPerPage * (page + 1) <= Int(nextNumber) {
            groups.share(LooseSeries.noGroups, asPage: page, where: \.isEmpty)
        }
        forgotten = ([], [])
    }

    /// Bytes of chunks and tails, and an estimate of labels and index.
    var byteCount: Int {
        var bytes = indexByteCount
        for index in groups.indices where !groups[index].isEmpty {
            bytes += groups[index].sealedByteCount + groups[index].tailByteCount
            bytes += 64 * groups[index].parts.count
        }
        return bytes
    }

    /// An estimate of what labels, index and the groups themselves take.
    var indexByteCount: Int {
        var bytes = pairs.byteCount + 12 * numbers.count
        var empty = groups.ownCount
        for index in groups.indices where !groups[index].isEmpty {
            bytes += groups[index].indexByteCount
            empty -= 1
        }
        // But for those of the page that new series come into.
        return bytes + max(0, empty - Paged<LooseGroup>.pageSize) * MemoryLayout<LooseGroup>.stride
    }

    /// Changes each group that has members, but not which these are.
    mutating func changeGroups(_ change: (inout LooseGroup, inout LooseEncoder) -> Void) {
        for index in groups.indices where !groups[index].isEmpty { change(&groups[index], &encoder) }
    }

    /// Takes the samples of a group away that tombstones cover.
    mutating func clean(_ index: Int, _ covered: Cleaning.Covered, _ cleaning: Cleaning) {
        groups[index].clean(index, covered, cleaning, &encoder)
    }

    // MARK: Snapshots

    /// As if nothing were in a file.
    mutating func forgetFiles() {
        for index in groups.indices where !groups[index].isEmpty { groups[index].persisted = 0 }
    }

    /// Leaves only what is sealed for good.
    mutating func dropTails() {
        for index in groups.indices where !groups[index].isEmpty {
            let final = groups[index].finalCount
            groups[index].parts = Array(groups[index].parts.prefix(final))
            groups[index].persisted = min(groups[index].persisted, final)
            groups[index].late = []
            groups[index].emptyTail(groups[index].members)
            groups[index].dropRawHistograms()
        }
    }

    /// Notes what a snapshot of `copy`, an earlier state, has put into chunk files.
    mutating func markPersisted(as copy: LooseSeries) {
        for index in copy.groups.indices where copy.groups[index].finalCount > 0 && !groups[index].isEmpty {
            let last = copy.groups[index].parts[copy.groups[index].finalCount - 1]
            groups[index].markPersisted(through: last)
        }
    }

    /// Puts back what a snapshot says of a series beside its parts.
    mutating func restore(
        _ number: UInt32, tail: [Sample], late: [Sample], newest: Int64,
        histograms: [(time: Int64, histogram: FloatHistogram)]
    ) {
        let slot = UInt8(number & 15)
        for (time, histogram) in histograms {
            groups[Int(number >> 4)].histograms[.init(slot: slot, time: time)] = RawHistogram(histogram)
        }
        groups[Int(number >> 4)].restore(Int(slot), tail: tail, newest: newest, &encoder)
        for sample in late {
            groups[Int(number >> 4)].late.append(
                .init(slot: slot, time: sample.timestamp.milliseconds, value: sample.value))
        }
    }

    /// Puts back the parts of a group, the first ones of which are in chunk files, before those of its tails.
    mutating func restore(_ group: Int, parts: [LoosePart], persisted: Int) {
        guard group < groups.count, !groups[group].isEmpty else { return }
        groups[group].parts = parts + groups[group].parts
        groups[group].persisted = persisted
        if !groups[group].histograms.isEmpty { groups[group].absorbRawHistograms(&encoder) }
    }
}
