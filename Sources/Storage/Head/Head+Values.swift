import TimeSeries

/// The values of labels as they were last listed: dashboards ask for the same ones each time they are opened, and to
/// sort texts costs more than all else of such a list.
struct ValueLists: Sendable {
    /// The longest list that is kept.
    static let longest = 4096
    private static let capacity = 32

    private struct List {
        /// As they were met, some more than once.
        var symbols: [SymbolTable.Symbol]
        var texts: [String]
    }

    private var lists: [SymbolTable.Symbol: List] = [:]

    /// The texts of `symbols`, each once and in the order of their bytes.
    mutating func texts(of name: SymbolTable.Symbol, _ symbols: [SymbolTable.Symbol], _ table: SymbolTable)
        -> [String]
    {
        if let list = lists[name], list.symbols == symbols { return list.texts }
        if lists.count >= Self.capacity, lists[name] == nil { lists = [:] }
        let texts = Labels.sorted(Set(symbols).map { table[$0] })
        lists[name] = List(symbols: symbols, texts: texts)
        return texts
    }
}

extension Head {
    /// The values of a label of all series with a sample near the range, each once, and whether they are in order.
    mutating func values(of name: String, in range: ClosedRange<Int64>) -> (texts: [String], isSorted: Bool) {
        guard let symbol = symbols.find(name) else { return (loose.values(of: name, in: range), false) }
        var values: [SymbolTable.Symbol] = []
        var seen: Set<ObjectIdentifier> = []
        values.reserveCapacity(tables.count)
        for index in tables.indices where tables[index]?.overlaps(range) == true {
            // Looked at where it is: a copy would hold on to all that a table has.
            if let label = tables[index]?.targetSymbols.first(where: { $0.name == symbol }) {
                values.append(label.value)
            } else if let layout = tables[index]?.layout, seen.insert(ObjectIdentifier(layout)).inserted {
                values.append(contentsOf: layout.index.values(of: symbol).lazy.map(\.value))
            }
        }
        let single = loose.values(of: name, in: range)
        if single.isEmpty, looseRollups.orphans.isEmpty {
            guard values.count > ValueLists.longest else {
                return (valueLists.texts(of: symbol, values, symbols), true)
            }
            return (Set(values).map { symbols[$0] }, false)
        }
        var texts = Set(values.map { symbols[$0] }).union(single)
        for place in looseRollups.orphans {
            guard let member = looseRollups.member(place), member.made >= range.lowerBound else { continue }
            if let value = member.labels[name] { texts.insert(value) }
        }
        return (Array(texts), false)
    }
}
