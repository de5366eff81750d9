import TimeSeries

/// All that a store holds in memory: a value, without lock, clock or file. `Store` keeps one inside a mutex,
/// writes to the log what the head is about to take, and replays the log into an empty one.
struct Head: Sendable {
    private(set) var configuration: StoreConfiguration
    var symbols = SymbolTable()
    var valueLists = ValueLists()
    var seriesLists = SeriesLists()
    /// By the hash of their columns, to be shared.
    var layouts: [UInt64: [Layout]] = [:]
    /// By number; nil where all samples are gone. Numbers are not used again.
    var tables: [Table?] = []
    var tablesByTarget: [Labels: [UInt32]] = [:]
    var targets = TargetIndex()
    var loose = LooseSeries()
    var metadata = MetricDescriptions()
    var newest: Int64 = .min
    var durability = Durability()
    /// Sealed parts that end before this were dropped, by retention or for memory.
    var droppedBefore: Int64 = .min
    /// Series dropped since the symbols were made.
    var droppedSeries = 0
    var appendedSamples: UInt64 = 0
    var rejectedSamples: UInt64 = 0
    var exemplars: ExemplarRing
    var looseStarts: [Labels: StartTimes] = [:]
    var doubles = SeriesDoubles()
    var tombstones: [Tombstone] = []
    /// Deletions that the log has and the disk not yet: nothing is hidden before it is gone for good.
    var waitingDeletions: [WaitingDeletion] = []
    /// How often deleted samples were taken out, and up to which time that was done in files too.
    var removals = 0
    var removalsInFiles = 0
    var lone = LoneDefinitions()
    var looseRollups = LooseRollups()
    /// Single series were looked through for windows that end at or before this.
    var looseRolledUp: Int64 = .min
    var pressure = MemoryPressure()
    /// Set where memory is full even after old chunks are gone.
    var refusesNewSeries = false

    /// How much older than the newest sample of its series a sample may be. The log tells of every change, so that
    /// replaying it judges each sample as it was judged when it came; one that tells of none had the default.
    var window: Int64 = 600_000

    init(_ configuration: StoreConfiguration) {
        self.configuration = configuration
        exemplars = ExemplarRing(capacity: configuration.maxExemplars)
        exemplars.share(of: configuration.memoryLimit)
    }

    /// Puts other bounds to use: new series are refused or taken by them from here on, what is there stays until the next
    /// `maintain`.
    mutating func apply(_ configuration: StoreConfiguration) {
        self.configuration = configuration
        exemplars.share(of: configuration.memoryLimit)
        lookAtMemory()
    }

    /// Times beyond this have no exact place in a chunk.
    static let times: ClosedRange<Int64> = -(1 << 50)...(1 << 50)

    /// Each once, as far as is known since the last `settleDoubles`.
    var seriesCount: Int {
        max(0, tables.reduce(loose.count) { $0 + ($1?.seriesCount ?? 0) } - doubles.singles.count)
    }

    mutating func intern(_ labels: Labels) -> [(name: SymbolTable.Symbol, value: SymbolTable.Symbol)] {
        labels.pairs.map { (symbols.intern($0.name), symbols.intern($0.value)) }
    }

    /// The shared layout of these columns.
    mutating func layout(_ columns: [Labels]) -> Layout {
        let hash = Layout.hash(columns)
        if let known = layouts[hash]?.first(where: { $0.columns == columns }) { return known }
        let layout = Layout(columns: columns, symbols: &symbols)
        layouts[hash, default: []].append(layout)
        return layout
    }

    /// Throws where the labels of a series, those of its target included, are above a limit.
    func check(_ columns: [Labels], target: Labels = .empty) throws(SinkError) {
        let targetCount = target.count
        for labels in columns { try check(labels, beside: targetCount) }
        try check(target, beside: 0)
    }

    /// - Parameter count: of labels that the series has besides.
    private func check(_ labels: Labels, beside count: Int) throws(SinkError) {
        let limits = configuration.limits
        var count = count
        var excess: String?
        let bytes = labels.bytes
        labels.forEachRange { name, value in
            count += 1
            if name.count > limits.labelNameLength {
                excess = "has a name of \(name.count) bytes, label_name_length is \(limits.labelNameLength)"
            } else if value.count > limits.labelValueLength {
                let label = String(decoding: bytes[name], as: UTF8.self)
                excess =
                    "has \(value.count) bytes in \(label), label_value_length is \(limits.labelValueLength)"
            }
        }
        if excess == nil, count > limits.labels {
            excess = "has \(count) labels, labels is \(limits.labels)"
        }
        if let excess { throw .labelLimit("storage.limits: a series of \(labels.metricName) \(excess)") }
    }

    /// The table of this target with exactly these columns.
    func table(_ target: Labels, _ columns: [Labels]) -> UInt32? {
        tablesByTarget[target]?.last { number in
            tables[Int(number)].map { $0.layout.columns == columns && $0.order == nil } ?? false
        }
    }

    mutating func addTable(_ number: UInt32, _ target: Labels, _ columns: [Labels]) {
        forgetLists()
        while tables.count <= Int(number) { tables.append(nil) }
        if let old = tables[Int(number)] {
            tablesByTarget[old.target]?.removeAll { $0 == number }
            targets.remove(number, old.targetSymbols)
        }
        var table = Table(number: number, target: target, layout: layout(columns))
        table.targetSymbols = intern(target)
        tables[Int(number)] = table
        targets.add(number, table.targetSymbols)
        tablesByTarget[target, default: []].append(number)
        noteTables(of: target)
        let repeated = repeatedCount(columns, of: target, in: number)
        tables[Int(number)]?.repeatedColumns = repeated
        pressure.seriesBytesSince += MemoryPressure.cost(columns)
    }

    mutating func extend(_ table: UInt32, _ added: [Labels]) {
        guard let (columns, target) = tables[Int(table)].map({ ($0.layout.columns, $0.target) }) else {
            return
        }
        forgetLists()
        let layout = layout(columns + added)
        tables[Int(table)]?.extend(to: layout)
        noteTables(of: target)
        let repeated = repeatedCount(added, of: target, in: table)
        tables[Int(table)]?.repeatedColumns += repeated
        pressure.seriesBytesSince += MemoryPressure.cost(added)
    }
}
