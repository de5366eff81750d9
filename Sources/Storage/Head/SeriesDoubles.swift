import TimeSeries

/// Series that stand in more than one place: among the single series and in a table, as what is pushed to a series that was
/// scraped or imported, or in several tables of their target.
struct SeriesDoubles: Sendable {
    /// Numbers of single series that a table has too. Those that are gone may still be among them.
    var singles: Set<UInt32> = []
    /// Whether others may be too, of which nobody has made sure yet.
    var areSinglesDue = true
    /// How many columns are those of another table of the target, and whether tables changed since they were counted.
    var columns = 0
    var areColumnsDue = true

    var count: Int { singles.count + columns }
}

extension Head {
    /// Whether a table may have a single series, too.
    func mayHaveInTables(_ number: UInt32) -> Bool {
        doubles.areSinglesDue || doubles.singles.contains(number)
    }

    /// Notes that a table of a target came, grew or went.
    mutating func noteTables(of target: Labels) {
        doubles.areColumnsDue = true
        if loose.mayHave(target) { doubles.areSinglesDue = true }
    }

    /// Looks for doubles where tables changed, and forgets those that are gone.
    mutating func settleDoubles() {
        if doubles.areColumnsDue {
            doubles.areColumnsDue = false
            doubles.columns = tablesByTarget.values.reduce(0) { $0 + doubleColumns($1) }
        }
        guard doubles.areSinglesDue else {
            if !doubles.singles.isEmpty { doubles.singles = doubles.singles.filter { loose.has($0) } }
            return
        }
        doubles.areSinglesDue = false
        doubles.singles = []
        for case let table? in tables where loose.mayHave(table.target) {
            for labels in table.layout.columns {
                if let number = loose.find(labels.merging(table.target)) { doubles.singles.insert(number) }
            }
        }
    }

    private func doubleColumns(_ numbers: [UInt32]) -> Int {
        guard numbers.count > 1 else { return 0 }
        let layouts = numbers.compactMap { tables[Int($0)]?.layout }
        let all = layouts.reduce(into: Set<UInt64>()) { all, layout in
            for labels in layout.columns { all.insert(labels.processHash) }
        }
        return layouts.reduce(0) { $0 + $1.columns.count } - all.count
    }
}

extension LooseSeries {
    /// Whether there are series with these labels, be it not all of them together.
    fileprivate func mayHave(_ labels: Labels) -> Bool {
        count > 0 && labels.pairs.allSatisfy { pairs.find($0.name, $0.value) != nil }
    }
}
