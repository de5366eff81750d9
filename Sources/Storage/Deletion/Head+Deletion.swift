import TimeSeries

extension Head {
    /// The tombstones of a deletion: one for each set of matchers that any series meets, up to the newest sample of these. What
    /// they get next is no part of it, though others may be ahead of them.
    func tombstones(_ matcherSets: [[Matcher]], in range: ClosedRange<Int64>) -> [Tombstone] {
        guard newest > .min, range.lowerBound <= newest else { return [] }
        let range = max(range.lowerBound, Head.times.lowerBound)...min(range.upperBound, newest)
        return matcherSets.compactMap { matchers in
            guard !matchers.isEmpty, let last = find(matchers, in: range).newest, range.lowerBound <= last
            else { return nil }
            let tombstone = Tombstone(
                matchers: matchers, range: range.lowerBound...min(range.upperBound, last))
            let isKnown =
                tombstones.contains(tombstone) || waitingDeletions.contains { $0.tombstone == tombstone }
            return isKnown ? nil : tombstone
        }
    }

    /// Lets the deletions count that are durable up to a position of the log.
    mutating func settleDeletions(through position: UInt64) {
        guard !waitingDeletions.isEmpty else { return }
        tombstones += waitingDeletions.filter { $0.position <= position }.map(\.tombstone)
        waitingDeletions.removeAll { $0.position <= position }
        forgetLists()
    }

    /// Takes what tombstones cover out of memory, and the tombstones with it. Buckets that may hold deleted samples go
    /// whole.
    /// - Parameter cleaning: what was made of parts of this head before; what is not in it is made now.
    mutating func removeDeleted(_ cleaning: Cleaning = Cleaning()) {
        guard !tombstones.isEmpty else { return }
        forgetLists()
        for index in tables.indices {
            let covered = cleaning.covered(tables[index], index, tombstones)
            if !covered.isEmpty { tables[index]?.remove(covered, cleaning) }
        }
        for index in loose.groups.indices {
            let covered = cleaning.covered(loose.groups[index], index, loose.pairs, tombstones)
            if !covered.isEmpty { loose.clean(index, covered, cleaning) }
        }
        loose.dropEmpty()
        for index in looseRollups.groups.indices {
            guard let members = looseRollups.groups[index]?.members else { continue }
            let covered = Cleaning.covered(members.map(\.labels), tombstones)
            if !covered.isEmpty { looseRollups.groups[index]?.set.remove(covered, cleaning) }
        }
        tombstones = []
        removals += 1
    }

    /// Whether a deletion would hide a row of a table.
    func hides(_ number: UInt32, at time: Int64) -> Bool {
        let stones = tombstones.filter { $0.range.contains(time) }
        guard !stones.isEmpty, let table = tables[Int(number)] else { return false }
        return table.layout.columns.contains { column in
            let labels = column.merging(table.target)
            return stones.contains { $0.covers(labels) }
        }
    }

    /// Whether a deletion would hide any of these samples.
    func hides(_ samples: KnownSamples) -> Bool {
        guard !tombstones.isEmpty else { return false }
        var start = 0
        for (handle, end) in zip(samples.handles, samples.ends) {
            let times = samples.samples[start..<end].lazy.map(\.timestamp.milliseconds)
            start = end
            if loose.has(handle), hides(times, { loose.labels(handle) }) { return true }
        }
        return false
    }

    func hides(_ batch: SampleBatch) -> Bool {
        guard !tombstones.isEmpty else { return false }
        return batch.entries.indices.contains { index in
            let times = batch.samples[batch.sampleRange(index)].lazy.map(\.timestamp.milliseconds)
            let own = batch.histograms[batch.histogramRange(index)].lazy.map(\.timestamp.milliseconds)
            return hides(times, { batch.labels(index) }) || hides(own, { batch.labels(index) })
        }
    }

    /// - Parameter labels: asked for only where a time is within a deletion.
    private func hides(_ times: some Sequence<Int64>, _ labels: () -> Labels) -> Bool {
        var known: Labels?
        for time in times {
            for stone in tombstones where stone.range.contains(time) {
                let own = known ?? labels()
                known = own
                if stone.covers(own) { return true }
            }
        }
        return false
    }

    /// As if nothing of it were in a file.
    var unpersisted: Head {
        var head = self
        for index in head.tables.indices {
            guard let table = head.tables[index] else { continue }
            head.tables[index]?.restore(sealed: table.sealed, persisted: 0)
            head.tables[index]?.rollups.forgetFiles()
        }
        head.loose.forgetFiles()
        for index in head.looseRollups.groups.indices { head.looseRollups.groups[index]?.set.forgetFiles() }
        return head
    }

    /// Only what is sealed for good: without raw tails and short parts.
    var withoutTails: Head {
        var head = self
        for index in head.tables.indices {
            guard let table = head.tables[index] else { continue }
            head.tables[index]?.restore(
                sealed: Array(table.sealed.prefix(table.finalCount)), persisted: table.persisted)
            head.tables[index]?.restore(tailTimes: [], tail: [])
        }
        head.loose.dropTails()
        return head
    }
}

extension Head.Found {
    /// The newest sample or bucket of what was found; nil where there is nothing.
    fileprivate var newest: Int64? {
        var newest = tables.lazy.compactMap { $0.table.life?.upperBound }.max() ?? .min
        for slice in loose {
            for slot in 0..<LooseGroup.width where slice.slots >> UInt16(slot) & 1 == 1 {
                newest = max(newest, slice.group.life(slot)?.upperBound ?? .min)
            }
        }
        for rollup in rolled { newest = max(newest, rollup.set.span?.upperBound ?? .min) }
        return newest == .min ? nil : newest
    }
}

extension Table {
    /// Takes samples and buckets of columns away.
    mutating func remove(_ covered: Cleaning.Covered, _ cleaning: Cleaning) {
        restore(sealed: sealed.map { cleaning.rows($0) ?? $0.removing(covered) }, persisted: persisted)
        var cells = tail.cells
        for (column, stones) in covered {
            for (row, time) in tailTimes.enumerated()
            where stones.contains(where: { $0.range.contains(time) }) {
                cells[row * width + Int(column)] = Marker.absent
            }
        }
        restore(tailTimes: tailTimes, tail: cells)
        rollups.remove(covered, cleaning)
    }
}

extension SealedRows {
    /// Without the samples that tombstones cover; the same object where there are none.
    func removing(_ covered: Cleaning.Covered) -> SealedRows {
        let near = covered.filter {
            $0.key < columnCount && $0.value.contains { $0.range.overlaps(first...last) }
        }
        guard !near.isEmpty else { return self }
        var values = [[Double]](repeating: [], count: columnCount)
        var hasAbsent = [Bool](repeating: false, count: columnCount)
        read((0..<UInt32(columnCount)).map { $0 }, 0..<rowCount, into: &values, &hasAbsent)
        for (column, stones) in near {
            for (row, time) in times.milliseconds.enumerated()
            where stones.contains(where: { $0.range.contains(time) }) {
                values[Int(column)][row] = Marker.absent
            }
        }
        let all = values.flatMap { $0 }
        return SealedRows(times: times.milliseconds, columns: all.span)
    }
}

extension RollupSet {
    mutating func forgetFiles() { for index in levels.indices { levels[index].persisted = 0 } }

    mutating func remove(_ covered: Cleaning.Covered, _ cleaning: Cleaning) {
        for level in levels.indices {
            for (index, block) in levels[level].blocks.enumerated() {
                levels[level].blocks[index] = cleaning.block(block) ?? block.removing(covered)
            }
        }
    }
}

extension RollupBlock {
    /// Without the buckets that tombstones touch; the same object where there are none.
    func removing(_ covered: Cleaning.Covered) -> RollupBlock {
        let range = (first &- resolution)...last
        guard covered.contains(where: { $0.value.contains { $0.range.overlaps(range) } }) else { return self }
        var builder = RollupBlockBuilder(resolution: resolution, windows: windows)
        for series in 0..<UInt32(width) {
            let stones = covered[series] ?? []
            builder.append(
                all(series).map { bucket in
                    bucket.flatMap { found in stones.contains { $0.touches(found) } ? nil : found }
                })
        }
        // A block has a series, so there is one again.
        return builder.finish() ?? self
    }
}
