import Exposition
import TimeSeries

/// Turns the bodies of one target into rows: each line's series by its position in the last scrape, checked by comparing
/// bytes; where that fails, by looking the series up; where that fails too, by parsing and relabelling it.
///
/// `read` leaves the cache as it is, so that a body that turns out bad halfway changes nothing; `commit` takes it over.
struct LineCache {
    /// A column whose line is gone, and the text by which it would come back.
    struct Retired {
        var series: [UInt8]
        var destination: LineLayout.Destination
    }

    /// What a body said. Of a series given more than once in one body the first line counts.
    struct Reading {
        /// Lines with a sample, up to the one at which a body turns out bad, and those of them that relabelling keeps.
        var lineCount = 0
        var keptCount = 0
        /// Behind the existing columns; their values are in the row already.
        var newColumns: [Labels] = []
        var newOwn: [Labels] = []
        var ownSamples: [OwnSample] = []
        var metadata: [String: MetricMetadata] = [:]
        var exemplars: [LineExemplar] = []
        /// Nil where the body repeats the last one but for its values.
        var layout: LineLayout?
        var newDestinations: [UInt64: LineLayout.Destination] = [:]
        var revived: [UInt64] = []
        /// What this reading can be a template for, or was one's copy of.
        var templateKey: LineTemplate.Key?
        var template: LineTemplate?
    }

    /// Report columns and all that were ever opened; the length of a row.
    var columnCount: Int
    private(set) var own: [Labels] = []
    var layout = LineLayout.empty
    private(set) var retired: [UInt64: Retired] = [:]
    /// Columns of the last lines that were taken whose end was told since.
    private var ended: Set<LineLayout.Destination> = []
    /// Where labels go, by their hash: those of a column without the target's, those of an own series whole. Rebuilt
    /// when a body changes after a long calm.
    var destinations: [UInt64: LineLayout.Destination]?
    private var calm = 0
    let reportColumns: [Labels]
    let registry: LineTextRegistry
    /// Kept for other targets, for as long as this one has its lines.
    var template: LineTemplate?

    /// After this many scrapes without a change the table of labels is given back.
    private static let calmScrapes = 16

    /// - Parameters:
    ///   - reportColumns: the first columns, which the scrape itself fills.
    ///   - own: series outside the table that an earlier cache of the target knew, which keep their numbers.
    ///   - registry: the texts of all targets, to share with those that have the same.
    init(reportColumns: [Labels], own: [Labels] = [], registry: LineTextRegistry) {
        self.registry = registry
        self.reportColumns = reportColumns
        self.own = own
        columnCount = reportColumns.count
    }

    /// Columns without a line; a table with many of them is better opened anew.
    var retiredCount: Int { retired.count }

    /// Reads a body into a row of `columnCount` absent cells, which grows by the new columns. Of one that turns out bad
    /// `reading` says how many lines came before.
    mutating func read(
        _ body: Span<UInt8>, _ format: ExpositionReader.Format, _ rules: SeriesRules,
        into row: inout [Double], _ reading: inout Reading
    ) throws(ScrapeFailure) {
        reading = Reading()
        var progress = LineLayout.Progress()
        layout.advance(
            &progress, over: body, format, honoringTimes: rules.honorsTimestamps, into: &row,
            own: &reading.ownSamples)
        if layout.count > 0, progress.line == layout.count, layout.endsWith(body, from: progress.position) {
            reading.lineCount = layout.count
            reading.keptCount = layout.keptCount
            return
        }
        if let template = template(for: body, format, rules, &reading) {
            let honorsTimes = rules.honorsTimestamps
            if let copy = readAsTemplate(template, body, format, honoringTimes: honorsTimes, into: &row) {
                reading = copy
                return
            }
            return try readNear(template, body, format, rules, &reading, into: &row)
        }
        if destinations == nil { destinations = try rememberDestinations(rules) }
        try attempt(body, format, rules, from: progress, &reading, &row)
    }

    /// Takes over what was read. Columns whose line is gone get a stale marker in `row`; returns how many have a line that had
    /// none in the reading before.
    mutating func commit(_ reading: Reading, row: inout [Double]) -> Int {
        defer { if !ended.isEmpty { ended = [] } }
        guard let new = reading.layout else {
            calm += 1
            if calm == LineCache.calmScrapes { destinations = nil }
            return 0
        }
        calm = 0
        let isFirst = columnCount == reportColumns.count && own.isEmpty && reading.newOwn.isEmpty
        columnCount += reading.newColumns.count
        own += reading.newOwn
        if reading.template != nil {
            destinations = nil
        } else if let known = destinations {
            // The larger of both is kept, not filled anew.
            let (small, large) =
                known.count < reading.newDestinations.count
                ? (known, reading.newDestinations) : (reading.newDestinations, known)
            destinations = large.merging(small) { large, _ in large }
        }
        for hash in reading.revived { retired[hash] = nil }
        var goneCount = 0
        for line in 0..<layout.count {
            let destination = Int(layout.destinations[line])
            guard destination >= 0, Marker.isAbsent(row[destination]) else { continue }
            goneCount += 1
            if !ended.contains(layout.destinations[line]) { row[destination] = Marker.stale }
            let series = layout.text[layout.seriesRange(line)]
            retired[Bytes.hash(series.span)] = Retired(
                series: Array(series), destination: layout.destinations[line])
        }
        let addedCount = new.columnCount - (layout.columnCount - goneCount)
        layout = new
        layout.share(through: registry)
        template = reading.template
        if isFirst, let key = reading.templateKey {
            let made = LineTemplate(
                layout, columns: reading.newColumns, reportColumns: reportColumns.count)
            registry.register(made, key)
            template = made
        }
        return addedCount
    }

    /// For a reading that is not taken over: columns whose line is gone get a stale marker in `row`, once.
    mutating func endMissing(row: inout [Double]) {
        for destination in layout.destinations where destination >= 0 {
            if !Marker.isAbsent(row[Int(destination)]) {
                ended.remove(destination)
            } else if ended.insert(destination).inserted {
                row[Int(destination)] = Marker.stale
            }
        }
    }

    /// The columns of the last lines that go on, by the hash of their labels.
    func liveColumns(_ rules: SeriesRules) -> [UInt64: LineLayout.Destination] {
        let lines = Set(layout.destinations.filter { $0 >= 0 }).subtracting(ended)
        // The labels were made of this text before, so they can be made again.
        let known = destinations ?? (try? rememberDestinations(rules)) ?? [:]
        return known.filter { lines.contains($0.value) }
    }

    /// Puts stale markers into the cells of all columns that a line goes to, but for those whose end was told.
    mutating func markStale(_ row: inout [Double]) {
        for destination in layout.destinations where destination >= 0 {
            if ended.insert(destination).inserted { row[Int(destination)] = Marker.stale }
        }
    }
}

extension LineCache {
    /// Where the labels of all known lines go, worked out again from their text.
    func rememberDestinations(
        _ rules: SeriesRules
    ) throws(ScrapeFailure) -> [UInt64: LineLayout.Destination] {
        var known: [UInt64: LineLayout.Destination] = [:]
        for (index, labels) in reportColumns.enumerated() { known[labels.processHash] = Int32(index) }
        // The columns of the first scrape need no second look at their lines.
        var firstUnknown = LineLayout.Destination(reportColumns.count)
        if let template {
            known.merge(template.destinations) { own, _ in own }
            firstUnknown += LineLayout.Destination(template.columns.count)
        }
        for (index, series) in own.enumerated() { known[series.processHash] = LineLayout.own(index) }
        var columns: [(series: [UInt8], destination: LineLayout.Destination)] = []
        for line in 0..<layout.count where layout.destinations[line] >= firstUnknown {
            columns.append((Array(layout.text[layout.seriesRange(line)]), layout.destinations[line]))
        }
        for column in retired.values where column.destination >= firstUnknown {
            columns.append((column.series, column.destination))
        }
        for column in columns {
            let labels = try ScrapeFailure.reading { () throws(ExpositionError) in
                try ExpositionReader.labels(column.series.span, ofSeriesAt: 0)
            }
            if case .column(let labels) = try rules.place(labels) {
                known[labels.processHash] = column.destination
            }
        }
        return known
    }
}

extension ScrapeFailure {
    /// Runs a step of reading, with its error as a failure of the scrape.
    static func reading<Value>(
        _ body: () throws(ExpositionError) -> Value
    ) throws(ScrapeFailure) -> Value {
        do {
            return try body()
        } catch {
            throw .text(error)
        }
    }
}
