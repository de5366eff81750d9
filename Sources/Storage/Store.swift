package import Journal
import Synchronization
package import TimeSeries

/// The home of samples: in memory, in sealed chunks and short raw tails, with a log that makes them durable.
///
/// Appends go to the log's buffer and into memory under one lock; `sync()` makes everything durable that was
/// appended before it, and `durablePosition` says up to where. The store reads no clock and starts no thread: its
/// owner calls `sync()` (each second, or every append does with policy `always`) and `maintain(now:)` (each few
/// minutes). After a crash, opening it again yields every sample that was acknowledged.
package final class Store: Sendable {
    /// What is in force.
    package var configuration: StoreConfiguration { settings.withLock { $0 } }
    let settings: Mutex<StoreConfiguration>
    /// Decode what is selected.
    let workers: Workers
    let disk: any Disk
    let head: Mutex<Head>
    let log: Log
    let status: Mutex<StoreStatus>
    let snapshots: Mutex<SnapshotFolder>
    let reserve: DiskReserve?

    /// Opens the store below the root of `disk`, in the folders `log` and `snapshots`; makes them where there are
    /// none. `now` drops what the retention ended meanwhile. Hold a `DirectoryLock`. While the reserve is not whole,
    /// nothing is written: samples can wait, what took it could not.
    package init(
        disk: any Disk, configuration: StoreConfiguration = StoreConfiguration(), workers: Workers = .one,
        now: Timestamp, reserve: DiskReserve? = nil
    ) throws(StoreError) {
        self.reserve = reserve
        settings = Mutex(configuration)
        self.workers = workers
        self.disk = disk
        var head = Head(configuration)
        var status = StoreStatus()
        do {
            var folder = try SnapshotFolder(disk)
            let log = try Log(
                disk: disk, folder: "log",
                configuration: LogConfiguration(
                    segmentSize: configuration.segmentSize, pendingLimit: configuration.pendingLogSize))
            let sequence = try folder.load(into: &head, &status, log)
            head.settleDoubles()
            // What only the log has may not be on disk yet.
            head.durability = Durability(durable: head.newest)
            status.damage += log.openReport.damage
            var replay = LogReplay(after: sequence, newest: head.newest, workers)
            let report = try log.forEach(from: sequence + 1) { number, record in
                try replay.take(number, record, of: log, into: &head)
            }
            replay.finish(next: log.nextSequence, &head)
            status.unreadableRecords += replay.unreadableRecords
            status.losses += replay.losses.losses
            if let path = log.openReport.lostEnd(after: folder.logEnd) {
                status.losses.append(Loss(path: path, from: head.newest, to: nil))
            }
            status.damage += report.damage.filter { !status.damage.contains($0) }
            log.quarantine(report.lossy)
            // Rows of series that nobody knows any more are of use with a state that somebody brings back.
            if folder.isGivenUp { log.quarantine(Set(try disk.list("log").map { "log/" + $0 })) }
            // The next snapshot writes what is left of damaged files anew and sets them aside.
            status.hasDamagedFiles = !report.lossy.isEmpty || !folder.damagedFiles.isEmpty
            if status.hasDamagedFiles { head.removals += 1 }
            status.quarantine = Quarantine.list(disk)
            status.foreign = try log.openReport.foreign + SnapshotFolder.foreign(disk)
            log.skip(to: sequence + 1)
            self.log = log
            status.snapshotByteCount = folder.byteCount
            snapshots = Mutex(folder)
        } catch {
            throw StoreError(error)
        }
        status.unmadeRollups = head.unmadeRollups.sorted().map { .milliseconds($0) }
        head.settleWindow(now: .max, log)
        // Who scraped before the restart opens its tables again, or they go with their last samples.
        for index in head.tables.indices { head.tables[index]?.isOpen = false }
        head.maintain(now: now.milliseconds)
        self.head = Mutex(head)
        self.status = Mutex(status)
    }

    /// Samples at other moments are refused.
    package static let moments =
        Timestamp(milliseconds: Head.times.lowerBound)...Timestamp(milliseconds: Head.times.upperBound)

    /// The position behind everything that was appended so far.
    package var appendPosition: UInt64 { log.nextSequence - 1 }

    /// The position up to which everything is on disk for good.
    package var durablePosition: UInt64 { log.durableSequence }

    /// Makes everything durable that was appended before the call. Returns the durable position.
    ///
    /// Throws where the disk fails or is full: nothing is acknowledged then, the store goes on serving and
    /// keeps what is not written; the next call tries again.
    @discardableResult
    package func sync() throws(LogError) -> UInt64 {
        let written = log.written
        let (moment, deletes) = head.withLock { head in
            repeatDefinitions(in: written, &head)
            return (head.durability.beginCommit(newest: head.newest), !head.waitingDeletions.isEmpty)
        }
        do {
            try keepReserve()
            let synchronizes = settings.withLock { $0.sync != .none } || deletes
            let position = try log.commit(synchronize: synchronizes)
            // What was only written, a power cut may take.
            if synchronizes {
                head.withLock { head in
                    head.durability.committed(moment, through: position)
                    if deletes { head.settleDeletions(through: position) }
                }
            }
            status.withLock { $0.unavailable = nil }
            return position
        } catch {
            status.withLock { status in
                status.failedCommits += 1
                status.unavailable = error.description
            }
            throw error
        }
    }

    func keepReserve() throws(LogError) {
        do {
            try reserve?.fill()
        } catch {
            throw .disk(error)
        }
    }

    /// Puts other limits, another window, retention and memory limit to use, for what comes from here on; the next `note` and
    /// `maintain` do the rest. Everything else stays as it is.
    package func apply(_ new: StoreConfiguration) {
        var configuration = configuration
        configuration.limits = new.limits
        configuration.outOfOrderWindow = new.outOfOrderWindow
        configuration.retention = new.retention
        configuration.memoryLimit = new.memoryLimit
        settings.withLock { $0 = configuration }
        head.withLock { $0.apply(configuration) }
    }

    /// Tells the store what time it is, each second or so: samples of a clock that was ahead do not keep those of the
    /// right time out longer than that.
    package func note(now: Timestamp) {
        head.withLock { head in
            head.settleWindow(now: now.milliseconds, log)
            head.durability.note(now: now.milliseconds)
        }
        status.withLock { $0.closeLosses(at: now) }
    }

    /// What the memory limit has made the store do so far: bytes of samples and of rollups that went before their retention
    /// was over, and whether new series are refused.
    package var memoryPressure: (droppedBytes: UInt64, refusesNewSeries: Bool) {
        head.withLock { head in
            (
                head.pressure.droppedSampleBytes + head.pressure.droppedRollupBytes,
                head.refusesNewSeries || head.pressure.hasRefused
            )
        }
    }

    /// Whether so much came since `maintain` that it should not wait for its next turn.
    package var isMaintenanceDue: Bool {
        head.withLock { $0.pressure.isDue(limit: $0.configuration.memoryLimit) }
    }

    /// Rolls up what is complete, drops what the retention and the memory limit end, and writes a snapshot when the
    /// log has become long, or when recovery found damaged files.
    /// - Parameter outsideBytes: what others keep for the sake of this store's series, as the receiver of remote writes
    ///   does; it counts to the memory limit.
    package func maintain(now: Timestamp, outsideBytes: Int = 0) throws {
        head.withLock { $0.pressure.outsideBytes = outsideBytes }
        rollUp()
        for _ in 0..<Head.rounds {
            guard let edge = head.withLock({ $0.dropEdge(now: now.milliseconds) }) else { break }
            rollUp(droppingBefore: edge.time)
            head.withLock { $0.drop(edge) }
            guard edge.isForMemory else { break }
        }
        head.withLock { $0.settle(now: now.milliseconds) }
        let hasDamagedFiles = status.withLock { $0.hasDamagedFiles }
        if log.byteCount > configuration.longestLog || hasDamagedFiles { try snapshot() }
    }
}

/// What a store knows about its disk.
struct StoreStatus: Sendable {
    var failedCommits: UInt64 = 0
    var snapshotCount: UInt64 = 0
    var snapshotByteCount = 0
    var unreadableRecords = 0
    var unavailable: String?
    var losses: [Loss] = []
    /// Whether all losses have an end.
    private var areLossesClosed = false
    var damage: [DamagedRange] = []
    /// Whether files that could not be read as a whole are still in use.
    var hasDamagedFiles = false
    /// Damaged files that were set aside.
    var quarantine: [String] = []
    var unmadeRollups: [Duration] = []
    /// What is no file of a store and stands where its files do.
    var foreign: [String] = []

    /// A loss that no record follows ends now, with the first look at the clock.
    mutating func closeLosses(at now: Timestamp) {
        guard !areLossesClosed else { return }
        areLossesClosed = true
        for index in losses.indices where losses[index].to == nil { losses[index].to = now }
    }

    /// Notes bytes that cannot be read, which may be tried more than once.
    mutating func note(_ ranges: [DamagedRange]) {
        for range in ranges where !damage.contains(range) { damage.append(range) }
    }
}

extension StoreError {
    init(_ error: any Error) {
        self =
            switch error {
            case let error as StoreError: error
            case let error as LogError: .log(error)
            case let error as DiskError: .disk(error)
            default: .snapshot("\(error)")
            }
    }
}
