/// Which tables have which label on their target: what a query asks of targets is found without looking at all of them.
struct TargetIndex: Sendable {
    typealias Symbol = SymbolTable.Symbol

    /// The tables of one label name, by number, ascending.
    private struct Name {
        var tables: [Symbol: [UInt32]] = [:]
        /// Those whose target lacks it: their columns may have it.
        var lacking: [UInt32] = []
    }

    private var names: [Symbol: Name] = [:]
    private var all: [UInt32] = []

    /// Adds a table that is not in it.
    mutating func add(_ number: UInt32, _ labels: [(name: Symbol, value: Symbol)]) {
        for label in labels where names[label.name] == nil { names[label.name] = Name(lacking: all) }
        Self.insert(number, into: &all)
        // Order does not matter here: each name is changed by itself. In an array, since a dictionary that is walked through
        // is copied when it changes.
        for name in Array(names.keys) {
            if let label = labels.first(where: { $0.name == name }) {
                Self.insert(number, into: &names[name, default: Name()].tables[label.value, default: []])
            } else {
                Self.insert(number, into: &names[name, default: Name()].lacking)
            }
        }
    }

    /// Takes a table out; one that is not in it is no error.
    mutating func remove(_ number: UInt32, _ labels: [(name: Symbol, value: Symbol)]) {
        Self.remove(number, from: &all)
        for name in Array(names.keys) {
            if let label = labels.first(where: { $0.name == name }) {
                Self.remove(number, from: &names[name, default: Name()].tables[label.value, default: []])
                if names[name]?.tables[label.value]?.isEmpty == true {
                    names[name]?.tables[label.value] = nil
                }
            } else {
                Self.remove(number, from: &names[name, default: Name()].lacking)
            }
            if names[name]?.tables.isEmpty == true { names[name] = nil }
        }
    }

    /// The tables that may meet all conditions, ascending: those that meet the most telling one, or have nothing to say
    /// about it.
    func candidates(_ conditions: [Condition]) -> [UInt32] {
        var best = all
        for condition in conditions {
            guard let literals = condition.literals, let symbol = condition.name, let name = names[symbol]
            else {
                continue
            }
            let lists = [name.lacking] + literals.compactMap { name.tables[$0] }
            guard lists.reduce(0, { $0 + $1.count }) < best.count else { continue }
            best = lists.count == 2 && lists[0].isEmpty ? lists[1] : Set(lists.joined()).sorted()
        }
        return best
    }

    /// Where a number is or belongs in an ascending list.
    private static func place(_ number: UInt32, in list: [UInt32]) -> Int {
        var low = 0
        var high = list.count
        while low < high {
            let middle = (low + high) / 2
            if list[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func insert(_ number: UInt32, into list: inout [UInt32]) {
        // Numbers are given out ascending.
        guard let last = list.last, last >= number else { return list.append(number) }
        let place = place(number, in: list)
        if list[place] != number { list.insert(number, at: place) }
    }

    private static func remove(_ number: UInt32, from list: inout [UInt32]) {
        let place = place(number, in: list)
        if place < list.count, list[place] == number { list.remove(at: place) }
    }
}
