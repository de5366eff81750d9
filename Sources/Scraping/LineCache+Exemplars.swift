import Exposition
import TimeSeries

/// An exemplar of a line of the table.
struct LineExemplar: Sendable {
    /// Of the column, without the target's labels.
    var series: Labels
    var labels: Labels
    var value: Double
    /// Nil where the line gives none: that of the scrape.
    var timestamp: Timestamp?

    func whole(_ target: Labels, at scrape: Timestamp) -> SeriesExemplars {
        let exemplar = Exemplar(
            labels: labels, value: value, timestamp: timestamp ?? scrape, isTimed: timestamp != nil)
        return SeriesExemplars(labels: series.merging(target), exemplars: [exemplar])
    }
}

extension LineCache {
    /// The labels of the column that a line of the last scrape goes to; nil where it goes elsewhere.
    func columnLabels(ofLine line: Int, _ rules: SeriesRules) throws(ScrapeFailure) -> Labels? {
        guard line >= 0, line < layout.count, layout.destinations[line] >= 0 else { return nil }
        let series = Array(layout.text[layout.seriesRange(line)])
        let labels = try ScrapeFailure.reading { () throws(ExpositionError) in
            try ExpositionReader.labels(series.span, ofSeriesAt: 0)
        }
        guard case .column(let column) = try rules.place(labels) else { return nil }
        return column
    }
}

extension LineCache {
    func noteExemplar(
        of sample: ExpositionSample, _ destination: LineLayout.Destination, _ body: Span<UInt8>,
        _ reader: ExpositionReader, _ rules: SeriesRules, _ reading: inout Reading
    ) throws(ScrapeFailure) {
        guard let range = sample.exemplar, destination >= 0 else { return }
        let labels = try ScrapeFailure.reading { () throws(ExpositionError) in try reader.labels(body) }
        if case .column(let series) = try rules.place(labels) { try reading.note(range, of: series, body) }
    }
}

extension ExpositionSample {
    /// Behind the value and the time. An exemplar counts to the text in front of the next line, so that a body that
    /// repeats it is still read by comparing.
    func valueEnd(_ body: Span<UInt8>) -> Int {
        guard let exemplar else { return end }
        var index = exemplar.lowerBound
        while index > valueStart,
            body[index - 1] == UInt8(ascii: " ") || body[index - 1] == UInt8(ascii: "\t")
        {
            index -= 1
        }
        return index
    }
}

extension LineCache.Reading {
    mutating func note(
        _ range: Range<Int>, of series: Labels, _ body: Span<UInt8>
    ) throws(ScrapeFailure) {
        let (labels, value, timestamp) = try ScrapeFailure.reading { () throws(ExpositionError) in
            try ExpositionReader.exemplar(body, range)
        }
        exemplars.append(LineExemplar(series: series, labels: labels, value: value, timestamp: timestamp))
    }
}
