package import Control
import Documents
package import Journal
import Synchronization
package import TimeSeries

/// The journal of everything that happened to the control loop, and the Merkle log of everything it decided, in one log with
/// one commit: a decision and its evidence are durable together before anything acts.
///
/// Below its folder: `journal/` (the records), `leaves` (32 bytes a leaf, which lets a verifier name the first bad one) and
/// `checkpoint` (the last head that was published).
package final class AuditLog: Sendable {
    struct State {
        var tree = MerkleTree()
        /// The journal sequence of each leaf.
        var sequences: [UInt64] = []
        /// The index of the first leaf of each epoch, ascending.
        var epochs: [(epoch: UInt64, first: Int)] = []
        /// The index of the first leaf of each configuration generation, ascending.
        var generations: [(generation: UInt64, first: Int)] = []
        /// The newest leaves, for those who look often.
        var recent: [AuditRecord] = []
        var published: Checkpoint?
    }

    static let keptRecent = 512

    let log: Log
    let disk: any Disk
    let folder: String
    package let origin: String
    private let signer: NoteSigner?
    let leaves: LeafFile
    let state: Mutex<State>
    /// What the journal lost to damage before it was opened; empty where nothing is missing.
    package let losses: [String]

    /// Opens the log in a folder, or begins one. What it must write when the disk is full takes the space of the reserve.
    /// - Throws: `AuditError.broken` where a leaf is not what it was: nothing may act on such a log.
    package init(
        disk: any Disk, folder: String = "control", origin: String = "flyball", signer: NoteSigner? = nil,
        reserve: DiskReserve? = nil
    ) throws {
        self.disk = disk
        self.folder = folder
        self.origin = origin
        self.signer = signer
        try disk.createFolder(folder)
        log = try Log(disk: disk, folder: folder + "/journal", reserve: reserve)
        let published = try Self.readCheckpoint(disk, folder)
        leaves = try LeafFile(disk: disk, path: folder + "/leaves", trusted: published?.size ?? 0)
        var state = State()
        var newest: [[UInt8]] = []
        let report = try log.forEach { sequence, record in
            guard let bytes = JournalRecord.leafBytes(record) else { return }
            try state.take(bytes, sequence: sequence)
            newest.append(bytes)
            if newest.count > 2 * Self.keptRecent { newest.removeFirst(Self.keptRecent) }
        }
        // Of the others only what finds them again is wanted: reading all of each would be most of an opening.
        try state.remember(newest)
        losses =
            report.gaps.map { "records \($0.lowerBound) to \($0.upperBound) are missing" }
            + report.damage.map { "\($0.path): \($0.length) unreadable bytes at \($0.offset)" }
        // Why it is not what it was.
        let cause = losses.isEmpty ? "" : " (\(losses.joined(separator: "; ")))"
        if let bad = try leaves.firstMismatch(state.tree) {
            throw AuditError.broken(index: bad, "the leaf is not the one that was recorded" + cause)
        }
        state.published = published
        if let published {
            guard published.size <= state.tree.count else {
                throw AuditError.broken(
                    index: state.tree.count,
                    "the checkpoint counts \(published.size) leaves, the log has fewer" + cause)
            }
            guard state.tree.root(published.size) == published.root else {
                throw AuditError.broken(
                    index: 0, "the log does not continue its checkpoint of size \(published.size)" + cause)
            }
        }
        try leaves.extend(to: state.tree)
        self.state = Mutex(state)
    }

    package var count: Int { state.withLock { $0.tree.count } }

    /// The sequence of the last journal record.
    package var lastSequence: UInt64 { log.nextSequence - 1 }

    /// Adds a batch of events and the leaves of what follows from it: all or, where it throws, nothing. Durable once
    /// `commit` returns. Returns the sequence of the batch.
    @discardableResult
    package func append(_ events: [Event], at: Timestamp, effects: [Effect]) throws(LogError) -> UInt64 {
        let record = JournalRecord.encode(events: EventRecord(at: at, events: events, effects: effects))
        let entries = effects.compactMap { if case .record(let entry) = $0 { entry } else { nil } }
        let sequence = log.nextSequence
        let evidence = MerkleHash(sha256: record).description
        let encoded = entries.map {
            AuditRecord(entry: $0, evidence: evidence, sequence: sequence).encoded
        }
        try log.append([record] + encoded.map(JournalRecord.encode(leaf:)))
        state.withLock { state in
            for (offset, bytes) in encoded.enumerated() {
                // What was just encoded decodes.
                try? state.add(bytes, sequence: sequence + 1 + UInt64(offset))
            }
        }
        return sequence
    }

    /// Makes everything that was appended durable, in one write. A failed commit loses nothing: the next one tries again.
    package func commit() throws(LogError) {
        try log.commit()
        // A cache of what the journal holds: rebuilt from it, should this fail.
        try? leaves.extend(to: state.withLock { $0.tree })
    }

    /// Writes the head to `checkpoint`, once it has grown. Only after a commit: the head must not be ahead of the log.
    package func publish() throws {
        let tree = state.withLock { $0.tree }
        let head = Checkpoint(origin: origin, size: tree.count, root: tree.root())
        guard state.withLock({ $0.published?.size ?? -1 }) < head.size else { return }
        // The head vouches for the file: it must hold as much, on the disk.
        try leaves.extend(to: tree)
        try leaves.synchronize()
        let path = folder + "/checkpoint"
        let file = try disk.open(path + ".new", create: true)
        try file.truncate(to: 0)
        try file.append(Array(head.note(signedBy: signer).utf8))
        try file.synchronize()
        file.close()
        try disk.rename(path + ".new", to: path)
        try disk.synchronizeFolder(folder)
        state.withLock { $0.published = head }
    }

    /// The head as it is now.
    package var checkpoint: Checkpoint {
        state.withLock { Checkpoint(origin: origin, size: $0.tree.count, root: $0.tree.root()) }
    }

    /// The head as a note, signed where there is a key.
    package var checkpointNote: String { checkpoint.note(signedBy: signer) }

    static func readCheckpoint(_ disk: any Disk, _ folder: String) throws -> Checkpoint? {
        let path = folder + "/checkpoint"
        guard disk.exists(path) else { return nil }
        let file = try disk.open(path, create: false)
        defer { file.close() }
        let bytes: [UInt8]
        do {
            bytes = try file.read(at: 0, count: 64 << 10)
        } catch {
            throw error.isUnreadable ? AuditError.unreadable(error) : error
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let checkpoint = Checkpoint(note: text) else {
            throw AuditError.broken(index: 0, "\(path) is not a checkpoint")
        }
        return checkpoint
    }
}

/// Why an audit log cannot be used.
package enum AuditError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The first leaf that is not what it was.
    case broken(index: Int, String)
    /// The disk cannot read the checkpoint.
    case unreadable(DiskError)

    package var description: String {
        switch self {
        case .broken(let index, let why):
            "the audit log is broken at entry \(index): \(why); keep the folder as evidence and begin a new one"
        case .unreadable(let error):
            "the checkpoint of the audit log is lost: \(error); put a copy of it back, or delete it: a new one is written then, and "
                + "nothing says any more that the log is the one that it was"
        }
    }
}

extension AuditLog.State {
    mutating func add(_ bytes: [UInt8], sequence: UInt64) throws {
        try take(bytes, sequence: sequence)
        try remember([bytes])
    }

    /// Takes a leaf into the tree and where it is found again by.
    fileprivate mutating func take(_ bytes: [UInt8], sequence: UInt64) throws {
        guard let numbers = LeafNumbers(bytes) else {
            throw AuditError.broken(index: tree.count, "not an audit entry")
        }
        if epochs.last?.epoch != numbers.epoch { epochs.append((numbers.epoch, tree.count)) }
        if generations.last?.generation != numbers.generation {
            generations.append((numbers.generation, tree.count))
        }
        tree.append(.leaf(bytes))
        sequences.append(sequence)
    }

    /// Keeps the last leaves that were taken for those who look often.
    fileprivate mutating func remember(_ leaves: [[UInt8]]) throws {
        for (offset, bytes) in leaves.enumerated() {
            do {
                recent.append(try CanonicalJSON.decode(AuditRecord.self, from: bytes))
            } catch {
                throw AuditError.broken(index: tree.count - leaves.count + offset, "not an audit entry")
            }
        }
        if recent.count > 2 * AuditLog.keptRecent { recent.removeFirst(AuditLog.keptRecent) }
    }
}
