import TimeSeries

extension Head {
    /// Drops what is older than the retention, then, above the memory limit, the oldest sealed rows.
    mutating func maintain(now: Int64) {
        let (oldest, overflow) = now.subtractingReportingOverflow(configuration.retention.milliseconds)
        if !overflow { drop(before: oldest) }
        let excess = byteCount - configuration.memoryLimit
        if excess > 0, let edge = edge(freeing: excess) { drop(before: edge) }
        refusesNewSeries = byteCount > configuration.memoryLimit
        compactSymbols()
    }

    /// The time before which the sealed parts have so many bytes together, or all of them; nil where there are none.
    private func edge(freeing bytes: Int) -> Int64? {
        var parts: [(last: Int64, bytes: Int)] = []
        for case let table? in tables { parts += table.sealed.map { ($0.last, $0.bytes.count) } }
        for index in loose.groups.indices {
            parts += loose.groups[index].parts.map { ($0.last, $0.bytes.count) }
        }
        parts.sort { $0.last < $1.last }
        var freed = 0
        for part in parts {
            freed += part.bytes
            if freed >= bytes { return part.last + 1 }
        }
        return parts.last.map { $0.last + 1 }
    }

    private mutating func drop(before time: Int64) {
        droppedBefore = max(droppedBefore, time)
        for index in tables.indices {
            guard let first = tables[index]?.firstTime else { continue }
            if first < time { tables[index]?.drop(before: time) }
        }
        for index in tables.indices {
            guard let table = tables[index], table.isEmpty, !table.isOpen else { continue }
            tablesByTarget[table.target]?.removeAll { $0 == UInt32(index) }
            if tablesByTarget[table.target]?.isEmpty == true { tablesByTarget[table.target] = nil }
            tables[index] = nil
            droppedSeries += table.width
        }
        _ = loose.drop(before: time)
        dropUnusedLayouts()
    }

    private mutating func dropUnusedLayouts() {
        let used = Set(tables.compactMap { $0.map { ObjectIdentifier($0.layout) } })
        for (hash, list) in layouts {
            let kept = list.filter { used.contains(ObjectIdentifier($0)) }
            if kept.count != list.count { layouts[hash] = kept.isEmpty ? nil : kept }
        }
    }

    /// Bytes of chunks and tails, and an estimate of labels and index.
    var byteCount: Int {
        var bytes = 0
        for case let table? in tables { bytes += table.sealedByteCount + table.tailByteCount + 256 }
        bytes += loose.byteCount
        for layout in layouts.values.joined() {
            bytes += layout.columns.reduce(0) { $0 + 2 * $1.bytes.count + 100 }
        }
        return bytes
    }

    /// Makes the symbols anew where most of them belong to series that are gone.
    private mutating func compactSymbols() {
        guard symbols.count > 1000, droppedSeries > symbols.count / 4 else { return }
        droppedSeries = 0
        symbols = SymbolTable()
        var renewed: [ObjectIdentifier: Layout] = [:]
        for (hash, list) in layouts {
            layouts[hash] = list.map { old in
                let layout = Layout(columns: old.columns, symbols: &symbols)
                renewed[ObjectIdentifier(old)] = layout
                return layout
            }
        }
        for index in tables.indices {
            guard let table = tables[index], let layout = renewed[ObjectIdentifier(table.layout)] else {
                continue
            }
            tables[index]?.layout = layout
            let targetSymbols = intern(table.target)
            tables[index]?.targetSymbols = targetSymbols
        }
    }
}
