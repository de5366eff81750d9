package import Control
package import Fleet
import Synchronization
package import TimeSeries

/// A backend over a `VirtualFleet`, for simulations and tests: it reads the time from its clock and does what it is
/// told to do wrong.
package final class InMemoryBackend: NodeBackend {
    /// Calls that go wrong, counted down as they happen.
    package struct Faults: Hashable, Sendable {
        /// Commands that take effect but whose answer is lost.
        package var lostReplies = 0
        /// Commands that do not arrive.
        package var refusedConnections = 0
        /// Commands that are answered with yes and forgotten.
        package var lies = 0
        /// Inventories that fail.
        package var failedInventories = 0

        package init() {}
    }

    private struct State {
        var fleet: VirtualFleet
        var faults = Faults()
        var received: [Command] = []
        var listeners: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var nextListener: UInt64 = 0

        /// Nil for yes.
        mutating func perform(_ command: Command, at now: Timestamp) -> BackendError? {
            if faults.refusedConnections > 0 {
                faults.refusedConnections -= 1
                return .unavailable("the connection was refused as planned")
            }
            received.append(command)
            if faults.lies > 0 {
                faults.lies -= 1
                return nil
            }
            do {
                try fleet.perform(command, at: now)
            } catch {
                return error
            }
            guard faults.lostReplies > 0 else { return nil }
            faults.lostReplies -= 1
            return .ambiguous("the answer was lost as planned")
        }
    }

    package let kind = "memory"
    private let clock: any Clock
    private let state: Mutex<State>

    package init(clock: any Clock, fleet: VirtualFleet = VirtualFleet()) {
        self.clock = clock
        state = Mutex(State(fleet: fleet))
    }

    /// Every command that arrived, in order, repeats included.
    package var received: [Command] { state.withLock { $0.received } }

    /// The fleet as it is at this moment, seen or unseen.
    package var truth: VirtualFleet {
        let now = clock.now
        return state.withLock { state in
            state.fleet.advance(to: now)
            return state.fleet
        }
    }

    /// Plans what goes wrong.
    package func plan(_ change: (inout Faults) -> Void) { state.withLock { change(&$0.faults) } }

    /// Changes the fleet behind the back of whoever commands it.
    package func disturb(_ change: (inout VirtualFleet, Timestamp) -> Void) {
        let now = clock.now
        announce(
            state.withLock { state in
                state.fleet.advance(to: now)
                change(&state.fleet, now)
                return Array(state.listeners.values)
            })
    }

    package func capabilities() async -> BackendCapabilities {
        BackendCapabilities(
            placement: true, nodes: true, idempotent: true, fencing: true,
            limits: ["cpu": "virtual", "memory": "virtual"])
    }

    package func inventory() async throws(BackendError) -> Inventory {
        let now = clock.now
        let inventory: Inventory? = state.withLock { state in
            if state.faults.failedInventories > 0 {
                state.faults.failedInventories -= 1
                return nil
            }
            return state.fleet.inventory(at: now)
        }
        guard let inventory else { throw .unavailable("the inventory failed as planned") }
        return inventory
    }

    package func perform(_ command: Command) async throws(BackendError) {
        let now = clock.now
        let (result, listeners) = state.withLock { state in
            (state.perform(command, at: now), Array(state.listeners.values))
        }
        announce(listeners)
        if let error = result { throw error }
    }

    package func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.nextListener += 1
            state.listeners[state.nextListener] = continuation
            return state.nextListener
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.listeners.removeValue(forKey: id) }
        }
        return stream
    }

    private func announce(_ listeners: [AsyncStream<Void>.Continuation]) {
        for listener in listeners { listener.yield() }
    }
}
