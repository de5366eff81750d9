package import Actuation
package import Control
package import Fleet
import Synchronization
package import TimeSeries

/// Takes every command, writes it down and changes nothing. Shows the inventory of the backend that it stands in
/// front of, or an empty one, so that decisions can be watched before they are let loose.
package final class DryRunBackend: NodeBackend {
    private struct State {
        var ledger = CommandLedger()
        var recorded: [Command] = []
    }

    package static let capacity = 1000
    package let kind = "dry-run"
    private let observed: (any NodeBackend)?
    private let clock: any Clock
    private let record: @Sendable (Command) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - observed: Whose inventory is shown; never commanded.
    ///   - record: Told of each command once, when it arrives.
    package init(
        observing observed: (any NodeBackend)?, clock: any Clock,
        record: @escaping @Sendable (Command) -> Void = { _ in }
    ) {
        self.observed = observed
        self.clock = clock
        self.record = record
    }

    /// The last commands, the oldest first.
    package var recorded: [Command] { state.withLock { $0.recorded } }

    package func capabilities() async -> BackendCapabilities {
        var capabilities =
            await observed?.capabilities()
            ?? BackendCapabilities(placement: true, nodes: true, idempotent: true, fencing: true)
        capabilities.idempotent = true
        capabilities.fencing = true
        return capabilities
    }

    package func inventory() async throws(BackendError) -> Inventory {
        if let observed { return try await observed.inventory() }
        return Inventory(
            observedAt: clock.now, nodes: [], replicas: [], epoch: state.withLock { $0.ledger.epoch })
    }

    package func perform(_ command: Command) async throws(BackendError) {
        let now = clock.now
        let verdict = state.withLock { state in
            let verdict = state.ledger.judge(command, at: now)
            if verdict == .new {
                state.ledger.record(command)
                state.recorded.append(command)
                if state.recorded.count > Self.capacity { state.recorded.removeFirst() }
            }
            return verdict
        }
        switch verdict {
        case .new: record(command)
        case .repeated: break
        case .rejected(let error): throw error
        }
    }

    package func changes() -> AsyncStream<Void> {
        observed?.changes() ?? AsyncStream { $0.finish() }
    }
}
