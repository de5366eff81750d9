import PromQL
import Synchronization
import TimeSeries

/// The samples of one rule unit test: those it was given and those that its rules record.
final class UnitTestStore: SeriesSource, SampleSink {
    private let source: Mutex<ArraySource>

    init(_ source: ArraySource) { self.source = Mutex(source) }

    private var snapshot: ArraySource { source.withLock { $0 } }

    func select(_ selections: [Selection]) async throws -> [[SeriesColumns]] {
        try await snapshot.select(selections)
    }

    func series(_ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>) async throws -> [Labels] {
        try await snapshot.series(matcherSets, in: range)
    }

    func labelNames(_ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>) async throws -> [String] {
        try await snapshot.labelNames(matcherSets, in: range)
    }

    func labelValues(
        _ name: String, _ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>
    ) async throws -> [String] {
        try await snapshot.labelValues(name, matcherSets, in: range)
    }

    func metadata(of metric: String?) async -> [String: [MetricMetadata]] { [:] }

    func append(_ batch: [SeriesSamples]) -> AppendReport {
        source.withLock { source in
            for series in batch { source.append(Self.columns(series)) }
        }
        var report = AppendReport()
        report.accepted = batch.count
        return report
    }

    private static func columns(_ series: SeriesSamples) -> SeriesColumns {
        var values = series.samples.map {
            (time: $0.timestamp.milliseconds, value: $0.value, histogram: FloatHistogram?.none)
        }
        values += series.histograms.map { ($0.timestamp.milliseconds, $0.histogram.count, $0.histogram) }
        values.sort { $0.time < $1.time }
        var histograms: [Int: FloatHistogram] = [:]
        for (index, entry) in values.enumerated() { histograms[index] = entry.histogram }
        return SeriesColumns(
            labels: series.labels, times: TimeColumn(values.map(\.time)), values: values.map(\.value),
            histograms: histograms.isEmpty ? nil : histograms)
    }

    // Rules append series by series; tables are for scrapes.
    func openTable(target: Labels, columns: [Labels]) throws(SinkError) -> TableID {
        throw .unavailable("a rule unit test takes no scrapes")
    }
    func extendTable(_ table: TableID, columns: [Labels]) throws(SinkError) {
        throw .unavailable("a rule unit test takes no scrapes")
    }
    func append(_ table: TableID, at timestamp: Timestamp, row: [Double]) -> AppendReport { AppendReport() }
    func closeTable(_ table: TableID) {}
    func describe(_ metadata: [String: MetricMetadata]) -> AppendReport { AppendReport() }
}
