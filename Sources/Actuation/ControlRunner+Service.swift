package import Control
package import Fleet
import Synchronization
package import TimeSeries

extension ControlRunner {
    /// Runs until cancelled: asks the backend for inventories, ticks, and hands commands out.
    /// - Parameter execute: Takes a command without waiting; nil where it did, else the outcome (`Actuator.submit`).
    ///   Outcomes of what it took come back through `submit`.
    package func run(
        backend: any NodeBackend, clock: any Clock, interval: Duration = .seconds(1),
        execute: @escaping @Sendable (Command) -> Outcome?
    ) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.observe(backend, clock, interval) }
            group.addTask { await self.tick(clock, interval) }
            group.addTask { await self.decide(clock, execute) }
        }
    }

    private func decide(_ clock: any Clock, _ execute: @Sendable (Command) -> Outcome?) async {
        var watch = ClockWatch(clock)
        for await _ in wake {
            var events = drain()
            guard !events.isEmpty else { continue }
            let now = clock.now
            if let step = watch.step(to: now, uptime: clock.uptime) {
                events.insert(.clockStepped(by: step), at: 0)
            }
            do {
                for command in try await runBatch(events, at: now) {
                    if let outcome = execute(command) { submit(.outcome(command: command.id, outcome)) }
                }
            } catch {
                // The events are queued again; the disk gets a moment.
                try? await clock.sleep(for: .seconds(1))
            }
            if Task.isCancelled { return }
        }
    }

    private func tick(_ clock: any Clock, _ interval: Duration) async {
        while (try? await clock.sleep(for: interval)) != nil { submit(.tick) }
    }

    /// Observes at every interval, and at once when the backend hints that something changed.
    private func observe(_ backend: any NodeBackend, _ clock: any Clock, _ interval: Duration) async {
        let (hints, hint) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        hint.yield()
        await withDiscardingTaskGroup { group in
            group.addTask { for await _ in backend.changes() { hint.yield() } }
            group.addTask {
                while (try? await clock.sleep(for: interval)) != nil { hint.yield() }
                hint.finish()
            }
            group.addTask {
                var last: Inventory?
                for await _ in hints {
                    do {
                        let inventory = try await backend.inventory()
                        let isTaken = self.submit(Self.observation(of: inventory, after: last))
                        last = isTaken ? inventory : nil
                    } catch {
                        self.counters.withLock { $0.failedInventories += 1 }
                    }
                    // Hints may come in swarms.
                    try? await clock.sleep(for: .milliseconds(50))
                }
            }
        }
    }

    /// The shortest event that says what was seen.
    package static func observation(of inventory: Inventory, after last: Inventory?) -> Event {
        guard var same = last else { return .observed(inventory) }
        same.observedAt = inventory.observedAt
        return same == inventory ? .observedUnchanged(at: inventory.observedAt) : .observed(inventory)
    }
}
