import TimeSeries

/// Which columns of a layout have which label: names, their values and the columns of each value in four flat arrays,
/// since a layout never changes.
struct LabelIndex: Sendable {
    typealias Symbol = SymbolTable.Symbol

    /// A value and its columns, ascending.
    struct Value: Sendable {
        var value: Symbol
        var members: ArraySlice<UInt32>
    }

    /// Ascending, with the end of the values of each.
    private var names: [Symbol] = []
    private var nameEnds: [UInt32] = []
    /// Ascending for each name, with the end of the columns of each.
    private var values: [Symbol] = []
    private var valueEnds: [UInt32] = []
    private var members: [UInt32] = []
    /// Columns.
    let count: Int

    /// That a column has a label.
    struct Entry {
        /// Name above, value below.
        let pair: UInt64
        let member: UInt32

        init(name: Symbol, value: Symbol, member: UInt32) {
            pair = UInt64(name) << 32 | UInt64(value)
            self.member = member
        }
    }

    /// - Parameter count: of the columns.
    init(_ entries: [Entry], count: Int) {
        self.count = count
        let entries = entries.sorted { ($0.pair, $0.member) < ($1.pair, $1.member) }
        members.reserveCapacity(entries.count)
        for (index, entry) in entries.enumerated() {
            let isLast = index + 1 == entries.count
            members.append(entry.member)
            guard isLast || entries[index + 1].pair != entry.pair else { continue }
            values.append(Symbol(truncatingIfNeeded: entry.pair))
            valueEnds.append(UInt32(members.count))
            guard isLast || entries[index + 1].pair >> 32 != entry.pair >> 32 else { continue }
            names.append(Symbol(truncatingIfNeeded: entry.pair >> 32))
            nameEnds.append(UInt32(values.count))
        }
    }

    func hasName(_ name: Symbol) -> Bool { range(of: name) != nil }

    /// The names of labels, ascending as symbols.
    var labelNames: [Symbol] { names }

    /// The values of a label with their columns.
    func values(of name: Symbol) -> [Value] {
        (range(of: name) ?? 0..<0).map { Value(value: values[$0], members: members(at: $0)) }
    }

    private func range(of name: Symbol) -> Range<Int>? {
        guard let index = LabelIndex.find(name, in: names, names.indices) else { return nil }
        return (index == 0 ? 0 : Int(nameEnds[index - 1]))..<Int(nameEnds[index])
    }

    private func members(at value: Int) -> ArraySlice<UInt32> {
        members[(value == 0 ? 0 : Int(valueEnds[value - 1]))..<Int(valueEnds[value])]
    }

    private static func find(_ symbol: Symbol, in symbols: [Symbol], _ range: Range<Int>) -> Int? {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high {
            let middle = (low + high) / 2
            if symbols[middle] < symbol { low = middle + 1 } else { high = middle }
        }
        return low < range.upperBound && symbols[low] == symbol ? low : nil
    }

    /// The columns that meet all conditions, ascending. `all` is what to start from where no condition
    /// names a label that must be there.
    func select(_ conditions: [Condition], all: () -> [UInt32]) -> [UInt32] {
        var positive: [[UInt32]] = []
        var excluded: [[UInt32]] = []
        for condition in conditions {
            guard let range = condition.name.flatMap(range) else {
                if !condition.matchesEmpty { return [] }
                continue
            }
            if condition.matchesEmpty {
                // Columns without the label meet it, so only those with another value are taken out.
                for index in range where !condition.matches(values[index]) {
                    excluded.append(Array(members(at: index)))
                }
            } else {
                let lists = candidates(condition, range)
                if lists.isEmpty { return [] }
                positive.append(Postings.union(lists, universe: count))
            }
        }
        positive.sort { $0.count < $1.count }
        var result = positive.first ?? all()
        for list in positive.dropFirst() { result = Postings.intersect(result, list) }
        return Postings.subtract(excluded, from: result, universe: count)
    }

    /// The columns of the values that match: looked up where the condition knows them.
    private func candidates(_ condition: Condition, _ range: Range<Int>) -> [[UInt32]] {
        if let literals = condition.literals {
            return Set(literals).compactMap { LabelIndex.find($0, in: values, range) }
                .map { Array(members(at: $0)) }
        }
        return range.filter { condition.matches(values[$0]) }.map { Array(members(at: $0)) }
    }
}
