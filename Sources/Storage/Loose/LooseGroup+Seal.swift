import TimeSeries

extension LooseGroup {
    /// Parts up to this many rows are merged with others of their kind first.
    static let middleRows = 32

    /// Seals the tails that are at least half full: so the series of a group come into step again, should one have
    /// missed a sample, and none leaves a part of a few rows behind.
    mutating func seal(_ encoder: inout LooseEncoder) {
        var rest: UInt16 = 0
        for slot in 0..<LooseGroup.width where 2 * counts[slot] >= tailLimit {
            rest |= 1 << UInt16(slot)
        }
        let sealing = rest
        let histogramSlots = rawHistogramSlots
        tailLimit = UInt8(LooseGroup.tailRows)
        while rest != 0 {
            let first = rest.trailingZeroBitCount
            var slots: UInt16 = 0
            for slot in first..<LooseGroup.width where rest >> UInt16(slot) & 1 == 1 {
                if tracks[slot] == tracks[first], counts[slot] == counts[first] { slots |= 1 << UInt16(slot) }
            }
            rest &= ~slots
            let start = firstTime(first)
            let count = Int(counts[first])
            let times = times[start..<start + count]
            let part = encoder.encode(
                slots, times, histogramSlots: slots & histogramSlots,
                histograms: { slot in times.map { rawHistogram(slot, $0) } },
                fill: { slot, values in
                    values.append(addingCapacity: count) { output in
                        for row in 0..<count { output.append(cells[LooseGroup.width * row + slot]) }
                    }
                })
            insert(part)
            if part.histogramSlots != 0 { forgetRawHistograms(part.histogramSlots, Array(times)) }
        }
        emptyTail(sealing)
        merge(below: LooseGroup.middleRows, &encoder)
        merge(below: LooseGroup.mergedRows, &encoder)
    }

    mutating func sealLate(_ encoder: inout LooseEncoder) {
        var columns = [SampleColumns](repeating: SampleColumns(), count: LooseGroup.width)
        for sample in late {
            let slot = Int(sample.slot)
            columns[slot].append(sample.time, sample.value, rawHistogram(slot, sample.time))
        }
        late = []
        for part in encoder.parts(of: &columns) { insert(part) }
        for slot in columns.indices where !columns[slot].histograms.isEmpty {
            forgetRawHistograms(1 << UInt16(slot), columns[slot].times)
        }
        merge(below: LooseGroup.middleRows, &encoder)
        merge(below: LooseGroup.mergedRows, &encoder)
    }

    /// Puts a part where its length belongs.
    private mutating func insert(_ part: LoosePart) {
        let index = parts.lastIndex { LooseGroup.level($0) >= LooseGroup.level(part) }
        if parts.count == parts.capacity { parts.reserveCapacity(parts.count + 2) }
        parts.insert(part, at: (index ?? -1) + 1)
    }

    /// Puts other parts in the place of all, none of which is in a file.
    mutating func restore(parts: [LoosePart]) {
        self.parts = []
        persisted = 0
        for part in parts { insert(part) }
    }

    private static func level(_ part: LoosePart) -> Int {
        part.rowCount >= mergedRows ? 2 : part.rowCount >= middleRows ? 1 : 0
    }

    /// Merges all parts that are shorter than a length as soon as one series has so many rows in them.
    private mutating func merge(below limit: Int, _ encoder: inout LooseEncoder) {
        var first = parts.count
        while first > 0, parts[first - 1].rowCount < limit { first -= 1 }
        guard LooseGroup.isWorthMerging(parts[first...], limit) else { return }
        let chosen = LoosePart.narrow(parts[first...])
        let isAll = chosen.count == parts.count - first
        let merging = isAll ? parts[first...] : chosen.map { parts[$0] }[...]
        guard isAll || LooseGroup.isWorthMerging(merging, limit) else { return }
        let merged = encoder.merge(merging)
        // A new array: the old one has room for all that were merged.
        let rest = isAll ? [] : (first..<parts.count).filter { !chosen.contains($0) }.map { parts[$0] }
        parts = parts[..<first] + rest
        for part in merged { insert(part) }
    }

    /// Whether several parts have so many rows of one series together.
    private static func isWorthMerging(_ parts: ArraySlice<LoosePart>, _ limit: Int) -> Bool {
        guard parts.count > 1 else { return false }
        var rows = InlineArray<16, Int>(repeating: 0)
        for part in parts {
            for slot in 0..<width where part.has(slot) { rows[slot] += Int(part.rowCount) }
        }
        return (0..<width).contains { rows[$0] >= limit }
    }

    /// Parts before this one do not change any more.
    var finalCount: Int { parts.prefix { $0.rowCount >= LooseGroup.mergedRows }.count }

    /// Notes that a part and all before it are in chunk files.
    mutating func markPersisted(through last: LoosePart) {
        persisted = (parts.prefix(finalCount).lastIndex { $0.identity == last.identity } ?? -1) + 1
    }

    /// Drops what of some slots is in no part yet.
    mutating func removeTail(of slots: UInt16) {
        func isGone(_ slot: UInt8) -> Bool { slots >> UInt16(slot) & 1 == 1 }
        emptyTail(slots)
        late.removeAll { isGone($0.slot) }
        histograms = histograms.filter { !isGone($0.key.slot) }
    }

    /// Drops all that some slots of a group have of which nothing is in a file. Samples of damaged parts are lost.
    mutating func removeSamples(of slots: UInt16, _ encoder: inout LooseEncoder) {
        removeTail(of: slots)
        restore(
            parts: parts.flatMap { part in
                part.slots & slots == 0
                    ? [part] : part.filtered(&encoder) { slot, _ in slots >> UInt16(slot) & 1 == 0 }
            })
    }

    /// Drops parts and tails that end before a time; returns the slots whose series have no sample left.
    mutating func drop(before time: Int64) -> UInt16 {
        persisted -= parts.prefix(persisted).count { $0.last < time }
        if parts.contains(where: { $0.last < time }) { parts.removeAll { $0.last < time } }
        if !late.isEmpty { late.removeAll { $0.time < time } }
        var dropped: UInt16 = 0
        var alive: UInt16 = 0
        for slot in 0..<LooseGroup.width where counts[slot] > 0 {
            if newest[slot] < time { dropped |= 1 << UInt16(slot) } else { alive |= 1 << UInt16(slot) }
        }
        if dropped != 0 { emptyTail(dropped) }
        dropRawHistograms()
        for part in parts { alive |= part.slots }
        for sample in late { alive |= 1 << UInt16(sample.slot) }
        return members & ~alive
    }
}
