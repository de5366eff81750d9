import TimeSeries

/// Which members (columns of a layout, or single series) have which label: name to value to ascending postings.
struct LabelIndex: Sendable {
    typealias Symbol = SymbolTable.Symbol

    private var names: [Symbol: [Symbol: [UInt32]]] = [:]
    /// Members are numbered below this.
    private(set) var count: Int = 0

    /// Adds a member; its number must be above those of all before it.
    mutating func add(_ member: UInt32, _ labels: [(name: Symbol, value: Symbol)]) {
        for label in labels { names[label.name, default: [:]][label.value, default: []].append(member) }
        count = Int(member) + 1
    }

    /// Takes members away.
    mutating func remove(_ members: Set<UInt32>) {
        for (name, values) in names {
            var kept: [Symbol: [UInt32]] = [:]
            for (value, postings) in values {
                let rest = postings.filter { !members.contains($0) }
                if !rest.isEmpty { kept[value] = rest }
            }
            names[name] = kept.isEmpty ? nil : kept
        }
    }

    func hasName(_ name: Symbol) -> Bool { names[name] != nil }

    /// The names of labels, in no order.
    var labelNames: [Symbol] { Array(names.keys) }

    /// The values of a label with their postings, in no order.
    func values(of name: Symbol) -> [Symbol: [UInt32]] { names[name] ?? [:] }

    /// The members that meet all conditions, ascending. `all` is what to start from where no condition
    /// names a label that must be there.
    func select(_ conditions: [Condition], all: () -> [UInt32]) -> [UInt32] {
        var positive: [[UInt32]] = []
        var excluded: [[UInt32]] = []
        for condition in conditions {
            let values = condition.name.flatMap { names[$0] }
            guard let values else {
                if !condition.matchesEmpty { return [] }
                continue
            }
            if condition.matchesEmpty {
                // Members without the label meet it, so only those with another value are taken out.
                excluded += values.lazy.filter { !condition.matches($0.key) }.map(\.value)
            } else {
                let lists = condition.candidates(values)
                if lists.isEmpty { return [] }
                positive.append(Postings.union(lists, universe: count))
            }
        }
        positive.sort { $0.count < $1.count }
        var result = positive.first ?? all()
        for list in positive.dropFirst() { result = Postings.intersect(result, list) }
        return Postings.subtract(excluded, from: result, universe: count)
    }
}
