import TimeSeries

extension Head {
    /// Drops what is older than the retention, then what the memory limit asks for. Samples are rolled up before
    /// they go.
    mutating func maintain(now: Int64) {
        for _ in 0..<Head.rounds {
            guard let edge = dropEdge(now: now) else { break }
            rollUp(droppingBefore: edge.time, isForMemory: edge.isForMemory)
            drop(edge)
            guard edge.isForMemory else { break }
        }
        settle(now: now)
    }

    mutating func dropSamples(_ edge: DropEdge) {
        let time = edge.time
        // Of what ends just before it some may stay, which a snapshot must give back.
        droppedBefore = max(droppedBefore, edge.time(ofGroup: .max - 1))
        forgetLists()
        for index in tables.indices {
            guard let first = tables[index]?.firstTime else { continue }
            if first < time { tables[index]?.drop(before: time) }
        }
        var changed: Set<Labels> = []
        for index in tables.indices {
            guard let table = tables[index], table.isEmpty, !table.isOpen else { continue }
            changed.insert(table.target)
            tablesByTarget[table.target]?.removeAll { $0 == UInt32(index) }
            if tablesByTarget[table.target]?.isEmpty == true { tablesByTarget[table.target] = nil }
            targets.remove(UInt32(index), table.targetSymbols)
            tables[index] = nil
            noteTables(of: table.target)
            droppedSeries += table.width
        }
        for target in changed { countRepeated(of: target) }
        dropLoose(edge)
        dropStarts(before: time)
        dropUnusedLayouts()
    }

    private mutating func dropUnusedLayouts() {
        let used = Set(tables.compactMap { $0.map { ObjectIdentifier($0.layout) } })
        for (hash, list) in layouts {
            let kept = list.filter { used.contains(ObjectIdentifier($0)) }
            if kept.count != list.count { layouts[hash] = kept.isEmpty ? nil : kept }
        }
    }

    /// Bytes of chunks and tails, an estimate of labels and index, and what others keep beside them.
    var byteCount: Int {
        var bytes = pressure.outsideBytes + looseRollups.byteCount + exemplars.byteCount + loose.byteCount
        bytes += metadata.byteCount
        for (labels, starts) in looseStarts { bytes += labels.bytes.count + starts.byteCount }
        for case let table? in tables {
            bytes += table.sealedByteCount + table.tailByteCount + table.rollups.byteCount + 256
            bytes += table.startByteCount
        }
        for layout in layouts.values.joined() {
            bytes += layout.byteCount
        }
        return bytes
    }

    /// Makes the symbols anew where most of them belong to series that are gone.
    mutating func compactSymbols() {
        guard symbols.count > 1000, droppedSeries > symbols.count / 4 else { return }
        droppedSeries = 0
        symbols = SymbolTable()
        forgetLists()
        var renewed: [ObjectIdentifier: Layout] = [:]
        for (hash, list) in layouts {
            layouts[hash] = list.map { old in
                let layout = Layout(columns: old.columns, symbols: &symbols)
                renewed[ObjectIdentifier(old)] = layout
                return layout
            }
        }
        targets = TargetIndex()
        for index in tables.indices {
            guard let table = tables[index], let layout = renewed[ObjectIdentifier(table.layout)] else {
                continue
            }
            tables[index]?.layout = layout
            let targetSymbols = intern(table.target)
            tables[index]?.targetSymbols = targetSymbols
            targets.add(UInt32(index), targetSymbols)
        }
    }
}
