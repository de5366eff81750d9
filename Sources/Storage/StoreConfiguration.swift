/// What bounds a store, and how much it promises.
package struct StoreConfiguration: Hashable, Sendable {
    /// What an append waits for.
    package enum SyncPolicy: String, Hashable, Sendable, CaseIterable {
        /// Every append of samples is durable when it returns.
        case always
        /// The daemon calls `sync()` at an interval; samples are acknowledged by the durable position.
        case interval
        /// `sync()` writes without waiting for the disk.
        case none
    }

    package struct Limits: Hashable, Sendable {
        package var series = 5_000_000
        package var seriesPerTarget = 100_000
        package var labels = 64
        package var labelNameLength = 1024
        package var labelValueLength = 16 << 10

        /// Sixteen single series with so many labels, and as many of their target, stand in one group.
        package static let mostLabels = 2000

        package init() {}
    }

    package var sync: SyncPolicy
    /// Samples older than this are dropped.
    package var retention: Duration
    /// How much older than the newest sample of its series a sample may be.
    package var outOfOrderWindow: Duration
    /// Bytes of chunks, tails and index above which old chunks are dropped and new series refused.
    package var memoryLimit: Int
    /// Bytes of log after which a snapshot is due, at most.
    package var snapshotLogSize: Int
    /// A replay has all samples of a log in memory, beside those of the snapshot. A quarter of the memory limit in the log is less
    /// than a tenth of it there, as scraped samples take a quarter to a third of the bytes that they have in the log.
    var longestLog: Int { min(snapshotLogSize, max(1 << 20, memoryLimit / 4)) }
    /// Bytes of a file of the log. Files go as a whole: of one that is longer than half of what the log may be, each look would write
    /// one more snapshot.
    var segmentSize: Int { min(64 << 20, max(512 << 10, longestLog / 2)) }
    package var limits: Limits
    /// None: samples that go are gone.
    package var rollups: [RollupRule]
    /// Exemplars kept, the newest ones.
    package var maxExemplars: Int
    /// Bytes that may wait for the log to be written; beyond, nothing is taken.
    package var pendingLogSize: Int

    package init(
        sync: SyncPolicy = .interval, retention: Duration = .seconds(15 * 86_400),
        outOfOrderWindow: Duration = .seconds(600), memoryLimit: Int = 4 << 30,
        snapshotLogSize: Int = 128 << 20, limits: Limits = Limits(),
        rollups: [RollupRule] = RollupRule.standard, maxExemplars: Int = 100_000,
        pendingLogSize: Int = 256 << 20
    ) {
        self.sync = sync
        self.retention = retention
        self.outOfOrderWindow = outOfOrderWindow
        self.memoryLimit = memoryLimit
        self.snapshotLogSize = snapshotLogSize
        self.limits = limits
        self.rollups = rollups
        self.maxExemplars = maxExemplars
        self.pendingLogSize = pendingLogSize
    }
}
