/// A scrape table of a sink: an ordered list of series that arrive together. Never leaves the process.
package struct TableID: Hashable, Sendable {
    package let index: UInt32
    package init(index: UInt32) { self.index = index }
}

/// Samples of one series, ascending in time.
package struct SeriesSamples: Sendable {
    package var labels: Labels
    package var samples: [Sample]
    package var histograms: [(timestamp: Timestamp, histogram: FloatHistogram)]
    /// When the counter of each sample started, in milliseconds, 0 where unknown; empty where all are.
    package var startTimes: [Int64]
    /// The same of each histogram.
    package var histogramStarts: [Int64]

    package init(
        labels: Labels, samples: [Sample],
        histograms: [(timestamp: Timestamp, histogram: FloatHistogram)] = [], startTimes: [Int64] = [],
        histogramStarts: [Int64] = []
    ) {
        self.labels = labels
        self.samples = samples
        self.histograms = histograms
        self.startTimes = startTimes
        self.histogramStarts = histogramStarts
    }
}

/// What became of an append. Nothing is thrown for a single bad sample; the rest is kept.
package struct AppendReport: Hashable, Sendable {
    package var accepted = 0
    /// The same moment and the same value again: dropped without harm.
    package var repeated = 0
    /// The same moment with another value: the first stays.
    package var duplicate = 0
    /// Older than the newest sample of the series, where the sink does not take such.
    package var outOfOrder = 0
    /// Older than the out-of-order window or the retention.
    package var tooOld = 0
    /// A series or a sample above a limit.
    package var limited = 0
    /// Which limit, of the first of them; nil where the sink does not say.
    package var refusal: String?
    /// Whether some were refused because too much waits for the disk: later they may be taken.
    package var isFull = false
    /// The sink's log position behind this append; durable once `durablePosition` reaches it.
    package var position: UInt64 = 0

    package init() {}

    package var rejected: Int { duplicate + outOfOrder + tooOld + limited }

    /// Adds what became of other samples.
    package mutating func add(_ other: AppendReport) {
        accepted += other.accepted
        repeated += other.repeated
        duplicate += other.duplicate
        outOfOrder += other.outOfOrder
        tooOld += other.tooOld
        limited += other.limited
        refusal = refusal ?? other.refusal
        isFull = isFull || other.isFull
        position = max(position, other.position)
    }
}

/// Why a table could not be opened or extended.
package enum SinkError: Error, Hashable, Sendable, CustomStringConvertible {
    case seriesLimit(limit: Int)
    case targetSeriesLimit(limit: Int)
    case memoryLimit
    case labelLimit(String)
    case closed
    case unavailable(String)

    package var description: String {
        switch self {
        case .seriesLimit(let limit):
            "storage.limits.series: the store holds its limit of \(limit) series; new ones are refused"
        case .targetSeriesLimit(let limit):
            "storage.limits.series_per_target: a target may have \(limit) series; those beyond are refused"
        case .memoryLimit:
            "storage.memory.limit is reached: new series are refused, those that are there go on"
        case .labelLimit(let reason): reason
        case .closed: "the store is closed"
        case .unavailable(let reason): "the store is unavailable: \(reason)"
        }
    }
}

/// Writing: the store, an agent's forwarder, or an array in a test.
package protocol SampleSink: Sendable {
    /// Opens a table for a target. The labels of column i are `columns[i]` merged with `target` (the target's
    /// win), so targets whose lines are equal share their columns. Opening the same target again continues its series.
    func openTable(target: Labels, columns: [Labels]) throws(SinkError) -> TableID
    /// Adds columns behind the existing ones.
    func extendTable(_ table: TableID, columns: [Labels]) throws(SinkError)
    /// One scrape: one cell a column, `Marker.absent` where the column has no sample, `Marker.stale` where it ended.
    func append(_ table: TableID, at timestamp: Timestamp, row: [Double]) -> AppendReport
    /// The target is gone; its series stay readable. Write a row of stale markers first.
    func closeTable(_ table: TableID)
    /// Samples that come one series at a time: rules, remote write, out of order.
    func append(_ batch: [SeriesSamples]) -> AppendReport
    /// The same for what a scrape brought beside its row.
    func append(scraped batch: [SeriesSamples]) -> AppendReport
    /// The same for what came over the wire.
    func append(_ batch: SampleBatch) -> AppendReport
    /// The same; sets `handles` to one for each series of the batch, with which its next samples can be appended. A
    /// handle stands for one series and never for another, also when the series is gone.
    func append(_ batch: SampleBatch, handles: inout [UInt32]) -> AppendReport
    /// Samples of series by their handles; nil, and nothing is taken, where one of them is not known any more.
    func append(_ samples: KnownSamples) -> AppendReport?
    /// Describes metrics, by metric name. The report counts nothing.
    @discardableResult
    func describe(_ metadata: [String: MetricMetadata]) -> AppendReport
    /// Takes exemplars; those that the sink has, or that are older than the newest of their series, are left out. The
    /// report counts nothing.
    @discardableResult
    func append(_ exemplars: [SeriesExemplars]) -> AppendReport
    /// Says when counters of a table started, for their samples from a time on. What was said before goes on.
    func append(_ table: TableID, at timestamp: Timestamp, starts: [ColumnStart])
}

extension SampleSink {
    package func append(scraped batch: [SeriesSamples]) -> AppendReport { append(batch) }

    package func append(_ batch: SampleBatch) -> AppendReport {
        append(batch.entries.indices.map(batch.series))
    }

    package func append(_ batch: SampleBatch, handles: inout [UInt32]) -> AppendReport {
        handles = Array(repeating: KnownSamples.noHandle, count: batch.entries.count)
        return append(batch)
    }

    package func append(_ samples: KnownSamples) -> AppendReport? { nil }
}
