import Fleet
import TimeSeries

/// Every command that is not certainly over, and the last ones that are.
package struct IntentLedger: Hashable, Sendable, Codable {
    /// How many ended commands are remembered, for people.
    package static let keptClosed = 100

    package private(set) var open: [String: Intent] = [:]
    /// Oldest first.
    package private(set) var closed: [Intent] = []

    /// In the order of their issue.
    package var sortedOpen: [Intent] {
        open.values.sorted { ($0.issuedAt, $0.id.count, $0.id) < ($1.issuedAt, $1.id.count, $1.id) }
    }

    mutating func intend(_ command: Command, generation: UInt64) {
        open[command.id] = Intent(command, generation: generation)
    }

    mutating func update(_ id: String, to state: Intent.State) {
        guard var intent = open[id] else { return }
        intent.state = state
        if state.isOpen {
            open[id] = intent
            return
        }
        open[id] = nil
        closed.append(intent)
        if closed.count > Self.keptClosed { closed.removeFirst(closed.count - Self.keptClosed) }
    }

    /// Replicas that a command on its way may remove.
    var stopping: Set<ReplicaID> {
        Set(
            open.values.compactMap { intent in
                if case .stop(let replica, _, _) = intent.subject { replica } else { nil }
            })
    }

    func isOpen(_ matches: (Intent.Subject) -> Bool) -> Bool { open.values.contains { matches($0.subject) } }
}

extension IntentLedger: ClockBound {
    package mutating func clockStepped(by step: Duration) { open.clockStepped(by: step) }
}
