import TimeSeries

/// How many series have which labels, each series once: those of tables are counted by symbol, those of single series are
/// counted already; texts are made for the largest only.
struct LabelCensus {
    private typealias Symbol = SymbolTable.Symbol

    private struct Value {
        var name: String
        var value: String
        var count: Int
    }

    private let head: Head
    /// Of each of the lists of largest names.
    private let limit: Int
    private var tables: [Symbol: [Symbol: Int]] = [:]
    /// How many of the single series with a pair tables have too.
    private var doubles: [PairTable.Pair: Int] = [:]

    init(_ head: Head, limit: Int) {
        self.head = head
        self.limit = limit
        var uses: [ObjectIdentifier: (layout: Layout, count: Int, hidden: [Symbol: Int])] = [:]
        for case let table? in head.tables {
            let layout = ObjectIdentifier(table.layout)
            uses[layout, default: (table.layout, 0, [:])].count += 1
            for label in table.targetSymbols {
                tables[label.name, default: [:]][label.value, default: 0] += table.width
                // The target's label wins over that of a line.
                if table.layout.index.hasName(label.name) {
                    uses[layout]?.hidden[label.name, default: 0] += 1
                }
            }
        }
        for use in uses.values {
            for name in use.layout.index.labelNames {
                let times = use.count - (use.hidden[name] ?? 0)
                guard times > 0 else { continue }
                for value in use.layout.index.values(of: name) {
                    tables[name, default: [:]][value.value, default: 0] += value.members.count * times
                }
            }
        }
        if limit > 0 { leaveOutRepeated() }
    }

    /// Of a series that stands in several places, only one counts.
    private mutating func leaveOutRepeated() {
        for (number, table) in head.tables.enumerated() {
            guard let table else { continue }
            for labels in head.repeatedColumns(of: UInt32(number), table) {
                for pair in labels.merging(table.target).pairs {
                    guard let name = head.symbols.find(pair.name), let value = head.symbols.find(pair.value)
                    else { continue }
                    tables[name]?[value]? -= 1
                }
            }
        }
        for number in head.doubles.singles where head.loose.has(number) {
            for pair in head.loose.pairs(of: number) { doubles[pair, default: 0] += 1 }
        }
    }

    /// How many single series have a pair and stand in no table.
    private func loneCount(of pair: PairTable.Pair) -> Int {
        head.loose.pairs.members(of: pair).count - doubles[pair, default: 0]
    }

    func report(to statistics: inout StoreStatistics) {
        let pairs = head.loose.pairs
        var values: [ExactText: Int] = [:]
        var bytes: [ExactText: Int] = [:]
        for name in pairs.names {
            guard let number = pairs.number(of: name) else { continue }
            values[ExactText(name)] = pairs.pairs(of: number).count
            bytes[ExactText(name)] = pairs.valueByteCount(of: number)
        }
        var largest = Largest(limit: limit)
        var metrics = Largest(limit: limit)
        var shared: Set<PairTable.Pair> = []
        for (name, counts) in tables {
            let text = head.symbols[name]
            for (value, count) in counts {
                var entry = Value(name: text, value: head.symbols[value], count: count)
                if let pair = pairs.find(text, entry.value) {
                    shared.insert(pair)
                    entry.count += loneCount(of: pair)
                } else {
                    values[ExactText(text), default: 0] += 1
                    bytes[ExactText(text), default: 0] += entry.value.utf8.count
                }
                largest.offer(entry.count) { entry.name + "=" + entry.value }
                if text == "__name__" { metrics.offer(entry.count) { entry.value } }
            }
        }
        for name in pairs.names {
            for pair in pairs.number(of: name).map(pairs.pairs) ?? [] where !shared.contains(pair) {
                let count = loneCount(of: pair)
                largest.offer(count) { name + "=" + pairs.value(of: pair) }
                if name == "__name__" { metrics.offer(count) { pairs.value(of: pair) } }
            }
        }
        statistics.labelPairs = values.values.reduce(0, +)
        statistics.seriesByPair = largest.entries
        statistics.seriesByMetric = metrics.entries
        statistics.valuesByLabel = Largest(values, limit: limit).entries
        statistics.bytesByLabel = Largest(bytes, limit: limit).entries
    }

    /// The largest of many counts, largest first, equal ones by name.
    private struct Largest {
        private let limit: Int
        private(set) var entries: [StoreStatistics.Entry] = []

        init(limit: Int) { self.limit = limit }

        init(_ counts: [ExactText: Int], limit: Int) {
            self.init(limit: limit)
            for (name, count) in counts { offer(count) { name.text } }
        }

        /// Makes a name only for a count that is among the largest so far.
        mutating func offer(_ count: Int, _ name: () -> String) {
            guard limit > 0 else { return }
            if entries.count == limit, let last = entries.last, count < last.value { return }
            let entry = StoreStatistics.Entry(name: name(), value: count)
            let place = entries.firstIndex { ($0.value, entry.name) < (entry.value, $0.name) }
            entries.insert(entry, at: place ?? entries.count)
            if entries.count > limit { entries.removeLast() }
        }
    }
}
