import Exposition
import TimeSeries

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

    /// Reads a body that differs from the last one, from where it does.
    func attempt(
        _ body: Span<UInt8>, _ format: ExpositionReader.Format, _ rules: SeriesRules,
        from progress: LineLayout.Progress, _ reading: inout Reading, _ row: inout [Double]
    ) throws(ScrapeFailure) {
        // Where a series is there twice, a run cannot tell which line is the first; line by line then.
        var attempt = Attempt(reading: reading, row: row, allowsRuns: layout.repeatedCount == 0)
        // Taken out and not copied.
        (reading, row) = (Reading(), [])
        defer { (reading, row) = (attempt.reading, attempt.row) }
        try reread(body, format, rules, from: progress, &attempt)
        guard attempt.hasRepeats else { return }
        var again = Reading()
        again.templateKey = attempt.reading.templateKey
        attempt = Attempt(
            reading: again, row: Array(repeating: Marker.absent, count: columnCount), allowsRuns: false)
        try reread(body, format, rules, from: LineLayout.Progress(), &attempt)
    }

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
        defer {
            attempt.reading.lineCount = lineCount
            attempt.reading.keptCount = builder.keptCount
        }
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
            let place = known.map { layout.destinations[$0] } ?? retired
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
        attempt.reading.layout = builder.finish(tail: body.extracting(lastEnd..<body.count))
    }

    /// Where a line goes that did not stand where it was expected; its value is put there.
    private func destination(
        of sample: ExpositionSample, _ known: LineLayout.Destination?, _ body: Span<UInt8>,
        _ reader: ExpositionReader, _ rules: SeriesRules, _ attempt: inout Attempt
    ) throws(ScrapeFailure) -> LineLayout.Destination {
        let isTimed = sample.timestamp != nil && rules.honorsTimestamps
        var destination = known ?? LineLayout.repeated
        // The first line of a series may be gone, and a column cannot hold times of its own.
        if destination == LineLayout.repeated || (destination >= 0 && isTimed) {
            let labels = try ScrapeFailure.reading { () throws(ExpositionError) in try reader.labels(body) }
            destination = try newDestination(of: labels, isTimed: isTimed, rules, &attempt)
        }
        if destination >= 0 {
            let column = Int(destination)
            guard Marker.isAbsent(attempt.row[column]) else { return LineLayout.repeated }
            attempt.row[column] = sample.value
        } else if LineLayout.isOwn(destination) {
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
}
