import TimeSeries

extension Head {
    /// Drops what is older than the retention, then, above the memory limit, the oldest sealed rows.
    mutating func maintain(now: Int64) {
        let (oldest, overflow) = now.subtractingReportingOverflow(configuration.retention.milliseconds)
        if !overflow { drop(before: oldest) }
        var bytes = byteCount
        let limit = configuration.memoryLimit
        while bytes > limit, let edge = oldestEdge() {
            drop(before: edge)
            let now = byteCount
            guard now < bytes else { break }
            bytes = now
        }
        refusesNewSeries = bytes > limit
    }

    /// A time behind the oldest sealed part, so that dropping before it frees something.
    private func oldestEdge() -> Int64? {
        var edge: Int64?
        for table in tables {
            if let last = table?.sealed.first?.last { edge = min(edge ?? last, last) }
        }
        for series in loose {
            if let last = series?.parts.first?.last { edge = min(edge ?? last, last) }
        }
        return edge.map { $0 + 1 }
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
        }
        var gone: Set<UInt32> = []
        for index in loose.indices {
            guard let oldest = loose[index]?.oldest, oldest < time else { continue }
            loose[index]?.drop(before: time)
            if let series = loose[index], series.isEmpty {
                gone.insert(UInt32(index))
                looseNumbers[series.labels] = nil
                loose[index] = nil
            }
        }
        if !gone.isEmpty { looseIndex.remove(gone) }
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
        for case let series? in loose {
            bytes += series.sealedByteCount + series.tailByteCount + 2 * series.labels.bytes.count + 200
        }
        for layout in layouts.values.joined() {
            bytes += layout.columns.reduce(0) { $0 + 2 * $1.bytes.count + 100 }
        }
        return bytes
    }
}
