package import Control
import Documents
import Fleet
import Scaling
package import TimeSeries

/// A batch of events as it is journaled: what replay needs.
package struct EventRecord: Hashable, Sendable, Codable {
    package var at: Timestamp
    package var events: [Event]
    /// What the decisions about them were made from; nil where there are none.
    package var inputs: [DecisionInputs]?

    package init(at: Timestamp, events: [Event], inputs: [DecisionInputs]? = nil) {
        self.at = at
        self.events = events
        self.inputs = inputs
    }

    /// The record of a batch with what follows from it.
    package init(at: Timestamp, events: [Event], effects: [Effect]) {
        let inputs = effects.compactMap { if case .evidence(let inputs) = $0 { inputs } else { nil } }
        self.init(at: at, events: events, inputs: inputs.isEmpty ? nil : inputs)
    }
}

/// A leaf of the audit log: an entry and the journal record that is its evidence.
package struct AuditRecord: Hashable, Sendable, Codable {
    package var entry: AuditEntry
    /// SHA-256 of the journal record that holds the events, in hexadecimal.
    package var evidence: String
    /// The sequence of that record in the journal.
    package var sequence: UInt64

    package init(entry: AuditEntry, evidence: String, sequence: UInt64) {
        self.entry = entry
        self.evidence = evidence
        self.sequence = sequence
    }

    /// The most bytes of a leaf.
    package static let maxBytes = 16 << 10

    /// The bytes that are hashed. An entry that would be too large loses its reasons and then its commands' details, and
    /// says so: its evidence still holds all.
    var encoded: [UInt8] {
        let bytes = CanonicalJSON.encode(self)
        guard bytes.count > Self.maxBytes else { return bytes }
        var short = self
        short.entry.reasons = ["shortened: the evidence holds the reasons"]
        short.entry.decision?.reasons.removeAll()
        short.entry.commands = entry.commands.prefix(8).map(\.withoutDetails)
        return CanonicalJSON.encode(short)
    }
}

extension Command {
    fileprivate var withoutDetails: Command {
        guard case .start(let replica, var workload, let node) = action else { return self }
        workload.command = ["shortened"]
        workload.environment = [:]
        workload.labels = [:]
        workload.placement = .init()
        var copy = self
        copy.action = .start(replica: replica, workload: workload, node: node)
        return copy
    }
}

/// What a record of the journal holds, told by its first byte.
enum JournalRecord {
    case events(EventRecord)
    case leaf(AuditRecord)

    private static let eventsMark = UInt8(ascii: "E")
    private static let leafMark = UInt8(ascii: "A")

    static func encode(events: EventRecord) -> [UInt8] { [eventsMark] + CanonicalJSON.encode(events) }
    static func encode(leaf: [UInt8]) -> [UInt8] { [leafMark] + leaf }

    /// The payload of a leaf; nil for another record.
    static func leafBytes(_ record: [UInt8]) -> [UInt8]? {
        record.first == leafMark ? Array(record.dropFirst()) : nil
    }

    static func isEvents(_ record: [UInt8]) -> Bool { record.first == eventsMark }

    static func decodeEvents(_ record: [UInt8]) throws -> EventRecord {
        try CanonicalJSON.decode(EventRecord.self, from: Array(record.dropFirst()))
    }
}
