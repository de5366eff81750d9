package import Control
import Fleet
import Synchronization
package import TimeSeries

/// Performs commands on a backend: a bounded number at once, each until its deadline, those about the same replica or
/// node in the order in which they were submitted. Retries only what is safe to repeat, reports exactly one outcome
/// for each command it queued. Holds no policy and changes no command.
package final class Actuator: Sendable {
    package struct Options: Hashable, Sendable {
        package var concurrency: Int
        /// Commands that wait; one more is refused.
        package var queueLength: Int
        package var attempts: Attempts.Limits

        package init(
            concurrency: Int = 16, queueLength: Int = 1024, attempts: Attempts.Limits = Attempts.Limits()
        ) {
            self.concurrency = concurrency
            self.queueLength = queueLength
            self.attempts = attempts
        }
    }

    /// How one command ended.
    package struct Report: Hashable, Sendable {
        package var command: Command
        package var outcome: Outcome
        package var attempts: Int
        package var duration: Duration
    }

    package struct Statistics: Hashable, Sendable {
        package var queued = 0
        package var inFlight = 0
        package var done = 0
        package var failed = 0
        package var unknown = 0
        package var superseded = 0
        package var retries = 0
    }

    private struct State {
        var waiting: [Command] = []
        /// What the commands in flight are about.
        var busy: Set<String> = []
        var statistics = Statistics()
    }

    private let backend: any NodeBackend
    private let clock: any Clock
    private let options: Options
    private let random: @Sendable () -> Double
    private let objection: @Sendable (Command) -> String?
    private let report: @Sendable (Report) async -> Void
    private let state = Mutex(State())
    private let wake: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - random: A number in 0..<1 for the jitter of back-off.
    ///   - objection: Asked right before each attempt: why the command must not be sent any more (lost lease, stale
    ///     evidence, newer configuration), or nil.
    ///   - report: Called once for each queued command; awaited, so that a slow reader slows the sending.
    package init(
        backend: any NodeBackend, clock: any Clock, options: Options = Options(),
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        objection: @escaping @Sendable (Command) -> String? = { _ in nil },
        report: @escaping @Sendable (Report) async -> Void
    ) {
        self.backend = backend
        self.clock = clock
        self.options = options
        self.random = random
        self.objection = objection
        self.report = report
        (wake, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package var statistics: Statistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.queued = state.waiting.count
            statistics.inFlight = state.busy.count
            return statistics
        }
    }

    /// Queues a command without waiting. Nil where it was queued; else its outcome, and `report` is not called.
    package func submit(_ command: Command) -> Outcome? {
        let isQueued = state.withLock { state in
            guard state.waiting.count < options.queueLength else { return false }
            state.waiting.append(command)
            return true
        }
        guard isQueued else { return .failed("\(options.queueLength) commands are waiting already") }
        waker.yield()
        return nil
    }

    /// Performs what is submitted until cancelled. What then still waits is reported as superseded.
    package func run() async {
        // Asked once: whether repeats are safe does not change while a backend lives.
        let isIdempotent = await backend.capabilities().idempotent
        await withDiscardingTaskGroup { group in
            for await _ in wake {
                while let command = takeNext() {
                    group.addTask {
                        await self.report(self.perform(command, isIdempotent: isIdempotent))
                        self.finish(command)
                    }
                }
            }
        }
        for command in state.withLock({ state in
            defer { state.waiting = [] }
            return state.waiting
        }) {
            await report(
                Report(
                    command: command, outcome: .superseded("the service is stopping"), attempts: 0,
                    duration: .zero))
        }
    }

    private func takeNext() -> Command? {
        state.withLock { state in
            guard state.busy.count < options.concurrency else { return nil }
            var passedOver = state.busy
            for (index, command) in state.waiting.enumerated() {
                // A later command about the same thing must not overtake one that waits.
                guard passedOver.insert(command.subject).inserted else { continue }
                state.busy.insert(command.subject)
                return state.waiting.remove(at: index)
            }
            return nil
        }
    }

    private func finish(_ command: Command) {
        _ = state.withLock { $0.busy.remove(command.subject) }
        waker.yield()
    }

    private func perform(_ command: Command, isIdempotent: Bool) async -> Report {
        let begin = clock.uptime
        var attempts = Attempts(limits: options.attempts, isIdempotent: isIdempotent)
        let outcome = await attempt(command, &attempts)
        state.withLock { $0.statistics.count(outcome, retries: max(0, attempts.made - 1)) }
        return Report(
            command: command, outcome: outcome, attempts: attempts.made, duration: clock.uptime - begin)
    }

    private func attempt(_ command: Command, _ attempts: inout Attempts) async -> Outcome {
        var last: Outcome?
        while true {
            let remaining = command.deadline - clock.now
            if let why = objection(command) { return last ?? .superseded(why) }
            guard remaining > .zero else { return last ?? .failed("not sent before its deadline") }
            let error = await send(command, within: remaining)
            let left = command.deadline - clock.now
            switch attempts.next(after: error, remaining: left, random: random()) {
            case .finish(let outcome):
                return outcome
            case .retry(let delay):
                if case .ambiguous(let why) = error { last = .unknown(why) }
                do {
                    try await clock.sleep(for: delay)
                } catch {
                    return last ?? .failed("the service is stopping")
                }
            }
        }
    }

    /// Nil where the backend took it. A call that is cut off at the deadline is ambiguous.
    private func send(_ command: Command, within limit: Duration) async -> BackendError? {
        let backend = backend
        let clock = clock
        return await withTaskGroup(of: BackendError?.self) { group in
            group.addTask {
                do throws(BackendError) {
                    try await backend.perform(command)
                    return nil
                } catch {
                    return error
                }
            }
            group.addTask {
                try? await clock.sleep(for: limit)
                return .ambiguous("no answer before the deadline")
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }
}

extension Actuator.Statistics {
    fileprivate mutating func count(_ outcome: Outcome, retries: Int) {
        self.retries += retries
        switch outcome {
        case .done: done += 1
        case .failed: failed += 1
        case .unknown: unknown += 1
        case .superseded: superseded += 1
        }
    }
}

extension Command {
    /// What the command is about; two commands with the same subject are performed in order.
    fileprivate var subject: String {
        switch action {
        case .start(let replica, _, _), .stop(let replica, _, _, _), .resize(let replica, _, _, _, _):
            "replica \(replica)"
        case .startNode(let spec): "node \(spec.id)"
        case .stopNode(let node): "node \(node)"
        }
    }
}
