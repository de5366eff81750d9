import TimeSeries

/// Samples of one kind of a series, without stale markers.
struct FloatSamples {
    var times: TimeColumn
    var values: [Double]
    /// Start timestamps, 0 where unknown; nil where all are.
    var starts: [Int64]?
}

struct HistogramSamples {
    var times: TimeColumn
    var values: [FloatHistogram]
    var starts: [Int64]?
}

/// A series of a range vector: its numbers and, apart from them, its histograms.
struct RangeRow {
    var name: SeriesName
    var floats: FloatSamples
    var histograms: HistogramSamples?
    /// What stands for the first so many numbers.
    var rollups: [RollupBucket]?
}

extension RangeRow {
    /// Of a series as read. Shares its columns where there is nothing to leave out.
    init(_ column: SeriesColumns, usingStartTimes: Bool = true) {
        self.init([column].span, 0, usingStartTimes: usingStartTimes)
    }

    /// The same, of one among others, which is looked at where it is: a copy would hold on to six objects.
    init(_ columns: Span<SeriesColumns>, _ number: Int, usingStartTimes: Bool) {
        guard columns[number].histograms?.isEmpty ?? true, !RangeRow.hasStale(columns[number].values) else {
            self.init(mixed: columns[number], usingStartTimes: usingStartTimes)
            return
        }
        self.init(
            name: SeriesName(labels: columns[number].labels),
            floats: FloatSamples(
                times: columns[number].times, values: columns[number].values,
                starts: usingStartTimes ? columns[number].startTimes : nil),
            histograms: nil, rollups: columns[number].rollups)
    }

    /// Of one with histograms or stale markers.
    private init(mixed column: SeriesColumns, usingStartTimes: Bool) {
        name = SeriesName(labels: column.labels)
        rollups = column.rollups
        let starts = usingStartTimes ? column.startTimes : nil
        var times: [Int64] = []
        var values: [Double] = []
        var kept: [Int64] = []
        var histogramTimes: [Int64] = []
        var histogramValues: [FloatHistogram] = []
        var histogramStarts: [Int64] = []
        for (index, value) in column.values.enumerated() where !Cell.isStale(value) {
            if let histogram = column.histograms?[index] {
                histogramTimes.append(column.times.milliseconds[index])
                histogramValues.append(histogram)
                if let starts { histogramStarts.append(starts[index]) }
            } else {
                times.append(column.times.milliseconds[index])
                values.append(value)
                if let starts { kept.append(starts[index]) }
            }
        }
        floats = FloatSamples(times: TimeColumn(times), values: values, starts: starts == nil ? nil : kept)
        histograms =
            histogramValues.isEmpty
            ? nil
            : HistogramSamples(
                times: TimeColumn(histogramTimes), values: histogramValues,
                starts: starts == nil ? nil : histogramStarts)
    }

    private static func hasStale(_ values: [Double]) -> Bool {
        let values = values.span
        // Without a way out in between, several are looked at in one instruction.
        var found: UInt64 = 0
        for index in values.indices { found |= Cell.isStale(values[index]) ? 1 : 0 }
        return found != 0
    }

    /// Of a row of an inner evaluation. `all` are the times of its steps, shared by rows without gaps.
    init(row: Int, of vector: VectorColumns, at all: TimeColumn) {
        name = vector.names[row]
        let cells = vector.cells[vector.range(of: row)]
        if cells.allSatisfy({ Cell.isNumber($0) }) {
            floats = FloatSamples(times: all, values: Array(cells))
            histograms = nil
            return
        }
        var times: [Int64] = []
        var values: [Double] = []
        var histogramTimes: [Int64] = []
        var histogramValues: [FloatHistogram] = []
        for (step, cell) in cells.enumerated() {
            if Cell.isNumber(cell) {
                times.append(all.milliseconds[step])
                values.append(cell)
            } else if Cell.isHistogram(cell), var histogram = vector.histograms[row * vector.steps + step] {
                // A subquery may skip or repeat samples, so what is known of resets between them is lost.
                if histogram.resetHint != .gauge { histogram.resetHint = .unknown }
                histogramTimes.append(all.milliseconds[step])
                histogramValues.append(histogram)
            }
        }
        floats = FloatSamples(times: TimeColumn(times), values: values)
        histograms =
            histogramValues.isEmpty
            ? nil : HistogramSamples(times: TimeColumn(histogramTimes), values: histogramValues)
    }
}

extension SeriesColumns {
    /// With a hint at every histogram whether its counter was reset, found by comparison where none is stored.
    var withDetectedResets: SeriesColumns {
        guard let stored = histograms, !stored.isEmpty else { return self }
        var result = self
        var previous: FloatHistogram?
        for index in values.indices {
            guard let histogram = stored[index] else { continue }
            if histogram.resetHint == .unknown, let previous {
                result.histograms?[index]?.resetHint = histogram.isReset(after: previous) ? .reset : .notReset
            }
            previous = histogram
        }
        return result
    }
}

/// For each step the samples within its window, as indices `low..<high`.
struct WindowTable {
    private var ends: [(low: Int32, high: Int32)] = []

    /// Windows `(reference - window, reference + after]`.
    init(_ times: [Int64], references: Grid, window: Int64, after: Int64 = 0) {
        ends.reserveCapacity(references.count)
        var first = times.firstIndex(after: references.start &- window)
        var next = first
        let times = times.span
        for step in 0..<references.count {
            let end = references.time(step)
            while first < times.count, times[first] <= end &- window { first += 1 }
            next = max(next, first)
            while next < times.count, times[next] <= end &+ after { next += 1 }
            ends.append((Int32(truncatingIfNeeded: first), Int32(truncatingIfNeeded: next)))
        }
    }

    func range(_ step: Int) -> Range<Int> { Int(ends[step].low)..<Int(ends[step].high) }
    func isEmpty(_ step: Int) -> Bool { ends[step].low == ends[step].high }
}

/// Windows by times, computed once for all series that share theirs.
struct WindowCache {
    private let references: Grid
    private let window: Int64
    private let after: Int64
    /// The times are kept with their windows, so that no other object can take their identity.
    private var known: [ObjectIdentifier: (times: TimeColumn, windows: WindowTable)] = [:]
    private var last: (times: TimeColumn, windows: WindowTable)?

    init(references: Grid, window: Int64, after: Int64) {
        self.references = references
        self.window = window
        self.after = after
    }

    mutating func windows(of times: TimeColumn) -> WindowTable {
        if let last, last.times === times { return last.windows }
        if let known = known[ObjectIdentifier(times)] {
            last = known
            return known.windows
        }
        let windows = WindowTable(times.milliseconds, references: references, window: window, after: after)
        known[ObjectIdentifier(times)] = (times, windows)
        last = (times, windows)
        return windows
    }
}
