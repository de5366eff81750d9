package import TimeSeries

/// Series held in an array, for scripts, rule unit tests and tests.
package struct ArraySource: SeriesSource {
    private var series: [Labels: Samples] = [:]

    private struct Samples: Sendable {
        var times: [Int64] = []
        var values: [Double] = []
        var histograms: [Int: FloatHistogram] = [:]
        var startTimes: [Int64]?
    }

    package init() {}

    /// Adds samples of one series, ascending; a sample of a moment that is there already is left out.
    package mutating func append(_ added: SeriesColumns) {
        ArraySource.append(added, to: &series[added.labels, default: Samples()])
    }

    private static func append(_ added: SeriesColumns, to samples: inout Samples) {
        let last = samples.times.last ?? .min
        for (index, time) in added.times.milliseconds.enumerated() where time > last || samples.times.isEmpty
        {
            if let histogram = added.histograms?[index] {
                samples.histograms[samples.times.count] = histogram
            }
            if let startTimes = added.startTimes {
                if samples.startTimes == nil {
                    samples.startTimes = [Int64](repeating: 0, count: samples.times.count)
                }
                samples.startTimes?.append(startTimes[index])
            } else {
                samples.startTimes?.append(0)
            }
            samples.times.append(time)
            samples.values.append(added.values[index])
        }
    }

    package func select(_ selections: [Selection]) async throws -> [[SeriesColumns]] {
        selections.map { selection in
            labels(meeting: [selection.matchers]).compactMap { columns($0, in: selection.range) }
        }
    }

    /// Two series to a piece.
    package func open(
        _ selections: [Selection], inPieces: Set<Int>, sampleLimit: Int
    ) async throws -> [SelectedSeries] {
        try await select(selections, sampleLimit: sampleLimit).enumerated().map { number, series in
            guard inPieces.contains(number) else { return .series(series) }
            let samples = series.sampleCount
            return .pieces(
                SeriesPieces(
                    count: (series.count + 1) / 2, seriesCount: series.count, sampleCount: samples,
                    work: samples
                ) { piece, _ in
                    let part = series[2 * piece..<min(2 * piece + 2, series.count)]
                    return SeriesPieces.Piece(series: Array(part), ranks: Array(part.indices))
                })
        }
    }

    private func columns(_ labels: Labels, in range: ClosedRange<Timestamp>) -> SeriesColumns? {
        guard let samples = series[labels] else { return nil }
        let low = samples.times.firstIndex(after: range.lowerBound.milliseconds &- 1)
        let high = samples.times.firstIndex(after: range.upperBound.milliseconds)
        guard low < high else { return nil }
        var histograms: [Int: FloatHistogram] = [:]
        if !samples.histograms.isEmpty {
            for index in low..<high { histograms[index - low] = samples.histograms[index] }
        }
        return SeriesColumns(
            labels: labels, times: TimeColumn(Array(samples.times[low..<high])),
            values: Array(samples.values[low..<high]), histograms: histograms.isEmpty ? nil : histograms,
            startTimes: samples.startTimes.map { Array($0[low..<high]) })
    }

    private func labels(meeting sets: [[Matcher]]) -> [Labels] {
        series.keys.filter { labels in
            sets.isEmpty || sets.contains { $0.allSatisfy { $0.matches(labels) } }
        }.sorted()
    }

    package func series(_ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>) async throws -> [Labels]
    {
        labels(meeting: matcherSets).filter { columns($0, in: range) != nil }
    }

    package func labelNames(
        _ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>
    ) async throws -> [String] {
        let names = try await series(matcherSets, in: range).flatMap { $0.pairs.map(\.name) }
        return Set(names).sorted { Labels.precedes($0, $1) }
    }

    package func labelValues(
        _ name: String, _ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>
    ) async throws -> [String] {
        let values = try await series(matcherSets, in: range).compactMap { $0[name] }
        return Set(values).sorted { Labels.precedes($0, $1) }
    }

    package func metadata(of metric: String?) async -> [String: [MetricMetadata]] { [:] }
}
