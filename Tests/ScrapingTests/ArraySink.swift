import Synchronization
import TimeSeries

/// A sink that keeps every sample by its whole labels, and notices what no store could forgive.
final class ArraySink: SampleSink {
    struct Series: Equatable {
        var samples: [Sample] = []
    }

    private struct Table {
        var target: Labels
        var columns: [Labels]
        var isOpen = true
    }

    private struct State {
        var tables: [Table] = []
        var series: [Labels: [Sample]] = [:]
        var histograms: [Labels: [FloatHistogram]] = [:]
        var metadata: [String: MetricMetadata] = [:]
        var complaints: [String] = []
        var seriesLimit = Int.max
        var seriesPerTargetLimit = Int.max
        var extensions = 0
        var appends = 0
        var scrapedBatches = 0
        /// Why all samples are refused.
        var refusal: String?
        var exemplars: [SeriesExemplars] = []
        var starts: [(labels: Labels, at: Timestamp, start: Timestamp?)] = []
    }

    private let state = Mutex(State())

    var complaints: [String] { state.withLock { $0.complaints } }
    var metadata: [String: MetricMetadata] { state.withLock { $0.metadata } }
    var labels: [Labels] { state.withLock { $0.series.keys.sorted() } }
    /// Batches that were said to be of scrapes.
    var scrapedBatches: Int { state.withLock { $0.scrapedBatches } }
    var extensions: Int { state.withLock { $0.extensions } }
    /// Of each table, in the order in which they were opened.
    var columns: [[Labels]] { state.withLock { $0.tables.map(\.columns) } }
    var openTables: Int { state.withLock { $0.tables.filter(\.isOpen).count } }

    func histograms(_ labels: Labels) -> [FloatHistogram] { state.withLock { $0.histograms[labels] ?? [] } }
    var exemplars: [SeriesExemplars] { state.withLock { $0.exemplars } }
    var starts: [(labels: Labels, at: Timestamp, start: Timestamp?)] { state.withLock { $0.starts } }

    func samples(_ labels: Labels) -> [Sample] { state.withLock { $0.series[labels] ?? [] } }
    func refuse(_ reason: String?) { state.withLock { $0.refusal = reason } }
    func limit(series: Int) { state.withLock { $0.seriesLimit = series } }
    func limit(seriesPerTarget: Int) { state.withLock { $0.seriesPerTargetLimit = seriesPerTarget } }

    /// The values of a series by second; "stale" for markers.
    func values(_ name: String, _ labels: [String: String] = [:]) -> [String] {
        let whole = Labels(labels.merging(["__name__": name]) { $1 })
        return samples(whole).map { sample in
            Marker.isStale(sample.value) ? "stale" : sample.value.isNaN ? "nan" : "\(sample.value)"
        }
    }

    func openTable(target: Labels, columns: [Labels]) throws(SinkError) -> TableID {
        try state.withLock { state throws(SinkError) in
            try ArraySink.check(columns, target, in: &state)
            state.tables.append(Table(target: target, columns: columns))
            return TableID(index: UInt32(state.tables.count - 1))
        }
    }

    func extendTable(_ table: TableID, columns: [Labels]) throws(SinkError) {
        try state.withLock { state throws(SinkError) in
            let index = Int(table.index)
            try ArraySink.check(
                state.tables[index].columns + columns, state.tables[index].target, in: &state)
            state.tables[index].columns += columns
            state.extensions += 1
        }
    }

    private static func check(_ columns: [Labels], _ target: Labels, in state: inout State) throws(SinkError)
    {
        if columns.count > state.seriesLimit { throw .seriesLimit(limit: state.seriesLimit) }
        if columns.count > state.seriesPerTargetLimit {
            throw .targetSeriesLimit(limit: state.seriesPerTargetLimit)
        }
        let whole = columns.map { $0.merging(target) }
        if Set(whole).count < whole.count { state.complaints.append("two columns of one series") }
    }

    func append(_ table: TableID, at timestamp: Timestamp, row: [Double]) -> AppendReport {
        state.withLock { state in
            let table = state.tables[Int(table.index)]
            var report = AppendReport()
            state.appends += 1
            report.position = UInt64(state.appends)
            if let refusal = state.refusal {
                report.limited = row.count { !Marker.isAbsent($0) }
                report.refusal = refusal
                return report
            }
            if row.count != table.columns.count { state.complaints.append("a row of another length") }
            if !table.isOpen { state.complaints.append("a row for a closed table") }
            for (column, value) in zip(table.columns, row) where !Marker.isAbsent(value) {
                let labels = column.merging(table.target)
                ArraySink.add(Sample(timestamp, value), to: labels, in: &state)
                report.accepted += 1
            }
            return report
        }
    }

    private static func add(_ sample: Sample, to labels: Labels, in state: inout State) {
        if let last = state.series[labels]?.last, last.timestamp >= sample.timestamp {
            state.complaints.append("\(labels) goes back in time")
        }
        state.series[labels, default: []].append(sample)
    }

    func closeTable(_ table: TableID) { state.withLock { $0.tables[Int(table.index)].isOpen = false } }

    func append(scraped batch: [SeriesSamples]) -> AppendReport {
        state.withLock { $0.scrapedBatches += 1 }
        return append(batch)
    }

    func append(_ batch: [SeriesSamples]) -> AppendReport {
        state.withLock { state in
            for series in batch {
                for sample in series.samples { ArraySink.add(sample, to: series.labels, in: &state) }
                for (_, histogram) in series.histograms {
                    state.histograms[series.labels, default: []].append(histogram)
                }
                for ((timestamp, _), start) in zip(series.histograms, series.histogramStarts) {
                    state.starts.append((series.labels, timestamp, Timestamp(milliseconds: start)))
                }
            }
            return AppendReport()
        }
    }

    func describe(_ metadata: [String: MetricMetadata]) -> AppendReport {
        state.withLock { $0.metadata.merge(metadata) { $1 } }
        return AppendReport()
    }

    func append(_ exemplars: [SeriesExemplars]) -> AppendReport {
        state.withLock { $0.exemplars += exemplars }
        return AppendReport()
    }

    func append(_ table: TableID, at timestamp: Timestamp, starts: [ColumnStart]) {
        state.withLock { state in
            let table = state.tables[Int(table.index)]
            for entry in starts {
                let labels = table.columns[entry.column].merging(table.target)
                state.starts.append((labels, timestamp, entry.start))
            }
        }
    }
}
