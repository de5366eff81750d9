import Audit
import Control
import Documents
import Journal

/// The loop's memory as of one journal record, in a file: what is folded from there on at the next start.
struct ControlSnapshot: Codable {
    var sequence: UInt64
    var loop: ControlLoop

    static func path(_ folder: String) -> String { folder + "/snapshot" }

    /// Replaces the snapshot; the old one stays whole until the new one is durable.
    static func write(_ loop: ControlLoop, sequence: UInt64, _ disk: any Disk, _ folder: String) throws {
        let body = CanonicalJSON.encode(ControlSnapshot(sequence: sequence, loop: loop))
        let file = try disk.open(path(folder) + ".new", create: true)
        try file.truncate(to: 0)
        try file.append(Array(MerkleHash(sha256: body).description.utf8) + [UInt8(ascii: "\n")] + body)
        try file.synchronize()
        file.close()
        try disk.rename(path(folder) + ".new", to: path(folder))
        try disk.synchronizeFolder(folder)
    }

    /// Nil where there is none, or where it is damaged or the disk cannot read it: the journal then tells everything from its beginning.
    static func read(_ disk: any Disk, _ folder: String) throws -> ControlSnapshot? {
        guard disk.exists(path(folder)) else { return nil }
        let file = try disk.open(path(folder), create: false)
        defer { file.close() }
        let bytes = try file.readWithHoles(at: 0, count: try file.length())
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let body = Array(bytes[(end + 1)...])
        guard String(decoding: bytes[..<end], as: UTF8.self) == MerkleHash(sha256: body).description else {
            return nil
        }
        return try? CanonicalJSON.decode(ControlSnapshot.self, from: body)
    }

    /// Snapshot and journal, folded, and how many batches were folded. Leaves that a crash tore off the last batch are
    /// appended again.
    static func recover(
        _ audit: AuditLog, _ disk: any Disk, _ folder: String
    ) throws -> (state: ControlSnapshot, batches: Int) {
        var batches = 0
        var state = try read(disk, folder) ?? ControlSnapshot(sequence: 0, loop: ControlLoop())
        var last: (batch: EventRecord, effects: [Effect])?
        try audit.replay(after: state.sequence) { sequence, batch in
            last = (batch, state.loop.step(batch.events, at: batch.at))
            state.sequence = sequence
            batches += 1
        }
        if let last { _ = try audit.complete(last.batch, at: state.sequence, effects: last.effects) }
        return (state, batches)
    }
}
