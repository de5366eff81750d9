import Journal
import Synchronization
import TimeSeries

extension Store {
    /// Figures of the store; `limit` bounds each of the lists of largest names.
    package func statistics(limit: Int = 10) -> StoreStatistics {
        var statistics = head.withLock { head in
            var statistics = head.statistics(limit: limit)
            statistics.durableTimestamp = Timestamp(known: head.durability.moment)
            return statistics
        }
        let status = status.withLock { $0 }
        statistics.durablePosition = durablePosition
        statistics.appendPosition = appendPosition
        statistics.diskBytes = log.byteCount + status.snapshotByteCount
        statistics.snapshots = status.snapshotCount
        statistics.failedCommits = status.failedCommits
        statistics.unavailable = status.unavailable
        statistics.losses = status.losses
        statistics.gapSeconds = Loss.seconds(status.losses, retention: configuration.retention)
        statistics.damage = status.damage
        statistics.unreadableRecords = status.unreadableRecords
        statistics.quarantine = status.quarantine
        statistics.unmadeRollups = status.unmadeRollups
        statistics.foreign = status.foreign
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
            statistics.tailBytes += table.tailByteCount
            statistics.chunkBytes += table.sealedByteCount
            for part in table.sealed {
                statistics.samples += part.sampleCount
                statistics.chunks += part.ends.count
            }
            statistics.samples += table.tail.sampleCount
            if let first = table.firstTime { oldest = min(oldest, first) }
        }
        statistics.series = seriesCount
        statistics.indexBytes = loose.indexByteCount
        for index in loose.groups.indices where !loose.groups[index].isEmpty {
            let group = loose.groups[index]
            statistics.samples += group.sampleCount
            statistics.chunks += group.parts.count
            statistics.tailBytes += group.tailByteCount
            statistics.chunkBytes += group.sealedByteCount
            if let first = group.oldest { oldest = min(oldest, first) }
        }
        statistics.layouts = layouts.values.reduce(0) { $0 + $1.count }
        statistics.oldest = oldest == .max ? nil : Timestamp(milliseconds: oldest)
        statistics.newest = Timestamp(known: newest)
        statistics.appendedSamples = appendedSamples
        statistics.rejectedSamples = rejectedSamples
        forEachRollupSet { _, set in
            statistics.rollupBuckets += set.bucketCount
            statistics.rollupBytes += set.byteCount
        }
        statistics.exemplars = exemplars.count
        statistics.appendedExemplars = exemplars.taken
        statistics.refusedExemplars = exemplars.refused
        statistics.tombstones = tombstones.count
        statistics.memoryBytes = byteCount
        statistics.memoryLimit = configuration.memoryLimit
        statistics.refusesNewSeries = refusesNewSeries || pressure.hasRefused
        statistics.droppedSampleBytes = pressure.droppedSampleBytes
        statistics.droppedRollupBytes = pressure.droppedRollupBytes
        LabelCensus(self, limit: limit).report(to: &statistics)
        return statistics
    }
}
