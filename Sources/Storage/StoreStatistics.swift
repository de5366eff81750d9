package import Journal
package import TimeSeries

/// What is in a store, for `/api/v1/status/tsdb` and the metrics of the service itself.
package struct StoreStatistics: Hashable, Sendable {
    /// A name and how often it occurs.
    package struct Entry: Hashable, Sendable, Codable {
        package var name: String
        package var value: Int
    }

    package var series = 0
    package var tables = 0
    package var layouts = 0
    package var samples = 0
    package var chunks = 0
    /// Different pairs of label name and value.
    package var labelPairs = 0
    /// Bytes of sealed chunks, of raw tails, and of files on disk.
    package var chunkBytes = 0
    package var tailBytes = 0
    package var diskBytes = 0
    /// Bytes of labels and index of single series, an estimate.
    package var indexBytes = 0
    /// Windows of series in rollups, and their bytes.
    package var rollupBuckets = 0
    package var rollupBytes = 0
    package var exemplars = 0
    package var appendedExemplars: UInt64 = 0
    package var refusedExemplars: UInt64 = 0
    /// Deletions whose samples are still in memory and files.
    package var tombstones = 0
    /// What the store takes of memory as it counts it, chunks, tails, labels and rollups, and the limit.
    package var memoryBytes = 0
    package var memoryLimit = 0
    /// Whether the limit keeps new series out.
    package var refusesNewSeries = false
    /// Bytes that went for the limit before their retention was over.
    package var droppedSampleBytes: UInt64 = 0
    package var droppedRollupBytes: UInt64 = 0
    package var oldest: Timestamp?
    package var newest: Timestamp?

    package var appendedSamples: UInt64 = 0
    package var rejectedSamples: UInt64 = 0
    /// The log's last position that is durable, and the moment up to which all scrapes are; that stays where it is while the
    /// log is only written.
    package var durablePosition: UInt64 = 0
    package var durableTimestamp: Timestamp?
    package var appendPosition: UInt64 = 0
    package var snapshots: UInt64 = 0
    package var failedCommits: UInt64 = 0
    /// Why the store refuses writes at the moment, as a full disk.
    package var unavailable: String?
    /// What was acknowledged and recovery did not find.
    package var losses: [Loss] = []
    /// The seconds of time that the losses cover, by the records around them.
    package var gapSeconds = 0.0
    /// Bytes that recovery could not read. Without a loss they held nothing that was acknowledged.
    package var damage: [DamagedRange] = []
    /// Records that could be read and referred to something that is lost.
    package var unreadableRecords = 0
    /// Damaged files that were set aside, below the root of the store.
    package var quarantine: [String] = []
    /// What stands among the files of the store and is none, folders with such names too; it is left alone.
    package var foreign: [String] = []
    /// Lengths of windows that the files held and that are not made any more: since the start they are left out, and the next
    /// snapshot deletes them.
    package var unmadeRollups: [Duration] = []

    /// The largest ones, at most as many as were asked for, largest first.
    package var seriesByMetric: [Entry] = []
    package var valuesByLabel: [Entry] = []
    package var bytesByLabel: [Entry] = []
    package var seriesByPair: [Entry] = []

    /// Whether something that was acknowledged is known to be missing.
    package var isIncomplete: Bool { !losses.isEmpty || unreadableRecords > 0 }

    package init() {}
}
