import Exposition
import TimeSeries

/// Turns the bodies of one target into rows: each line's series by its position in the last scrape, checked by comparing
/// bytes; where that fails, by looking the series up; where that fails too, by parsing and relabelling it.
///
/// `read` leaves the cache as it is, so that a body that turns out bad halfway changes nothing; `commit` takes it over.
struct LineCache {
    /// A column whose line is gone, and the text by which it would come back.
    private struct Retired {
        var series: [UInt8]
        var destination: LineLayout.Destination
    }

    /// What a body said.
    struct Reading {
        var lineCount = 0
        var keptCount = 0
        /// Series given more than once in one body; the first counts.
        var repeatedCount = 0
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
    private var retired: [UInt64: Retired] = [:]
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

    /// Reads a body into a row of `columnCount` absent cells, which grows by the new columns.
    mutating func read(
        _ body: Span<UInt8>, _ format: ExpositionReader.Format, _ rules: SeriesRules, into row: inout [Double]
    ) throws(ScrapeFailure) -> Reading {
        var reading = Reading()
        var progress = LineLayout.Progress()
        layout.advance(
            &progress, over: body, format, honoringTimes: rules.honorsTimestamps, into: &row,
            own: &reading.ownSamples)
        if layout.count > 0, progress.line == layout.count, layout.endsWith(body, from: progress.position) {
            reading.lineCount = layout.count
            reading.keptCount = layout.keptCount
            return reading
        }
        if let template = template(for: body, format, rules, &reading) {
            let honorsTimes = rules.honorsTimestamps
            if let copy = readAsTemplate(template, body, format, honoringTimes: honorsTimes, into: &row) {
                return copy
            }
            return try readNear(template, body, format, rules, &reading, into: &row)
        }
        if destinations == nil { destinations = try rememberDestinations(rules) }
        let attempt = try attempt(body, format, rules, from: progress, reading, row)
        row = attempt.row
        return attempt.reading
    }

    func attempt(
        _ body: Span<UInt8>, _ format: ExpositionReader.Format, _ rules: SeriesRules,
        from progress: LineLayout.Progress, _ reading: Reading, _ row: [Double]
    ) throws(ScrapeFailure) -> Attempt {
        var attempt = Attempt(reading: reading, row: row, allowsRuns: true)
        try reread(body, format, rules, from: progress, &attempt)
        if attempt.hasRepeats {
            // Some series is there twice, and a run cannot tell; line by line then.
            attempt = Attempt(
                reading: reading, row: Array(repeating: Marker.absent, count: columnCount),
                allowsRuns: false)
            try reread(body, format, rules, from: LineLayout.Progress(), &attempt)
        }
        return attempt
    }

    /// Takes over what was read. Columns whose line is gone get a stale marker in `row`; returns the own series that ended.
    mutating func commit(_ reading: Reading, row: inout [Double]) {
        defer { if !ended.isEmpty { ended = [] } }
        guard let new = reading.layout else {
            calm += 1
            if calm == LineCache.calmScrapes { destinations = nil }
            return
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
        for line in 0..<layout.count {
            let destination = Int(layout.destinations[line])
            guard destination >= 0, Marker.isAbsent(row[destination]) else { continue }
            if !ended.contains(layout.destinations[line]) { row[destination] = Marker.stale }
            let series = layout.text[layout.seriesRange(line)]
            retired[Bytes.hash(series.span)] = Retired(
                series: Array(series), destination: layout.destinations[line])
        }
        layout = new
        layout.share(through: registry)
        template = reading.template
        if isFirst, let key = reading.templateKey {
            let made = LineTemplate(
                layout, columns: reading.newColumns, reportColumns: reportColumns.count)
            registry.register(made, key)
            template = made
        }
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
    /// A way through a body that differs from the last one.
    struct Attempt {
        var reading: Reading
        var row: [Double]
        /// Whether to read on by position once a line has been found again.
        let allowsRuns: Bool
        var hasRepeats = false
        /// The line of the last scrape that is expected next.
        var expected = 0
        /// Lines of the last scrape by the hash of their series; made when looking nearby does not find one.
        var lines: [UInt64: Int]?

        /// Makes room for the series of a body that has never been seen.
        mutating func reserve(lines: Int) {
            row.reserveCapacity(row.count + lines)
            reading.newColumns.reserveCapacity(lines)
            reading.newDestinations.reserveCapacity(lines)
        }
    }

    /// Bytes of a line with its share of the comments.
    private static let usualLine = 128

    /// How many lines ahead a series is looked for before the table is made: what vanishes, vanishes in groups.
    private static let nearby = 64

    private func reread(
        _ body: Span<UInt8>, _ format: ExpositionReader.Format, _ rules: SeriesRules,
        from start: LineLayout.Progress, _ attempt: inout Attempt
    ) throws(ScrapeFailure) {
        attempt.expected = start.line
        var builder = LineLayoutBuilder(reserving: layout.text.count)
        builder.copy(0..<start.line, of: layout)
        if layout.count == 0 {
            builder.reserve(lines: body.count / 64)
            attempt.reserve(lines: body.count / LineCache.usualLine)
        }
        var notes = MetadataNotes()
        var reader = ExpositionReader(format, from: start.position)
        var lineCount = start.line
        var lastEnd = start.position
        // The line of the last scrape whose value was read last.
        var lastLine = start.line - 1
        while let entry = try ScrapeFailure.reading({ () throws(ExpositionError) in try reader.next(body) }) {
            if case .exemplar(let range) = entry {
                if let series = try columnLabels(ofLine: lastLine, rules) {
                    try attempt.reading.note(range, of: series, body)
                }
                continue
            }
            guard case .sample(let sample) = entry else {
                notes.note(entry, body)
                continue
            }
            lineCount += 1
            let series = sample.series.lowerBound..<sample.valueStart
            let near = lineNearby(of: series, in: body, attempt.expected)
            let retired = near == nil ? retiredColumn(series, body, &attempt.reading) : nil
            let known = near ?? (retired == nil ? lineAnywhere(of: series, in: body, &attempt.lines) : nil)
            if let known { attempt.expected = known + 1 }
            let place = known.map { layout.destinations[$0] } ?? retired ?? LineLayout.dropped
            let destination = try destination(of: sample, place, body, reader, rules, &attempt)
            builder.append(
                body, line: lastEnd..<sample.valueStart, seriesStart: series.lowerBound, to: destination)
            lastEnd = sample.valueEnd(body)
            lastLine = -1
            try noteExemplar(of: sample, destination, body, reader, rules, &attempt.reading)
            guard attempt.allowsRuns, let known, known + 1 < layout.count else { continue }
            var run = LineLayout.Progress(line: known + 1, position: lastEnd)
            layout.advance(
                &run, over: body, format, honoringTimes: rules.honorsTimestamps, into: &attempt.row,
                own: &attempt.reading.ownSamples)
            builder.copy(known + 1..<run.line, of: layout)
            attempt.expected = run.line
            lineCount += run.line - known - 1
            guard run.line > known + 1 else { continue }
            lastEnd = run.position
            lastLine = run.line - 1
            reader.move(to: lastEnd)
        }
        attempt.reading.metadata = notes.finish(body)
        let filled = attempt.row.count { !Marker.isAbsent($0) }
        attempt.hasRepeats = filled < builder.columnLineCount
        let new = builder.finish(tail: body.extracting(lastEnd..<body.count))
        attempt.reading.lineCount = lineCount
        attempt.reading.keptCount = new.keptCount
        attempt.reading.layout = new
    }

    /// Where a line goes that did not stand where it was expected; its value is put there.
    private func destination(
        of sample: ExpositionSample, _ known: LineLayout.Destination, _ body: Span<UInt8>,
        _ reader: ExpositionReader, _ rules: SeriesRules, _ attempt: inout Attempt
    ) throws(ScrapeFailure) -> LineLayout.Destination {
        let isTimed = sample.timestamp != nil && rules.honorsTimestamps
        var destination = known
        // A dropped line may only have been a repetition, and a column cannot hold times of its own.
        if destination == LineLayout.dropped || (destination >= 0 && isTimed) {
            let labels = try ScrapeFailure.reading { () throws(ExpositionError) in try reader.labels(body) }
            destination = try newDestination(of: labels, isTimed: isTimed, rules, &attempt)
        }
        if destination >= 0 {
            let column = Int(destination)
            guard Marker.isAbsent(attempt.row[column]) else {
                attempt.reading.repeatedCount += 1
                return LineLayout.dropped
            }
            attempt.row[column] = sample.value
        } else if destination < LineLayout.dropped {
            attempt.reading.ownSamples.append(
                OwnSample(
                    series: LineLayout.ownIndex(destination), value: sample.value,
                    timestamp: isTimed ? sample.timestamp : nil))
        }
        return destination
    }

    private func newDestination(
        of labels: Labels, isTimed: Bool, _ rules: SeriesRules, _ attempt: inout Attempt
    ) throws(ScrapeFailure) -> LineLayout.Destination {
        let column: Labels?
        let series: Labels
        switch try rules.place(labels) {
        case .dropped: return LineLayout.dropped
        case .own(let labels): (column, series) = (nil, labels)
        case .column(let labels):
            (column, series) = isTimed ? (nil, labels.merging(rules.target)) : (labels, labels)
        }
        let hash = series.processHash
        if let known = destinations?[hash] { return known }
        let destination =
            column == nil
            ? LineLayout.own(own.count + attempt.reading.newOwn.count)
            : LineLayout.Destination(columnCount + attempt.reading.newColumns.count)
        if let known = attempt.reading.newDestinations.updateValue(destination, forKey: hash) {
            attempt.reading.newDestinations[hash] = known
            return known
        }
        if let column {
            attempt.reading.newColumns.append(column)
            attempt.row.append(Marker.absent)
        } else {
            attempt.reading.newOwn.append(series)
        }
        return destination
    }

    private func retiredColumn(
        _ series: Range<Int>, _ body: Span<UInt8>, _ reading: inout Reading
    ) -> LineLayout.Destination? {
        guard !retired.isEmpty else { return nil }
        let text = body.extracting(series)
        let hash = Bytes.hash(text)
        guard let column = retired[hash], Runs.same(column.series.span, text) else { return nil }
        reading.revived.append(hash)
        return column.destination
    }

    /// The line of the last scrape that has this series, among those expected next.
    private func lineNearby(of series: Range<Int>, in body: Span<UInt8>, _ expected: Int) -> Int? {
        let source = layout.text
        for line in expected..<max(expected, min(expected + LineCache.nearby, layout.count)) {
            let known = layout.seriesRange(line)
            guard known.count == series.count else { continue }
            if Runs.same(source.span.extracting(known), body.extracting(series)) { return line }
        }
        return nil
    }

    /// The line of the last scrape that has this series.
    private func lineAnywhere(
        of series: Range<Int>, in body: Span<UInt8>, _ lines: inout [UInt64: Int]?
    ) -> Int? {
        guard layout.count > 0 else { return nil }
        let known = lines ?? indexLines()
        lines = known
        let text = body.extracting(series)
        guard let line = known[Bytes.hash(text)] else { return nil }
        let source = layout.text
        return Runs.same(source.span.extracting(layout.seriesRange(line)), text) ? line : nil
    }

    private func indexLines() -> [UInt64: Int] {
        var lines: [UInt64: Int] = [:]
        lines.reserveCapacity(layout.count)
        let source = layout.text
        let text = source.span
        for line in 0..<layout.count { lines[Bytes.hash(text.extracting(layout.seriesRange(line)))] = line }
        return lines
    }

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
