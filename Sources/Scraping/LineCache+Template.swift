import Exposition
import TimeSeries

/// What the first scrape of a target takes over from others that have the same lines, or nearly so.
extension LineCache {
    /// Another target's lines, to begin with; nil where there are none, or where this is not the first scrape. Where this
    /// one's can be of use to others, `reading` says so.
    func template(
        for body: Span<UInt8>, _ format: ExpositionReader.Format, _ rules: SeriesRules,
        _ reading: inout Reading
    ) -> LineTemplate? {
        guard layout.count == 0, own.isEmpty, columnCount == reportColumns.count, let kind = rules.kind,
            let key = LineTemplate.Key(kind, format, reportColumns: columnCount, body)
        else { return nil }
        reading.templateKey = key
        return registry.template(key)
    }

    /// A body that has no line but those of the template, and all of them; nil where it has others.
    func readAsTemplate(
        _ template: LineTemplate, _ body: Span<UInt8>, _ format: ExpositionReader.Format,
        honoringTimes: Bool, into row: inout [Double]
    ) -> Reading? {
        let layout = template.layout
        row += repeatElement(Marker.absent, count: template.columns.count)
        var copy = Reading()
        var progress = LineLayout.Progress()
        layout.advance(
            &progress, over: body, format, honoringTimes: honoringTimes, into: &row, own: &copy.ownSamples)
        guard progress.line == layout.count, layout.endsWith(body, from: progress.position) else {
            row = Array(repeating: Marker.absent, count: columnCount)
            return nil
        }
        copy.lineCount = layout.count
        copy.keptCount = layout.keptCount
        copy.newColumns = template.columns
        copy.layout = layout
        copy.template = template
        return copy
    }

    /// A body that has some lines of the template: they are not parsed. The result is that of a body that was parsed as a
    /// whole, with the columns in the order of its lines, so that targets with these very lines share them.
    func readNear(
        _ template: LineTemplate, _ body: Span<UInt8>, _ format: ExpositionReader.Format,
        _ rules: SeriesRules, _ reading: inout Reading, into row: inout [Double]
    ) throws(ScrapeFailure) {
        var borrowed = self
        borrowed.layout = template.layout
        borrowed.columnCount += template.columns.count
        borrowed.template = template
        borrowed.destinations = try borrowed.rememberDestinations(rules)
        var cells = Array(repeating: Marker.absent, count: borrowed.columnCount)
        try borrowed.attempt(body, format, rules, from: LineLayout.Progress(), &reading, &cells)
        guard let lines = reading.layout else { return }
        let base = reportColumns.count
        let labels = template.columns + reading.newColumns
        var renumbered = Array(repeating: LineLayout.dropped, count: cells.count)
        reading.newColumns = []
        reading.newDestinations = [:]
        row = Array(cells[..<base])
        let destinations = lines.destinations.map { old in
            guard old >= base else { return old }
            if renumbered[Int(old)] == LineLayout.dropped {
                renumbered[Int(old)] = LineLayout.Destination(base + reading.newColumns.count)
                reading.newColumns.append(labels[Int(old) - base])
                row.append(cells[Int(old)])
            }
            return renumbered[Int(old)]
        }
        reading.layout = LineLayout(lines.lines, destinations: destinations)
    }
}
