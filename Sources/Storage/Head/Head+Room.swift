import TimeSeries

/// Whether there is room for series that are new, and which are: one that several tables of its target have, as restarts with
/// other lines and imports leave them, is one series.
extension Head {
    /// Earlier tables of a target that are looked through.
    private static let mostEarlierTables = 4

    /// Throws where a target may not have these columns beside those that it has, and counts what they would bring.
    mutating func admit(
        _ columns: [Labels], beside width: Int, of target: Labels, in number: UInt32
    ) throws(SinkError) {
        do throws(SinkError) {
            try checkRoom(for: columns, beside: width, of: target, in: number)
        } catch {
            noteRefusal(of: columns.count, error)
            throw error
        }
    }

    mutating func noteRefusal(of count: Int, _ error: SinkError) {
        rejectedSamples += UInt64(count)
        if case .memoryLimit = error { pressure.hasRefused = true }
    }

    /// Throws where a target may not have these columns beside those that it has.
    /// - Parameter number: of the table that would get them; nil for another one.
    mutating func checkRoom(
        for columns: [Labels], beside width: Int, of target: Labels, in number: UInt32? = nil
    ) throws(SinkError) {
        try checkTarget(width + columns.count)
        try check(columns, target: target)
        lookAgain(for: MemoryPressure.cost(columns))
        try checkRoom(for: columns, of: target, in: number)
    }

    /// Throws where a table may not have these columns beside its own.
    func checkRoom(for columns: [Labels], in number: UInt32) throws(SinkError) {
        guard hasTable(number), let (width, target) = tables[Int(number)].map({ ($0.width, $0.target) })
        else { return }
        try checkTarget(width + columns.count)
        try checkRoom(for: columns, of: target, in: number)
    }

    private func checkRoom(
        for columns: [Labels], of target: Labels, in number: UInt32?
    ) throws(SinkError) {
        try checkMemory(for: columns)
        let added = columns.count - repeatedCount(columns, of: target, in: number)
        guard added == 0 || seriesCount + added <= configuration.limits.series else {
            throw .seriesLimit(limit: configuration.limits.series)
        }
    }

    private func checkTarget(_ width: Int) throws(SinkError) {
        let limit = configuration.limits.seriesPerTarget
        guard width <= limit else { throw .targetSeriesLimit(limit: limit) }
    }

    /// How many of these columns the tables of a target before this one have, the last few of them.
    func repeatedCount(_ columns: [Labels], of target: Labels, in number: UInt32?) -> Int {
        columns.count - (newColumns(columns, of: target, in: number)?.count ?? columns.count)
    }

    /// The columns of a table that those of its target before it have too.
    func repeatedColumns(of number: UInt32, _ table: Table) -> [Labels] {
        let columns = table.layout.columns
        guard table.repeatedColumns > 0, let new = newColumns(columns, of: table.target, in: number)
        else { return [] }
        return columns.filter { !new.contains($0) }
    }

    /// Those of these columns that none of the last few tables of a target before this one has; nil for all of them.
    private func newColumns(
        _ columns: [Labels], of target: Labels, in number: UInt32?
    ) -> Set<Labels>? {
        let all = tablesByTarget[target] ?? []
        let earlier = all.prefix { $0 != number }.suffix(Head.mostEarlierTables)
        var left: Set<Labels>?
        for number in earlier.reversed() {
            guard let layout = tables[Int(number)]?.layout else { continue }
            if layout.columns == columns { return [] }
            if left == nil { left = Set(columns) }
            for labels in layout.columns { left?.remove(labels) }
        }
        return left
    }

    /// Counts anew what tables of a target have that others before them have too, once some are gone.
    mutating func countRepeated(of target: Labels) {
        for number in tablesByTarget[target] ?? [] {
            guard let columns = tables[Int(number)]?.layout.columns else { continue }
            let repeated = repeatedCount(columns, of: target, in: number)
            tables[Int(number)]?.repeatedColumns = repeated
        }
    }
}
