import TimeSeries

/// The rows of a range vector, made one at a time as they are asked for.
struct RangeRows {
    private enum Source {
        case series([SeriesColumns], usesStarts: Bool, detectsResets: Bool)
        case steps(VectorColumns, TimeColumn)
    }

    private let source: Source
    let count: Int

    /// Of series as read.
    init(_ series: [SeriesColumns], usesStarts: Bool, detectsResets: Bool) {
        source = .series(series, usesStarts: usesStarts, detectsResets: detectsResets)
        count = series.count
    }

    /// Of an inner evaluation at these times.
    init(_ vector: VectorColumns, at times: TimeColumn) {
        source = .steps(vector, times)
        count = vector.rows
    }

    /// Samples of all rows together, for `explain`.
    var sampleCount: Int {
        switch source {
        case .series(let series, _, _): series.sampleCount
        case .steps(let vector, _): vector.cells.count
        }
    }

    /// Samples of the first row, as a measure of the others.
    var sampleCountOfFirst: Int {
        switch source {
        case .series(let series, _, _): series.span[0].values.count
        case .steps(let vector, _): vector.steps
        }
    }

    /// Samples that an inner evaluation has charged for.
    var derivedCount: Int { if case .steps(let vector, _) = source { vector.cells.count } else { 0 } }

    subscript(number: Int) -> RangeRow {
        switch source {
        case .series(let series, let usesStarts, let detectsResets):
            let span = series.span
            if detectsResets { return RangeRow(span[number].withDetectedResets, usingStartTimes: usesStarts) }
            return RangeRow(span, number, usingStartTimes: usesStarts)
        case .steps(let vector, let times): return RangeRow(row: number, of: vector, at: times)
        }
    }
}
