extension Head {
    /// Puts samples that are in no file into as few sealed parts as may be, tails too, since imports and copies may stay as
    /// they are for long. Of a store with many bytes only what is not sealed for good.
    mutating func condense() {
        let isWhole = byteCount <= SnapshotFolder.denseChunks
        loose.condense(isWhole: isWhole)
        for index in tables.indices { tables[index]?.condense() }
    }
}

extension LooseSeries {
    fileprivate mutating func condense(isWhole: Bool) {
        changeGroups { $0.condense(isWhole: isWhole, &$1) }
    }
}

extension Table {
    /// Seals the tail, and merges the parts that are not final. Damaged ones stay as they are, and so do the others then.
    fileprivate mutating func condense() {
        var parts = sealed
        if !tailTimes.isEmpty {
            parts.append(SealedRows(times: tailTimes, columns: tail.transposed().span))
            restore(tailTimes: [], tail: [])
        }
        let first = self.parts(shorterThan: Table.finalRows).first
        if parts.count - first > 1, parts[first...].allSatisfy(\.damagedChunks.isEmpty) {
            parts.replaceSubrange(first..., with: [SealedRows.merged(parts[first...])])
        }
        restore(sealed: parts, persisted: persisted)
    }
}
