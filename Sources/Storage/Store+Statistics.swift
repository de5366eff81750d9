import Journal
import Synchronization
import TimeSeries

extension Store {
    /// Figures of the store; `limit` bounds each of the lists of largest names.
    package func statistics(limit: Int = 10) -> StoreStatistics {
        var statistics = head.withLock { $0.statistics(limit: limit) }
        let status = status.withLock { $0 }
        statistics.durablePosition = durablePosition
        statistics.appendPosition = appendPosition
        statistics.durableTimestamp = Timestamp(known: status.durableTimestamp)
        statistics.diskBytes = log.byteCount + status.snapshotByteCount
        statistics.snapshots = status.snapshotCount
        statistics.failedCommits = status.failedCommits
        statistics.unavailable = status.unavailable
        statistics.losses = status.losses
        statistics.damage = status.damage
        statistics.unreadableRecords = status.unreadableRecords
        return statistics
    }
}

extension Store {
    /// The disk space that is set aside at the moment.
    package var reserveByteCount: Double { reserve.map { $0.isWhole ? Double($0.byteCount) : 0 } ?? 0 }
}

extension Timestamp {
    /// Nil for the time that stands for none.
    init?(known milliseconds: Int64) {
        guard milliseconds != .min else { return nil }
        self.init(milliseconds: milliseconds)
    }
}

extension Head {
    func statistics(limit: Int) -> StoreStatistics {
        var statistics = StoreStatistics()
        var oldest = Int64.max
        for case let table? in tables {
            statistics.tables += 1
            statistics.series += table.width
            statistics.tailBytes += table.tailByteCount
            statistics.chunkBytes += table.sealedByteCount
            for part in table.sealed {
                statistics.samples += part.sampleCount
                statistics.chunks += part.ends.count
            }
            statistics.samples += table.tail.count { !isAbsent($0) }
            if let first = table.firstTime { oldest = min(oldest, first) }
        }
        for case let series? in loose {
            statistics.series += 1
            statistics.samples += series.sampleCount
            statistics.chunks += series.parts.count
            statistics.tailBytes += series.tailByteCount
            statistics.chunkBytes += series.sealedByteCount
            if let first = series.oldest { oldest = min(oldest, first) }
        }
        statistics.layouts = layouts.values.reduce(0) { $0 + $1.count }
        statistics.oldest = oldest == .max ? nil : Timestamp(milliseconds: oldest)
        statistics.newest = Timestamp(known: newest)
        statistics.appendedSamples = appendedSamples
        statistics.rejectedSamples = rejectedSamples
        count(into: &statistics, limit)
        return statistics
    }

    /// How many series each pair of name and value has.
    private func count(into statistics: inout StoreStatistics, _ limit: Int) {
        var pairs: [SymbolTable.Symbol: [SymbolTable.Symbol: Int]] = [:]
        func add(_ index: LabelIndex, times: Int) {
            for name in index.labelNames {
                for (value, postings) in index.values(of: name) {
                    pairs[name, default: [:]][value, default: 0] += postings.count * times
                }
            }
        }
        var uses: [ObjectIdentifier: (layout: Layout, count: Int)] = [:]
        for case let table? in tables {
            uses[ObjectIdentifier(table.layout), default: (table.layout, 0)].count += 1
            for label in table.targetSymbols {
                pairs[label.name, default: [:]][label.value, default: 0] += table.width
            }
        }
        for use in uses.values { add(use.layout.index, times: use.count) }
        add(looseIndex, times: 1)

        func largest(_ entries: [StoreStatistics.Entry]) -> [StoreStatistics.Entry] {
            Array(entries.sorted { ($1.value, $0.name) < ($0.value, $1.name) }.prefix(limit))
        }
        statistics.labelPairs = pairs.values.reduce(0) { $0 + $1.count }
        let metrics = symbols.find("__name__").flatMap { pairs[$0] } ?? [:]
        statistics.seriesByMetric = largest(metrics.map { .init(name: symbols[$0.key], value: $0.value) })
        statistics.valuesByLabel = largest(pairs.map { .init(name: symbols[$0.key], value: $0.value.count) })
        statistics.bytesByLabel = largest(
            pairs.map { name, values in
                .init(name: symbols[name], value: values.keys.reduce(0) { $0 + symbols[$1].utf8.count })
            })
        statistics.seriesByPair = largest(
            pairs.flatMap { name, values in
                values.map { .init(name: symbols[name] + "=" + symbols[$0.key], value: $0.value) }
            })
    }
}
