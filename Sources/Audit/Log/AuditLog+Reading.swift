package import Control
import Documents
import Fleet
import Journal
import Scaling
import Synchronization

/// A leaf with its place in the log.
package struct IndexedRecord: Hashable, Sendable, Codable {
    package var index: Int
    package var record: AuditRecord

    package init(index: Int, record: AuditRecord) {
        self.index = index
        self.record = record
    }
}

extension AuditLog {
    private struct Enough: Error {}

    /// At most `count` leaves from `index` on, ascending.
    package func entries(from index: Int, count: Int) throws -> [IndexedRecord] {
        let (cached, start) = state.withLock { state -> ([IndexedRecord]?, UInt64?) in
            let size = state.tree.count
            guard index >= 0, index < size, count > 0 else { return ([], nil) }
            let firstRecent = size - state.recent.count
            guard index < firstRecent else {
                let found = state.recent.dropFirst(index - firstRecent).prefix(count)
                return (found.enumerated().map { IndexedRecord(index: index + $0, record: $1) }, nil)
            }
            return (nil, state.sequences[index])
        }
        if let cached { return cached }
        guard let start else { return [] }
        var found: [IndexedRecord] = []
        do {
            try log.forEach(from: start) { _, record in
                guard let bytes = JournalRecord.leafBytes(record) else { return }
                let leaf = try CanonicalJSON.decode(AuditRecord.self, from: bytes)
                found.append(IndexedRecord(index: index + found.count, record: leaf))
                if found.count == count { throw Enough() }
            }
        } catch is Enough {}
        return found
    }

    /// The newest leaves first, older than `before` where given, that `matches` accepts; looks at `reach` leaves at most.
    package func newest(
        _ count: Int, before: Int? = nil, reach: Int = 10_000,
        where matches: (AuditEntry) -> Bool = { _ in true }
    ) throws -> [IndexedRecord] {
        var end = min(before ?? .max, self.count)
        let floor = max(0, end - reach)
        var found: [IndexedRecord] = []
        while end > floor, found.count < count {
            let start = max(floor, end - Self.keptRecent)
            let page = try entries(from: start, count: end - start)
            found += page.reversed().filter { matches($0.record.entry) }
            end = start
        }
        return Array(found.prefix(count))
    }

    /// The leaf of an entry, such as `d3-17`; nil where there is none.
    package func entry(_ id: String) throws -> IndexedRecord? {
        let parts = id.dropFirst().split(separator: "-")
        guard id.hasPrefix("d"), parts.count == 2, let epoch = UInt64(parts[0]), let number = Int(parts[1]),
            number > 0,
            let first = state.withLock({ $0.epochs.last { $0.epoch == epoch }?.first })
        else { return nil }
        let found = try entries(from: first + number - 1, count: 1).first
        return found?.record.entry.id == id ? found : nil
    }

    /// An entry by its id, `last` for the newest decision, or a name for the newest about it: the decision of an active
    /// policy before one that is recorded only, that before anything else; of a workload, else of a policy, else of a node.
    package func entry(named name: String) throws -> IndexedRecord? {
        if let found = try entry(name) { return found }
        let isAny = name == "last"
        let wishes: [(AuditEntry) -> Bool] = [
            { $0.decision?.isInEffect == true && (isAny || $0.workload?.name == name) },
            { $0.decision != nil && (isAny || $0.decision?.policy == name) },
            { $0.decision != nil && $0.workload?.name == name },
            { $0.workload?.name == name || $0.node?.name == name },
        ]
        // All in one walk: the newest that meets no better wish, by wish.
        var others = [String?](repeating: nil, count: wishes.count)
        let best = try newest(1) { entry in
            guard let wish = wishes.firstIndex(where: { $0(entry) }) else { return false }
            if others[wish] == nil { others[wish] = entry.id }
            return wish == 0
        }
        return try best.first ?? others.lazy.compactMap { $0 }.first.flatMap { try entry($0) }
    }

    package func inclusionProof(of index: Int) -> [MerkleHash]? {
        state.withLock { state in
            guard index >= 0, index < state.tree.count else { return nil }
            return state.tree.inclusionProof(of: index, in: state.tree.count)
        }
    }

    package func consistencyProof(from old: Int, to new: Int) -> [MerkleHash]? {
        state.withLock { state in
            guard old >= 0, old <= new, new <= state.tree.count else { return nil }
            return state.tree.consistencyProof(from: old, to: new)
        }
    }

    /// The leaf that a record of the journal holds; nil where it holds events.
    /// - Throws: `DecodingError` for a leaf that cannot be read.
    package static func leaf(of record: [UInt8]) throws -> AuditRecord? {
        try JournalRecord.leafBytes(record).map { try CanonicalJSON.decode(AuditRecord.self, from: $0) }
    }

    /// Hands out every batch of events after a sequence, in order, with the sequence of each.
    package func replay(after sequence: UInt64, _ body: (UInt64, EventRecord) throws -> Void) throws {
        try log.forEach(from: sequence + 1) { found, record in
            guard found > sequence, JournalRecord.isEvents(record) else { return }
            try body(found, try JournalRecord.decodeEvents(record))
        }
    }
}

extension AuditLog {
    /// Appends the leaves of a batch that a crash tore off its end; returns how many there were. Only for the last batch.
    package func complete(_ batch: EventRecord, at sequence: UInt64, effects: [Effect]) throws -> Int {
        let entries = effects.compactMap { if case .record(let entry) = $0 { entry } else { nil } }
        let present = state.withLock { $0.sequences.reversed().prefix { $0 > sequence }.count }
        guard present < entries.count else { return 0 }
        let evidence = MerkleHash(sha256: JournalRecord.encode(events: batch)).description
        let encoded = entries.dropFirst(present).map {
            AuditRecord(entry: $0, evidence: evidence, sequence: sequence).encoded
        }
        let last = try log.append(encoded.map(JournalRecord.encode(leaf:)))
        try log.commit()
        try state.withLock { state in
            for (offset, bytes) in encoded.enumerated() {
                try state.add(bytes, sequence: last - UInt64(encoded.count - 1 - offset))
            }
        }
        try leaves.extend(to: state.withLock { $0.tree })
        return encoded.count
    }
}
