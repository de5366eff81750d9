/// The scrape times of a target, ascending, in milliseconds. All series of one target share one object, so
/// that whoever computes windows over times can do it once per object (`===`) and not once per series.
package final class TimeColumn: Sendable {
    package let milliseconds: [Int64]
    package init(_ milliseconds: [Int64]) { self.milliseconds = milliseconds }
    package static let empty = TimeColumn([])
}

/// A series and its samples in a range of time. `values[i]` belongs to `times.milliseconds[i]`; stale markers
/// are included, absent cells are not.
package struct SeriesColumns: Sendable {
    package var labels: Labels
    package var times: TimeColumn
    package var values: [Double]
    /// Native histograms at some of the indices; `values` there holds their count. Nil for a plain series.
    package var histograms: [Int: FloatHistogram]?
    /// When the counter of each sample started, in milliseconds, 0 where unknown; nil where all are.
    package var startTimes: [Int64]?
    /// What stands at the first so many indices for samples that are gone: their times and values are those of the
    /// last sample of each bucket. Nil where all are samples. Only where the selection said how it reads.
    package var rollups: [RollupBucket]?

    package init(
        labels: Labels, times: TimeColumn, values: [Double], histograms: [Int: FloatHistogram]? = nil,
        startTimes: [Int64]? = nil, rollups: [RollupBucket]? = nil
    ) {
        self.labels = labels
        self.times = times
        self.values = values
        self.histograms = histograms
        self.startTimes = startTimes
        self.rollups = rollups
    }
}

extension [SeriesColumns] {
    /// Samples of all series together.
    package var sampleCount: Int {
        // Through a span, series are looked at where they are.
        let series = span
        var count = 0
        for index in series.indices { count += series[index].values.count }
        return count
    }
}

/// What a reader makes of samples: a source that keeps rollups may answer with those, for what it has no samples of,
/// or where nobody can tell the difference.
package struct SampleUse: Hashable, Sendable {
    /// All ends of windows, and their lengths, are multiples of this many milliseconds; 0 for single moments.
    package var alignment: Int64
    /// Whether rollups of aligned windows give every bit that samples would.
    package var isExact: Bool
    /// Whether quantiles are wanted.
    package var readsSketches: Bool
    /// Whether only the newest sample of each series in the range is looked at. A source may give more.
    package var readsNewest: Bool

    package init(alignment: Int64, isExact: Bool, readsSketches: Bool, readsNewest: Bool = false) {
        self.alignment = alignment
        self.isExact = isExact
        self.readsSketches = readsSketches
        self.readsNewest = readsNewest
    }

    /// For readers that look at single moments.
    package static let moments = SampleUse(alignment: 0, isExact: false, readsSketches: false)
    /// For readers that look at the end of the range.
    package static let newest = SampleUse(
        alignment: 0, isExact: false, readsSketches: false, readsNewest: true)

    /// What serves both, where both read the same range.
    package func joined(with other: SampleUse) -> SampleUse {
        SampleUse(
            alignment: SampleUse.greatestCommonDivisor(alignment, other.alignment),
            isExact: isExact && other.isExact, readsSketches: readsSketches || other.readsSketches,
            readsNewest: readsNewest && other.readsNewest)
    }

    package static func greatestCommonDivisor(_ a: Int64, _ b: Int64) -> Int64 {
        var (a, b) = (a.magnitude, b.magnitude)
        while b != 0 { (a, b) = (b, a % b) }
        return Int64(clamping: a)
    }
}

/// Which series, and which part of them.
package struct Selection: Hashable, Sendable {
    package var matchers: [Matcher]
    /// Both ends belong to the range.
    package var range: ClosedRange<Timestamp>
    /// Nil for readers that know of samples only, and get no rollups.
    package var use: SampleUse?

    package init(_ matchers: [Matcher], in range: ClosedRange<Timestamp>, use: SampleUse? = nil) {
        self.matchers = matchers
        self.range = range
        self.use = use
    }
}

/// Reading: the store, a simulated store, or an array in a test.
package protocol SeriesSource: Sendable {
    /// The columns of each selection, in the order of the selections; series ordered by labels.
    /// All selections of a plan come at once, so that a source can share the work.
    func select(_ selections: [Selection]) async throws -> [[SeriesColumns]]
    /// The same, but throws `TooManySamples` instead of holding more samples than the limit. Who cannot tell before
    /// it reads leaves the check to the caller.
    func select(_ selections: [Selection], sampleLimit: Int) async throws -> [[SeriesColumns]]
    /// The same, but selections of these numbers may be left to be read in pieces.
    func open(
        _ selections: [Selection], inPieces: Set<Int>, sampleLimit: Int
    ) async throws -> [SelectedSeries]
    /// The series with a sample in the range that meet any of the matcher sets (all where there is none), ordered.
    func series(_ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>) async throws -> [Labels]
    /// The names of labels of these series, ordered.
    func labelNames(_ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>) async throws -> [String]
    /// The values of one label of these series, ordered.
    func labelValues(
        _ name: String, _ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>
    ) async throws -> [String]
    /// What is known of metrics, by name.
    func metadata(of metric: String?) async -> [String: [MetricMetadata]]
}

/// A selection that holds more samples than whoever asked has room for.
package struct TooManySamples: Error, Hashable { package init() {} }

extension SeriesSource {
    package func select(_ selections: [Selection], sampleLimit: Int) async throws -> [[SeriesColumns]] {
        try await select(selections)
    }

    package func open(
        _ selections: [Selection], inPieces: Set<Int>, sampleLimit: Int
    ) async throws -> [SelectedSeries] {
        try await select(selections, sampleLimit: sampleLimit).map { .series($0) }
    }
}
