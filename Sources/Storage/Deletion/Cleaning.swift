import TimeSeries

/// What parts of a head become once what tombstones cover is taken out, made from a copy of the head, so that nobody waits
/// for it who appends or reads. Parts do not change, so the head then only puts one in the place of the other; what it got
/// meanwhile is little and done at once.
struct Cleaning {
    /// Columns of a table, slots of a group or members of its rollups, each with its tombstones.
    typealias Covered = [UInt32: [Tombstone]]

    private struct GroupPart: Hashable {
        var group: Int
        var first: Int64
        var last: Int64
        var rowCount: UInt32
        var slots: UInt16

        init(_ group: Int, _ part: LoosePart) {
            self.group = group
            (first, last, rowCount, slots) = (part.first, part.last, part.rowCount, part.slots)
        }
    }

    /// The tombstones of each column of the tables, up to the width that was looked at.
    private var tables: [Int: (width: Int, covered: Covered)] = [:]
    private var groups: [Int: (members: UInt16, covered: Covered)] = [:]
    /// By the part of before, which is kept so that no other can have its address.
    private var rows: [ObjectIdentifier: (before: SealedRows, after: SealedRows)] = [:]
    private var blocks: [ObjectIdentifier: (before: RollupBlock, after: RollupBlock)] = [:]
    private var parts: [GroupPart: (before: LoosePart, after: [LoosePart])] = [:]

    /// Nothing was made before.
    init() {}

    init(_ head: Head) {
        let tombstones = head.tombstones
        for (index, table) in head.tables.enumerated() {
            guard let table else { continue }
            let covered = self.covered(table, index, tombstones)
            tables[index] = (table.width, covered)
            guard !covered.isEmpty else { continue }
            for part in table.sealed { rows[ObjectIdentifier(part)] = (part, part.removing(covered)) }
            prepare(table.rollups, covered)
        }
        var encoder = LooseEncoder()
        for index in head.loose.groups.indices where !head.loose.groups[index].isEmpty {
            let group = head.loose.groups[index]
            let covered = self.covered(group, index, head.loose.pairs, tombstones)
            groups[index] = (group.members, covered)
            guard !covered.isEmpty else { continue }
            for part in group.parts {
                parts[GroupPart(index, part)] = (part, part.removing(covered, &encoder))
            }
        }
        for case let group? in head.looseRollups.groups {
            let covered = Cleaning.covered(group.members.map(\.labels), tombstones)
            if !covered.isEmpty { prepare(group.set, covered) }
        }
    }

    private mutating func prepare(_ set: RollupSet, _ covered: Covered) {
        for level in set.levels {
            for block in level.blocks { blocks[ObjectIdentifier(block)] = (block, block.removing(covered)) }
        }
    }

    func rows(_ part: SealedRows) -> SealedRows? { rows[ObjectIdentifier(part)]?.after }

    func block(_ block: RollupBlock) -> RollupBlock? { blocks[ObjectIdentifier(block)]?.after }

    func parts(_ group: Int, _ part: LoosePart) -> [LoosePart]? {
        guard let made = parts[GroupPart(group, part)], made.before.bytes == part.bytes else { return nil }
        return made.after
    }

    // MARK: What is covered

    /// The columns of a table that tombstones cover.
    func covered(_ table: Table?, _ index: Int, _ tombstones: [Tombstone]) -> Covered {
        guard let table else { return [:] }
        let near = tombstones.filter { table.overlaps($0.range) }
        guard !near.isEmpty else { return [:] }
        var (width, covered) = tables[index] ?? (0, [:])
        if covered.isEmpty, width > 0, width == table.width { return [:] }
        for column in min(width, table.width)..<table.width {
            let labels = table.layout.columns[column].merging(table.target)
            let stones = near.filter { $0.covers(labels) }
            if !stones.isEmpty { covered[UInt32(column)] = stones }
        }
        width = table.width
        return covered
    }

    /// The slots of a group that tombstones cover.
    func covered(
        _ group: LooseGroup, _ index: Int, _ pairs: PairTable, _ tombstones: [Tombstone]
    ) -> Covered {
        var (members, covered) = groups[index] ?? (0, [:])
        members = group.members & ~members
        for slot in 0..<LooseGroup.width where members >> UInt16(slot) & 1 == 1 {
            let labels = group.labels(slot, pairs)
            let stones = tombstones.filter { $0.covers(labels) }
            if !stones.isEmpty { covered[UInt32(slot)] = stones }
        }
        return covered
    }

    static func covered(_ labels: [Labels], _ tombstones: [Tombstone]) -> Covered {
        var covered: Covered = [:]
        for (index, labels) in labels.enumerated() {
            let stones = tombstones.filter { $0.covers(labels) }
            if !stones.isEmpty { covered[UInt32(index)] = stones }
        }
        return covered
    }
}

extension LoosePart {
    /// The same samples without those that tombstones cover; samples of a damaged part are lost.
    func removing(_ covered: Cleaning.Covered, _ encoder: inout LooseEncoder) -> [LoosePart] {
        let near = covered.filter { entry in
            has(Int(entry.key)) && entry.value.contains { $0.range.overlaps(first...last) }
        }
        guard !near.isEmpty else { return [self] }
        return filtered(&encoder) { slot, time in
            !(near[UInt32(slot)]?.contains { $0.range.contains(time) } ?? false)
        }
    }
}

extension LooseGroup {
    /// Takes the samples of slots away that tombstones cover. Series of which none is left are there until they are dropped.
    mutating func clean(
        _ index: Int, _ covered: Cleaning.Covered, _ cleaning: Cleaning, _ encoder: inout LooseEncoder
    ) {
        func isGone(_ slot: Int, _ time: Int64) -> Bool {
            covered[UInt32(slot)]?.contains { $0.range.contains(time) } ?? false
        }
        restore(parts: parts.flatMap { cleaning.parts(index, $0) ?? $0.removing(covered, &encoder) })
        late.removeAll { isGone(Int($0.slot), $0.time) }
        if !histograms.isEmpty { histograms = histograms.filter { !isGone(Int($0.key.slot), $0.key.time) } }
        filterTail { !isGone($0, $1) }
    }
}
