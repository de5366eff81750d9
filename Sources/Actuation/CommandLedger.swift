package import Control
import Fleet
package import TimeSeries

/// Which commands a backend has answered, and the highest epoch it has seen: what makes it idempotent and fenced.
/// A value: whoever owns one makes it durable before answering.
///
/// Remembers the last `capacity` commands and stops. A command that is older than that is also past its deadline,
/// which is a refusal of its own.
package struct CommandLedger: Hashable, Sendable, Codable {
    package static let capacity = 2048

    /// What is to be done with a command that came in.
    package enum Verdict: Hashable, Sendable {
        /// Not seen before: do it, then `record` it.
        case new
        /// Taken before under the same id: nothing to do, and it is done.
        case repeated
        case rejected(BackendError)
    }

    private struct Entry: Hashable, Sendable, Codable {
        var id: String
        /// Nil: taken.
        var refusal: String?
    }

    private struct Stop: Hashable, Sendable, Codable {
        var replica: ReplicaID
        var epoch: UInt64
        var issuedAt: Timestamp
    }

    package private(set) var epoch: UInt64
    private var entries: [Entry] = []
    private var stops: [Stop] = []

    package init(epoch: UInt64 = 0) { self.epoch = epoch }

    /// Judges a command and raises the epoch; a lower epoch is rejected even for an id that was taken, so that a
    /// deposed leader learns of it.
    package mutating func judge(_ command: Command, at now: Timestamp) -> Verdict {
        guard command.epoch >= epoch else { return .rejected(.fenced(seen: epoch)) }
        epoch = command.epoch
        if let entry = entries.last(where: { $0.id == command.id }) {
            return entry.refusal.map { .rejected(.refused($0)) } ?? .repeated
        }
        if command.deadline < now { return .rejected(.refused("arrived after its deadline")) }
        if case .start(let replica, _, _) = command.action, wasStoppedSince(command, replica) {
            return .rejected(.refused("replica \(replica) was stopped by a later command"))
        }
        return .new
    }

    /// Remembers the answer to a command that was `new`: nil for taken, else why it was refused.
    package mutating func record(_ command: Command, refusal: String? = nil) {
        entries.append(Entry(id: command.id, refusal: refusal))
        if entries.count > Self.capacity { entries.removeFirst(entries.count - Self.capacity) }
        if refusal == nil, case .stop(let replica, _, _, _) = command.action {
            stops.removeAll { $0.replica == replica }
            stops.append(Stop(replica: replica, epoch: command.epoch, issuedAt: command.issuedAt))
            if stops.count > Self.capacity { stops.removeFirst(stops.count - Self.capacity) }
        }
    }

    /// Learns of an epoch by other means than a command.
    package mutating func observe(epoch other: UInt64) { epoch = max(epoch, other) }

    /// Commands may overtake each other: a start that was issued before a stop that has been taken must not
    /// bring the replica back.
    private func wasStoppedSince(_ command: Command, _ replica: ReplicaID) -> Bool {
        guard let stop = stops.last(where: { $0.replica == replica }) else { return false }
        return (command.epoch, command.issuedAt) < (stop.epoch, stop.issuedAt)
    }
}
