import Synchronization

/// A log of records in files of one folder: numbered without gaps from 1, checksummed, compressed.
///
/// `append` only collects in memory, in the order of its sequences; `commit` writes everything that was collected
/// as one group and returns when the disk has it. A reader gets every record that was committed; damaged bytes
/// cost the records inside of them, no others, and are reported. Safe to call from any thread: appends go on while
/// a commit waits for the disk.
package final class Log: Sendable {
    private let disk: any Disk
    private let folder: String
    private let configuration: LogConfiguration
    private let buffer: Mutex<LogBuffer>
    private let writer: Mutex<LogWriter>
    private let reserve: DiskReserve?

    /// What opening found in the last file and the folder.
    package let openReport: LogReport

    /// Opens the log in a folder, creating it where there is none. The folder belongs to one process at a time:
    /// hold a `DirectoryLock`. A commit that finds the disk full takes the space of the reserve.
    package init(
        disk: any Disk, folder: String, configuration: LogConfiguration = LogConfiguration(),
        reserve: DiskReserve? = nil
    ) throws(LogError) {
        self.reserve = reserve
        self.disk = disk
        self.folder = folder
        self.configuration = configuration
        let state = try LogFolder.open(disk, folder)
        openReport = state.report
        buffer = Mutex(LogBuffer(nextSequence: state.nextSequence, limit: configuration.pendingLimit))
        writer = Mutex(
            LogWriter(
                disk: disk, folder: folder, segmentSize: configuration.segmentSize, segments: state.segments,
                lastNumber: state.lastNumber, nextSequence: state.nextSequence, resumable: state.isLastWhole))
    }

    /// Whether a folder has files of a log, by their names.
    package static func isFound(on disk: any Disk, folder: String) throws(DiskError) -> Bool {
        try !LogFolder.numbers(disk, folder).isEmpty
    }

    /// The sequence that the next record gets.
    package var nextSequence: UInt64 { buffer.withLock { $0.nextSequence } }

    /// The last sequence that is on disk for good, as far as a commit has waited for it; 0 before the first one. What a process
    /// before this one wrote may not be there yet.
    package var durableSequence: UInt64 { buffer.withLock { $0.durableSequence } }

    /// The first sequence that is still kept.
    package var firstSequence: UInt64 { writer.withLock { $0.segments.first?.firstSequence ?? nextSequence } }

    /// Up to where the files were on disk for good, when that was last so; nil where it was not since the log was opened.
    package var durableEnd: LogEnd? { writer.withLock { $0.durableEnd } }

    /// The last sequence that stands in a file, on disk or not yet, and where the files end; nil where there is none.
    package var written: (sequence: UInt64, end: LogEnd)? { writer.withLock { $0.end } }

    /// Whether no file is there at all.
    package var isEmpty: Bool { writer.withLock { $0.segments.isEmpty } }

    /// Whether the first file that was ever written is still there, so that nothing before the log is missing.
    package var holdsBeginning: Bool {
        writer.withLock { $0.segments.first.map { $0.number == 1 && $0.firstSequence == 1 } ?? false }
    }

    /// The bytes of all files.
    package var byteCount: Int { writer.withLock { $0.byteCount } }

    /// The bytes of records that no commit has made durable yet.
    package var pendingByteCount: Int { buffer.withLock { $0.pendingByteCount } }

    /// Adds a record; it is durable when a later `commit` returns.
    @discardableResult
    package func append(_ record: [UInt8]) throws(LogError) -> UInt64 {
        try buffer.withLock { buffer throws(LogError) in try buffer.append(record) }
    }

    /// Adds records, all or none; returns the sequence of the last one.
    @discardableResult
    package func append(_ records: [[UInt8]]) throws(LogError) -> UInt64 {
        try buffer.withLock { buffer throws(LogError) in
            try buffer.check(records)
            var last = buffer.nextSequence - 1
            for record in records { last = try buffer.append(record) }
            return last
        }
    }

    /// Throws where these records could not be appended now.
    package func check(_ records: [[UInt8]]) throws(LogError) {
        try buffer.withLock { buffer throws(LogError) in try buffer.check(records) }
    }

    /// Adds records that `check` let pass, or fewer bytes in their place, before anybody else added some.
    package func append(checked records: [[UInt8]]) {
        buffer.withLock { buffer in for record in records { buffer.add(record) } }
    }

    /// Writes what was appended and, unless told otherwise, waits until it is durable. Returns the durable sequence.
    ///
    /// A failed commit loses nothing that is still in memory: the next one tries again, in a new file where the
    /// disk failed to synchronise, since pages that failed once may be lost silently the second time.
    @discardableResult
    package func commit(synchronize: Bool = true) throws(LogError) -> UInt64 {
        try writer.withLock { writer throws(LogError) in
            writer.unsynchronized += buffer.withLock { $0.take() }
            let durable = try write(&writer, synchronize: synchronize)
            return buffer.withLock { buffer in
                if synchronize { buffer.durableSequence = max(buffer.durableSequence, durable) }
                buffer.takenByteCount = writer.unsynchronized.reduce(0) { $0 + $1.raw.count }
                return buffer.durableSequence
            }
        }
    }

    private func write(_ writer: inout LogWriter, synchronize: Bool) throws(LogError) -> UInt64 {
        do {
            return try writer.write(synchronize: synchronize)
        } catch {
            guard error.isDiskFull, let reserve, reserve.release() else { throw error }
            return try writer.write(synchronize: synchronize)
        }
    }

    /// Reads the records from `sequence` on that were written so far, in order. Commits wait meanwhile only to
    /// learn where to stop. What `body` throws ends the pass.
    @discardableResult
    package func forEach(
        from sequence: UInt64 = 0, _ body: (UInt64, [UInt8]) throws -> Void
    ) throws -> LogReport {
        let segments = writer.withLock { $0.readable }
        let report = try LogPass.read(disk, folder, segments, from: sequence, body)
        if report.records > 0 {
            // A file that was given up may reach further than the last one; what it holds is not numbered again.
            writer.withLock { $0.lastByFile.merge(report.lastByFile) { max($0, $1) } }
            skip(to: report.lastSequence + 1)
        }
        return report
    }

    /// Sets these damaged files aside once nothing in them is needed, instead of deleting them.
    package func quarantine(_ paths: Set<String>) {
        writer.withLock { $0.quarantined.formUnion(paths) }
    }

    /// Deletes the files that hold nothing from `sequence` on.
    package func truncate(below sequence: UInt64) throws(LogError) {
        try writer.withLock { writer throws(LogError) in try writer.truncate(below: sequence) }
    }

    /// Makes the next record's sequence at least `sequence`, for an owner whose snapshot is ahead of a damaged log.
    package func skip(to sequence: UInt64) {
        writer.withLock { writer in
            buffer.withLock { $0.skip(to: sequence) }
            writer.startNewSegment(firstSequence: sequence)
        }
    }
}

/// What was appended and not yet handed to the writer.
struct LogBuffer: Sendable {
    private(set) var nextSequence: UInt64
    var durableSequence: UInt64 = 0
    /// Bytes that the writer holds and has not made durable.
    var takenByteCount = 0
    private var frames: [Frame] = []
    private var frameByteCount = 0
    private let limit: Int

    init(nextSequence: UInt64, limit: Int) {
        self.nextSequence = nextSequence
        self.limit = limit
    }

    var pendingByteCount: Int { takenByteCount + frameByteCount }

    func check(_ records: [[UInt8]]) throws(LogError) {
        var total = 0
        for record in records {
            guard record.count <= FrameFormat.longestRecord else {
                throw .recordTooLong(count: record.count, limit: FrameFormat.longestRecord)
            }
            total += record.count + 5
        }
        guard pendingByteCount + total <= limit else { throw .full(limit: limit) }
    }

    mutating func append(_ record: [UInt8]) throws(LogError) -> UInt64 {
        guard record.count <= FrameFormat.longestRecord else {
            throw .recordTooLong(count: record.count, limit: FrameFormat.longestRecord)
        }
        guard pendingByteCount + record.count <= limit else { throw .full(limit: limit) }
        return add(record)
    }

    @discardableResult
    mutating func add(_ record: [UInt8]) -> UInt64 {
        if frames.last.map({ $0.raw.count >= FrameFormat.frameTarget }) ?? true {
            frames.append(Frame(firstSequence: nextSequence))
        }
        frames[frames.count - 1].append(record)
        frameByteCount += record.count
        nextSequence += 1
        return nextSequence - 1
    }

    mutating func take() -> [Frame] {
        let taken = frames
        frames = []
        takenByteCount += frameByteCount
        frameByteCount = 0
        return taken
    }

    mutating func skip(to sequence: UInt64) {
        guard sequence > nextSequence, frames.isEmpty else { return }
        nextSequence = sequence
    }
}
