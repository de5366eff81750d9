/// A single event that a sample stands for, with labels that lead to it, such as a trace's.
package struct Exemplar: Hashable, Sendable {
    package var labels: Labels
    package var value: Double
    package var timestamp: Timestamp
    /// False where its sender did not say when it was, and the time is that of the scrape: at the next scrape it may be the
    /// same once more.
    package var isTimed: Bool

    package init(labels: Labels, value: Double, timestamp: Timestamp, isTimed: Bool = true) {
        self.labels = labels
        self.value = value
        self.timestamp = timestamp
        self.isTimed = isTimed
    }
}

/// Exemplars of one series, ascending in time.
package struct SeriesExemplars: Hashable, Sendable {
    package var labels: Labels
    package var exemplars: [Exemplar]

    package init(labels: Labels, exemplars: [Exemplar]) {
        self.labels = labels
        self.exemplars = exemplars
    }
}

/// When the counter of a column of a table started.
package struct ColumnStart: Hashable, Sendable {
    package var column: Int
    /// Nil where it is not known any more.
    package var start: Timestamp?

    package init(column: Int, start: Timestamp?) {
        self.column = column
        self.start = start
    }
}

/// What a sink need not keep.
extension SampleSink {
    package func append(_ exemplars: [SeriesExemplars]) -> AppendReport { AppendReport() }
    package func append(_ table: TableID, at timestamp: Timestamp, starts: [ColumnStart]) {}
}
