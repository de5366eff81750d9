import Synchronization
package import TimeSeries

extension Store: SeriesSource {
    package func select(_ selections: [Selection]) async throws -> [[SeriesColumns]] {
        let found = head.withLock { head in
            selections.map { head.find($0.matchers, in: $0.range.milliseconds) }
        }
        var results: [[SeriesColumns]] = []
        for (selection, found) in zip(selections, found) {
            try Task.checkCancellation()
            results.append(found.read(selection.range.milliseconds))
        }
        return results
    }

    package func series(_ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>) async throws -> [Labels]
    {
        var all: Set<Labels> = []
        for found in find(matcherSets, range) { found.forEachSeries { all.insert($0) } }
        return all.sorted()
    }

    package func labelNames(
        _ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>
    ) async throws -> [String] {
        var names: Set<String> = []
        for found in find(matcherSets, range) {
            found.forEachSeries { $0.forEach { name, _ in names.insert(name) } }
        }
        return names.sorted(by: Labels.precedes)
    }

    package func labelValues(
        _ name: String, _ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>
    ) async throws -> [String] {
        if matcherSets.allSatisfy(\.isEmpty) {
            let values = head.withLock { $0.values(of: name, in: range.milliseconds) }
            return values.sorted(by: Labels.precedes)
        }
        var values: Set<String> = []
        for found in find(matcherSets, range) {
            found.forEachSeries { if let value = $0[name] { values.insert(value) } }
        }
        return values.sorted(by: Labels.precedes)
    }

    package func metadata(of metric: String?) async -> [String: [MetricMetadata]] {
        head.withLock { head in
            guard let metric else { return head.metadata.mapValues { [$0] } }
            return head.metadata[metric].map { [metric: [$0]] } ?? [:]
        }
    }

    private func find(_ matcherSets: [[Matcher]], _ range: ClosedRange<Timestamp>) -> [Head.Found] {
        head.withLock { head in
            (matcherSets.isEmpty ? [[]] : matcherSets).map { head.find($0, in: range.milliseconds) }
        }
    }
}

extension ClosedRange<Timestamp> {
    var milliseconds: ClosedRange<Int64> { lowerBound.milliseconds...upperBound.milliseconds }
}

extension Head {
    /// The values of a label of all series with a sample near the range.
    func values(of name: String, in range: ClosedRange<Int64>) -> Set<String> {
        guard let symbol = symbols.find(name) else { return [] }
        var values: Set<SymbolTable.Symbol> = []
        var seen: Set<ObjectIdentifier> = []
        for case let table? in tables where table.overlaps(range) {
            if let label = table.targetSymbols.first(where: { $0.name == symbol }) {
                values.insert(label.value)
            } else if seen.insert(ObjectIdentifier(table.layout)).inserted {
                values.formUnion(table.layout.index.values(of: symbol).keys)
            }
        }
        for (value, postings) in looseIndex.values(of: symbol) where !values.contains(value) {
            if postings.contains(where: { loose[Int($0)]?.overlaps(range) ?? false }) { values.insert(value) }
        }
        return Set(values.map { symbols[$0] })
    }
}

extension Head.Found {
    func forEachSeries(_ body: (Labels) -> Void) {
        for slice in tables { for column in slice.columns { body(slice.labels(column)) } }
        for series in loose { body(series.labels) }
    }

    /// The samples in a range, series in the order of their labels, one with equal labels merged.
    func read(_ range: ClosedRange<Int64>) -> [SeriesColumns] {
        var result: [SeriesColumns] = []
        for slice in tables { result += slice.read(range) }
        var lastTimes = TimeColumn.empty
        for series in loose {
            let (times, values) = series.samples(in: range)
            guard !times.isEmpty else { continue }
            if lastTimes.milliseconds != times { lastTimes = TimeColumn(times) }
            var columns = SeriesColumns(labels: series.labels, times: lastTimes, values: values)
            if !series.histograms.isEmpty {
                columns.histograms = [:]
                for (row, time) in times.enumerated() { columns.histograms![row] = series.histograms[time] }
            }
            result.append(columns)
        }
        return Head.Found.merged(LabelOrder.sorted(result))
    }

    /// Neighbours with equal labels become one series; at equal times the first one's sample stays.
    private static func merged(_ sorted: [SeriesColumns]) -> [SeriesColumns] {
        guard zip(sorted, sorted.dropFirst()).contains(where: { $0.labels == $1.labels }) else {
            return sorted
        }
        var result: [SeriesColumns] = []
        for series in sorted {
            if let last = result.last, last.labels == series.labels {
                result[result.count - 1] = merge(last, series)
            } else {
                result.append(series)
            }
        }
        return result
    }

    private static func merge(_ a: SeriesColumns, _ b: SeriesColumns) -> SeriesColumns {
        let (times, values) = LooseSeries.sorted(
            a.times.milliseconds + b.times.milliseconds, a.values + b.values)
        var merged = SeriesColumns(labels: a.labels, times: TimeColumn(times), values: values)
        var byTime: [Int64: FloatHistogram] = [:]
        for series in [b, a] {
            for (row, time) in series.times.milliseconds.enumerated() {
                byTime[time] = series.histograms?[row]
            }
        }
        if !byTime.isEmpty {
            merged.histograms = [:]
            for (row, time) in times.enumerated() { merged.histograms![row] = byTime[time] }
        }
        return merged
    }
}
