import TimeSeries

extension Head {
    /// The tombstones of a deletion: one for each set of matchers that any series meets, up to the newest sample.
    func tombstones(_ matcherSets: [[Matcher]], in range: ClosedRange<Int64>) -> [Tombstone] {
        guard newest > .min, range.lowerBound <= newest else { return [] }
        let range = max(range.lowerBound, Head.times.lowerBound)...min(range.upperBound, newest)
        return matcherSets.compactMap { matchers in
            guard !matchers.isEmpty else { return nil }
            let tombstone = Tombstone(matchers: matchers, range: range)
            return tombstones.contains(tombstone) || find(matchers, in: range).isEmpty ? nil : tombstone
        }
    }

    /// Takes what tombstones cover out of memory, and the tombstones with it. Buckets that may hold deleted samples go
    /// whole.
    mutating func removeDeleted() {
        guard !tombstones.isEmpty else { return }
        for index in tables.indices {
            let covered = tables[index]?.columns(under: tombstones) ?? [:]
            if !covered.isEmpty { tables[index]?.remove(covered) }
        }
        for index in loose.groups.indices { removeDeleted(fromGroup: index) }
        for index in looseRollups.groups.indices {
            guard let members = looseRollups.groups[index]?.members else { continue }
            var covered: [UInt32: [Tombstone]] = [:]
            for (slot, member) in members.enumerated() {
                let stones = tombstones.filter { $0.covers(member.labels) }
                if !stones.isEmpty { covered[UInt32(slot)] = stones }
            }
            if !covered.isEmpty { looseRollups.groups[index]?.set.remove(covered) }
        }
        tombstones = []
        removals += 1
    }

    private mutating func removeDeleted(fromGroup index: Int) {
        let group = loose.groups[index]
        var ranges: [Int: [ClosedRange<Int64>]] = [:]
        for slot in 0..<LooseGroup.width where group.members >> UInt16(slot) & 1 == 1 {
            let covered = tombstones.ranges(group.labels(slot, loose.pairs))
            if !covered.isEmpty { ranges[slot] = covered }
        }
        guard !ranges.isEmpty else { return }
        var left: [(slot: Int, time: Int64, value: Double)] = []
        for slice in group.read(group.members, in: Head.times) {
            for (row, time) in slice.times.milliseconds.enumerated() {
                if ranges[slice.slot]?.contains(where: { $0.contains(time) }) ?? false { continue }
                left.append((slice.slot, time, slice.values[row]))
            }
        }
        // As they came: series that are pushed together share their times again.
        left.sort { ($0.time, $0.slot) < ($1.time, $1.slot) }
        loose.rewrite(index, left)
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
    var isEmpty: Bool { tables.isEmpty && loose.isEmpty && rolled.isEmpty }
}

extension Table {
    /// The columns that tombstones cover, each with its tombstones.
    func columns(under tombstones: [Tombstone]) -> [UInt32: [Tombstone]] {
        let near = tombstones.filter { overlaps($0.range) }
        guard !near.isEmpty else { return [:] }
        var covered: [UInt32: [Tombstone]] = [:]
        for (column, labels) in layout.columns.enumerated() {
            let labels = labels.merging(target)
            let stones = near.filter { $0.covers(labels) }
            if !stones.isEmpty { covered[UInt32(column)] = stones }
        }
        return covered
    }

    /// Takes samples and buckets of columns away.
    mutating func remove(_ covered: [UInt32: [Tombstone]]) {
        restore(sealed: sealed.map { $0.removing(covered) }, persisted: persisted)
        var cells = tail.cells
        for (column, stones) in covered {
            for (row, time) in tailTimes.enumerated()
            where stones.contains(where: { $0.range.contains(time) }) {
                cells[row * width + Int(column)] = Marker.absent
            }
        }
        restore(tailTimes: tailTimes, tail: cells)
        rollups.remove(covered)
    }
}

extension SealedRows {
    /// Without the samples that tombstones cover; the same object where there are none.
    func removing(_ covered: [UInt32: [Tombstone]]) -> SealedRows {
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

    mutating func remove(_ covered: [UInt32: [Tombstone]]) {
        for level in levels.indices {
            for (index, block) in levels[level].blocks.enumerated() {
                guard let rest = block.removing(covered) else { continue }
                levels[level].blocks[index] = rest
            }
        }
    }
}

extension RollupBlock {
    /// Without the buckets that tombstones touch; nil where there are none.
    fileprivate func removing(_ covered: [UInt32: [Tombstone]]) -> RollupBlock? {
        let range = (first &- resolution)...last
        guard covered.contains(where: { $0.value.contains { $0.range.overlaps(range) } }) else { return nil }
        var builder = RollupBlockBuilder(resolution: resolution, windows: windows)
        for series in 0..<UInt32(width) {
            let stones = covered[series] ?? []
            builder.append(
                all(series).map { bucket in
                    bucket.flatMap { found in stones.contains { $0.touches(found) } ? nil : found }
                })
        }
        return builder.finish()
    }
}
