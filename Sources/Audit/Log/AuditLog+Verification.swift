import Documents
package import Journal

/// What a walk over the whole log found.
package struct AuditVerification: Hashable, Sendable {
    package var entries = 0
    package var root = MerkleHash.empty
    /// The size of the checkpoint that was compared; nil where none is published.
    package var checkpointSize: Int?
    /// The first entry that is wrong, and how; nil where all is well.
    package var firstBad: Int?
    package var problems: [String] = []
    /// The one of them that a crash leaves as well: a write at the very end that was never acknowledged.
    package var tornEnd: String?

    package var isIntact: Bool { problems.isEmpty }
}

extension AuditLog {
    /// Checks each leaf against its hash, its evidence against the journal, and the head against the checkpoint. Reads
    /// only; may run beside the service.
    /// - Parameter verifier: Whose signature the checkpoint must bear; nil to accept any.
    package static func verify(
        disk: any Disk, folder: String = "control", verifier: NoteVerifier? = nil
    ) throws -> AuditVerification {
        var walk = VerificationWalk()
        let (hashes, lost) = try recordedHashes(disk, folder)
        if lost > 0 { walk.fail("the last \(lost) hashes of \(folder)/leaves cannot be read") }
        let places = Dictionary(hashes.enumerated().map { ($1, $0) }) { first, _ in first }
        let log = try Log(disk: disk, folder: folder + "/journal")
        let report = try log.forEach { sequence, record in walk.visit(record, sequence, hashes, places) }
        for torn in try tornEnd(disk, folder, report) {
            let problem =
                "the last \(torn.length) bytes of \(torn.path) cannot be read: changed, or torn by a crash since "
                + "which the service was not started"
            walk.fail(problem)
            walk.result.tornEnd = problem
        }
        for gap in report.gaps {
            walk.fail("records \(gap.lowerBound) to \(gap.upperBound) of the journal are missing")
        }
        if walk.tree.count < hashes.count {
            walk.fail(at: walk.tree.count, "\(hashes.count - walk.tree.count) entries are missing at the end")
        }
        walk.result.entries = walk.tree.count
        walk.result.root = walk.tree.root()
        do {
            try compareCheckpoint(disk, folder, verifier, &walk)
        } catch let error as AuditError {
            walk.fail("\(error)")
        }
        return walk.result
    }

    /// Unreadable bytes at the very end, where no later record shows a gap. Looked at twice: a service that writes
    /// meanwhile has finished by then.
    private static func tornEnd(
        _ disk: any Disk, _ folder: String, _ report: LogReport
    ) throws -> [DamagedRange] {
        guard !report.damage.isEmpty else { return [] }
        let log = try Log(disk: disk, folder: folder + "/journal")
        let again = try log.forEach(from: report.lastSequence) { _, _ in }
        guard again.lastSequence == report.lastSequence, again.unfollowedDamage > 0,
            let torn = again.damage.last, torn == report.damage.last
        else { return [] }
        let file = try disk.open(torn.path, create: false)
        defer { file.close() }
        return try file.length() == torn.offset + torn.length ? [torn] : []
    }

    /// The hashes that the checkpoint counts, and how many from the first on that cannot be read.
    private static func recordedHashes(
        _ disk: any Disk, _ folder: String
    ) throws -> (hashes: [MerkleHash], lost: Int) {
        let path = folder + "/leaves"
        guard disk.exists(path) else { return ([], 0) }
        let file = try disk.open(path, create: false)
        defer { file.close() }
        let trusted = (try? readCheckpoint(disk, folder))??.size ?? 0
        let count = min(trusted, try file.length() / MerkleHash.byteCount)
        let hashes = try LeafFile.read(file, count: count)
        return (hashes, count - hashes.count)
    }

    private static func compareCheckpoint(
        _ disk: any Disk, _ folder: String, _ verifier: NoteVerifier?, _ walk: inout VerificationWalk
    ) throws {
        guard let published = try readCheckpoint(disk, folder) else { return }
        walk.result.checkpointSize = published.size
        if published.size > walk.tree.count {
            walk.fail(at: walk.tree.count, "the checkpoint counts \(published.size) entries")
        } else if walk.tree.root(published.size) != published.root {
            walk.fail("the entries do not hash to the checkpoint of size \(published.size)")
        }
        guard let verifier else { return }
        let file = try disk.open(folder + "/checkpoint", create: false)
        defer { file.close() }
        let note = String(decoding: try file.read(at: 0, count: 64 << 10), as: UTF8.self)
        if !verifier.verify(note) { walk.fail("the checkpoint bears no valid signature of \(verifier.name)") }
    }
}

private struct VerificationWalk {
    var tree = MerkleTree()
    var result = AuditVerification()
    /// Hashes of the batches that leaves may still refer to.
    private var evidence: (sequence: UInt64, hash: String)?
    private static let mostProblems = 20

    mutating func fail(at index: Int? = nil, _ problem: String) {
        if let index {
            result.firstBad = min(result.firstBad ?? index, index)
            if result.problems.count < Self.mostProblems {
                result.problems.append("entry \(index): \(problem)")
            }
        } else if result.problems.count < Self.mostProblems {
            result.problems.append(problem)
        }
    }

    mutating func visit(
        _ record: [UInt8], _ sequence: UInt64, _ hashes: [MerkleHash], _ places: [MerkleHash: Int]
    ) {
        guard let bytes = JournalRecord.leafBytes(record) else {
            evidence = (sequence, MerkleHash(sha256: record).description)
            return
        }
        let hash = MerkleHash.leaf(bytes)
        if let place = places[hash], place > tree.count {
            // A lost stretch of the journal takes its entries along; those behind it are judged at their own place.
            for missing in tree.count..<place {
                fail(at: missing, "missing")
                tree.append(hashes[missing])
            }
        }
        let index = tree.count
        tree.append(hash)
        if index < hashes.count, hashes[index] != hash { fail(at: index, "not the entry that was recorded") }
        if bytes.count > AuditRecord.maxBytes { fail(at: index, "larger than \(AuditRecord.maxBytes) bytes") }
        guard let leaf = try? CanonicalJSON.decode(AuditRecord.self, from: bytes) else {
            return fail(at: index, "cannot be read")
        }
        if let evidence, evidence.sequence == leaf.sequence, evidence.hash != leaf.evidence {
            fail(at: index, "its evidence is not the journal's record \(leaf.sequence)")
        } else if evidence?.sequence != leaf.sequence {
            fail(at: index, "its evidence, the journal's record \(leaf.sequence), is missing")
        }
    }
}
