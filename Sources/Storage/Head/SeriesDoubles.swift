import TimeSeries

/// Series that stand among the single ones and in a table, as what is pushed to a series that was scraped or imported.
struct SeriesDoubles: Sendable {
    /// Numbers of single series that a table has too. Those that are gone may still be among them.
    var singles: Set<UInt32> = []
    /// Whether others may be too, of which nobody has made sure yet.
    var areSinglesDue = true
}

extension Head {
    /// Whether a table may have a single series, too.
    func mayHaveInTables(_ number: UInt32) -> Bool {
        doubles.areSinglesDue || doubles.singles.contains(number)
    }

    /// Notes that a table of a target came, grew or went.
    mutating func noteTables(of target: Labels) {
        if loose.mayHave(target) { doubles.areSinglesDue = true }
    }

    /// Looks for them where tables changed, and forgets those that are gone.
    mutating func settleDoubles() {
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
}

extension LooseSeries {
    /// Whether there are series with these labels, be it not all of them together.
    fileprivate func mayHave(_ labels: Labels) -> Bool {
        count > 0 && labels.pairs.allSatisfy { pairs.find($0.name, $0.value) != nil }
    }
}
