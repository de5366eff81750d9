import Actuation
import Control
import TimeSeries

/// The power is cut in the middle of a step.
struct PowerCut: Error {}

/// Performs commands one after the other, with the attempts that the actuator would make, on virtual time.
struct Deliveries {
    private struct Delivery {
        var command: Command
        var attempts: Attempts
        var due: Timestamp
        /// Set once an answer was lost.
        var lost: Outcome?
    }

    private var waiting: [Delivery] = []
    private var random: SplitMix64
    /// The power goes after so many more commands have been taken by the backend; nil for never.
    var commandsUntilPowerCut: Int?

    init(random: SplitMix64) { self.random = random }

    var next: Timestamp? { waiting.map(\.due).min() }

    mutating func add(_ commands: [Command], at now: Timestamp) {
        waiting += commands.map {
            Delivery(command: $0, attempts: Attempts(limits: Attempts.Limits(), isIdempotent: true), due: now)
        }
    }

    /// Attempts what is due, in the order of the commands; returns how those that ended did.
    /// - Throws: `PowerCut` where one was planned.
    mutating func attemptDue(
        at now: Timestamp, on backend: any NodeBackend, objection: (Command) -> String?
    ) async throws(PowerCut) -> [(command: Command, outcome: Outcome)] {
        var ended: [(command: Command, outcome: Outcome)] = []
        var later: [Delivery] = []
        for delivery in waiting {
            guard delivery.due <= now else {
                later.append(delivery)
                continue
            }
            var delivery = delivery
            if let outcome = try await attempt(&delivery, at: now, on: backend, objection) {
                ended.append((delivery.command, outcome))
            } else {
                later.append(delivery)
            }
        }
        waiting = later
        return ended
    }

    private mutating func attempt(
        _ delivery: inout Delivery, at now: Timestamp, on backend: any NodeBackend,
        _ objection: (Command) -> String?
    ) async throws(PowerCut) -> Outcome? {
        let remaining = delivery.command.deadline - now
        if let why = objection(delivery.command) { return delivery.lost ?? .superseded(why) }
        guard remaining > .zero else { return delivery.lost ?? .failed("not sent before its deadline") }
        var problem: BackendError?
        do throws(BackendError) {
            try await backend.perform(delivery.command)
        } catch {
            problem = error
        }
        if let left = commandsUntilPowerCut {
            guard left > 1 else { throw PowerCut() }
            commandsUntilPowerCut = left - 1
        }
        switch delivery.attempts.next(after: problem, remaining: remaining, random: random.unit()) {
        case .finish(let outcome): return outcome
        case .retry(let delay):
            if case .ambiguous(let why) = problem { delivery.lost = .unknown(why) }
            delivery.due = now + max(.milliseconds(1), delay)
            return nil
        }
    }
}
