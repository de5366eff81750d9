import TimeSeries

/// The values of labels as they were last listed: dashboards ask for the same ones each time they are opened, and to
/// look at each table and sort texts costs more than all else of such a list.
///
/// To be emptied whenever a table comes, goes, or gets or loses columns or its oldest samples.
struct ValueLists: Sendable {
    /// The longest list that is kept.
    static let longest = 4096
    /// Looking at more tables that must not overlap a range would take as long as making a list.
    static let mostOthers = 16
    private static let capacity = 32

    private struct List {
        /// As they were met, some more than once.
        var symbols: [SymbolTable.Symbol]
        var texts: [String]
        var scope: Scope
    }

    /// For which ranges a list is the same.
    struct Scope {
        /// When the youngest of the tables in the list began and the one that stopped first had its newest sample. While no
        /// table comes or goes, the former stays and the latter only grows.
        private var first = Int64.min
        private var last = Int64.max
        /// Tables that are not in the list and must not overlap the range, by number.
        private(set) var others: [Int] = []
        mutating func add(_ table: Table) {
            first = max(first, table.firstTime ?? .max)
            last = min(last, table.lastTime ?? .min)
        }

        mutating func leaveOut(_ number: Int) {
            if others.count <= ValueLists.mostOthers { others.append(number) }
        }

        func isIn(_ range: ClosedRange<Int64>) -> Bool {
            first <= range.upperBound && range.lowerBound <= last && others.count <= ValueLists.mostOthers
        }
    }

    private var lists: [SymbolTable.Symbol: List] = [:]

    /// The list where it is the same for this range.
    /// - Parameter overlaps: whether the table of a number has samples in it.
    func texts(
        of name: SymbolTable.Symbol, in range: ClosedRange<Int64>, _ overlaps: (Int) -> Bool
    ) -> [String]? {
        guard let list = lists[name], list.scope.isIn(range), !list.scope.others.contains(where: overlaps)
        else { return nil }
        return list.texts
    }

    /// The texts of `symbols`, each once and in the order of their bytes.
    mutating func texts(
        of name: SymbolTable.Symbol, _ symbols: [SymbolTable.Symbol], _ table: SymbolTable, _ scope: Scope
    ) -> [String] {
        if let list = lists[name], list.symbols == symbols {
            lists[name]?.scope = scope
            return list.texts
        }
        if lists.count >= Self.capacity, lists[name] == nil { lists = [:] }
        let texts = Labels.sorted(Set(symbols).map { table[$0] })
        lists[name] = List(symbols: symbols, texts: texts, scope: scope)
        return texts
    }
}

extension Head {
    /// The values of a label of all series with a sample near the range, each once, and whether they are in order. Those
    /// of series that have none at all any more, as a deletion leaves them, are not among them.
    mutating func values(of name: String, in range: ClosedRange<Int64>) -> (texts: [String], isSorted: Bool) {
        guard let symbol = symbols.find(name) else { return (loose.values(of: name, in: range), false) }
        let single = loose.values(of: name, in: range)
        let isTablesOnly = single.isEmpty && looseRollups.orphans.isEmpty
        if isTablesOnly,
            let known = valueLists.texts(of: symbol, in: range, { tables[$0]?.overlaps(range) ?? false })
        {
            return (known, true)
        }
        var values: [SymbolTable.Symbol] = []
        var scope = ValueLists.Scope()
        var seen: Set<ObjectIdentifier> = []
        var hasVacant = false
        values.reserveCapacity(tables.count)
        for index in tables.indices {
            guard let table = tables[index] else { continue }
            guard table.overlaps(range) else {
                scope.leaveOut(index)
                continue
            }
            scope.add(table)
            let own = table.targetSymbols.first { $0.name == symbol }
            if let own, table.hasSamples {
                values.append(own.value)
                continue
            }
            let columns = 0..<UInt32(table.width)
            if let life = table.life, let vacancy = table.vacancy(of: columns, in: life) {
                // The next sample of such a series changes the list, and no layout.
                hasVacant = true
                if let own {
                    if columns.contains(where: { !vacancy.contains($0) }) { values.append(own.value) }
                } else {
                    for value in table.layout.index.values(of: symbol)
                    where value.members.contains(where: { !vacancy.contains($0) }) {
                        values.append(value.value)
                    }
                }
            } else if let own {
                values.append(own.value)
            } else if seen.insert(ObjectIdentifier(table.layout)).inserted {
                values.append(contentsOf: table.layout.index.values(of: symbol).lazy.map(\.value))
            }
        }
        if isTablesOnly {
            guard values.count > ValueLists.longest || hasVacant else {
                return (valueLists.texts(of: symbol, values, symbols, scope), true)
            }
            return (Set(values).map { symbols[$0] }, false)
        }
        var texts = Set(Set(values).map { ExactText(symbols[$0]) }).union(single.map(ExactText.init))
        for place in looseRollups.orphans {
            guard let member = looseRollups.member(place), member.made >= range.lowerBound else { continue }
            if let value = member.labels[name] { texts.insert(ExactText(value)) }
        }
        return (texts.map(\.text), false)
    }
}
