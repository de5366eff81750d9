package import Control
import Documents
package import Journal
import Scaling
import Synchronization

extension AuditLog {
    private struct Found: Error {}

    /// What a scaling decision was made from: the measurement and memory in its evidence, the policy in its
    /// configuration. Nil for an entry without a decision, and for records that do not hold it.
    package func inputs(of leaf: IndexedRecord) throws -> DecisionCase? {
        guard let decision = leaf.record.entry.decision,
            let batch = try events(at: leaf.record.sequence),
            let inputs = batch.inputs?.first(where: { $0.policy == decision.policy }),
            batch.events.indices.contains(inputs.event),
            case .measured(let measurement) = batch.events[inputs.event],
            let policy = try policy(decision.policy, generation: leaf.record.entry.generation)
        else { return nil }
        return DecisionCase(
            policy: policy, measurement: measurement, counts: inputs.counts, memory: inputs.memory,
            now: decision.at)
    }

    private func events(at sequence: UInt64) throws -> EventRecord? {
        var batch: EventRecord?
        do {
            _ = try log.forEach(from: sequence) { found, record in
                if found == sequence, JournalRecord.isEvents(record) {
                    batch = try JournalRecord.decodeEvents(record)
                }
                throw Found()
            }
        } catch is Found {}
        return batch
    }

    /// Each generation begins with an entry about its configuration.
    private func policy(_ name: String, generation: UInt64) throws -> ScalingPolicy? {
        let index = state.withLock { state in state.generations.last { $0.generation == generation }?.first }
        guard let index, let first = try entries(from: index, count: 1).first?.record,
            let batch = try events(at: first.sequence)
        else { return nil }
        for case .configured(let configuration) in batch.events where configuration.generation == generation {
            return configuration.policies.first { $0.name == name }
        }
        return nil
    }
}

/// What a replay of the journal found.
package struct AuditReplay: Hashable, Sendable {
    package var batches = 0
    /// Entries that were computed again.
    package var entries = 0
    /// Those whose bytes are those of the log.
    package var identical = 0
    /// The entries that differ, by id or, where the log has none, as computed; at most twenty.
    package var differing: [String] = []
    /// The bytes of the entry that was asked for, as logged and as computed.
    package var logged: [UInt8]?
    package var computed: [UInt8]?

    package var isIdentical: Bool { differing.isEmpty && entries == identical }
}

extension AuditLog {
    /// Folds the journal from its beginning and compares every entry that follows, byte for byte, with the log. Reads
    /// only; may run beside the service.
    /// - Parameter entry: ends there and hands out both versions; nil for the whole journal.
    package static func replay(
        disk: any Disk, folder: String = "control", until entry: String? = nil
    ) throws -> AuditReplay {
        let log = try Log(disk: disk, folder: folder + "/journal")
        var walk = ReplayWalk(wanted: entry)
        do {
            _ = try log.forEach { sequence, record in
                if JournalRecord.isEvents(record) {
                    try walk.finish()
                    walk.step(try JournalRecord.decodeEvents(record), sequence)
                } else if let bytes = JournalRecord.leafBytes(record) {
                    walk.compare(Array(bytes))
                }
            }
            try walk.finish(isLast: true)
        } catch is ReplayWalk.Done {}
        return walk.result
    }
}

private struct ReplayWalk {
    struct Done: Error {}
    var result = AuditReplay()
    let wanted: String?
    private var loop = ControlLoop()
    private var expected: [(id: String, bytes: [UInt8])] = []
    private var hasFound = false

    init(wanted: String?) { self.wanted = wanted }

    mutating func step(_ batch: EventRecord, _ sequence: UInt64) {
        let effects = loop.step(batch.events, at: batch.at)
        var again = EventRecord(at: batch.at, events: batch.events, effects: effects)
        // Journals of before they held inputs.
        if batch.inputs == nil { again.inputs = nil }
        let evidence = MerkleHash(sha256: JournalRecord.encode(events: again)).description
        expected = effects.compactMap { effect in
            guard case .record(let entry) = effect else { return nil }
            return (
                entry.id, AuditRecord(entry: entry, evidence: evidence, sequence: sequence).encoded
            )
        }.reversed()
        result.batches += 1
    }

    mutating func compare(_ bytes: [UInt8]) {
        let next = expected.popLast()
        result.entries += 1
        if next?.bytes == bytes { result.identical += 1 } else { differ(next?.id ?? "an entry too many") }
        guard let wanted, next?.id == wanted else { return }
        result.logged = bytes
        result.computed = next?.bytes
        hasFound = true
    }

    private mutating func differ(_ id: String) {
        if result.differing.count < 20 { result.differing.append(id) }
    }

    /// - Parameter isLast: what a crash tore off the end is appended at the next start, and is no difference.
    mutating func finish(isLast: Bool = false) throws {
        if !isLast { for missing in expected { differ(missing.id) } }
        if hasFound { throw Done() }
    }
}
