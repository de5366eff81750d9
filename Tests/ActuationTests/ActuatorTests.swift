import Actuation
import Control
import Fleet
import Synchronization
import Testing
import TimeSeries

@Suite struct ActuatorTests {
    /// Answers from a list, then yes; can be held up.
    private final class ScriptedBackend: NodeBackend {
        let kind = "scripted"
        let isIdempotent: Bool
        let answers: Mutex<[BackendError]>
        let calls = Mutex<[String]>([])
        let gate: AsyncStream<Void>?

        init(_ answers: [BackendError] = [], idempotent: Bool = true, gate: AsyncStream<Void>? = nil) {
            self.answers = Mutex(answers)
            isIdempotent = idempotent
            self.gate = gate
        }

        func capabilities() async -> BackendCapabilities {
            BackendCapabilities(placement: true, nodes: true, idempotent: isIdempotent, fencing: true)
        }

        func inventory() async throws(BackendError) -> Inventory { throw .unavailable("none") }
        func changes() -> AsyncStream<Void> { AsyncStream { $0.finish() } }

        func perform(_ command: Command) async throws(BackendError) {
            calls.withLock { $0.append(command.id) }
            if let gate { for await _ in gate { break } }
            let answer = answers.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            if let answer { throw answer }
        }
    }

    /// Runs an actuator until it has reported as many commands as were submitted.
    private func outcomes(
        _ commands: [Command], on backend: any NodeBackend, clock: ManualClock = ManualClock(now: begin),
        objection: @escaping @Sendable (Command) -> String? = { _ in nil },
        whileRunning: @escaping @Sendable () async -> Void = {}
    ) async -> [Actuator.Report] {
        let (stream, continuation) = AsyncStream<Actuator.Report>.makeStream()
        let actuator = Actuator(
            backend: backend, clock: clock, random: { 0 }, objection: objection,
            report: { continuation.yield($0) })
        for command in commands { #expect(actuator.submit(command) == nil) }
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await actuator.run() }
            group.addTask { await whileRunning() }
            var reports: [Actuator.Report] = []
            for await report in stream {
                reports.append(report)
                if reports.count == commands.count { break }
            }
            group.cancelAll()
            return reports
        }
    }

    @Test func `an accepted command is done`() async {
        let reports = await outcomes([start("web-1")], on: ScriptedBackend())

        #expect(reports.map(\.outcome) == [.done])
        #expect(reports.map(\.attempts) == [1])
    }

    @Test func `an unreachable backend is tried again`() async {
        let backend = ScriptedBackend([.unavailable("down"), .ambiguous("reset")])

        let reports = await outcomes([start("web-1")], on: backend)

        #expect(reports.map(\.outcome) == [.done])
        #expect(reports.map(\.attempts) == [3])
    }

    @Test func `a lost answer of a backend that is not idempotent is unknown`() async {
        let reports = await outcomes(
            [start("web-1")], on: ScriptedBackend([.ambiguous("reset")], idempotent: false))

        #expect(reports.map(\.outcome) == [.unknown("reset")])
    }

    @Test func `a command whose ground has gone is not sent`() async {
        let backend = ScriptedBackend()

        let reports = await outcomes([start("web-1")], on: backend, objection: { _ in "the lease is lost" })

        #expect(reports.map(\.outcome) == [.superseded("the lease is lost")])
        #expect(backend.calls.withLock { $0 }.isEmpty)
    }

    @Test func `a backend that does not answer by the deadline leaves the outcome unknown`() async {
        let clock = ManualClock(now: begin)
        let (gate, opener) = AsyncStream<Void>.makeStream()
        let backend = ScriptedBackend(gate: gate)

        let reports = await outcomes(
            [start("web-1")], on: backend, clock: clock,
            whileRunning: {
                while clock.nextDeadline == nil { await Task.yield() }
                clock.advance(by: .seconds(11))
            })

        #expect(reports.map(\.outcome) == [.unknown("no answer before the deadline")])
        opener.finish()
    }

    @Test func `commands about one replica are performed in their order`() async {
        let backend = ScriptedBackend([.unavailable("down")])
        let commands = [start("web-1", id: "a"), stop("web-1", id: "b"), stop("web-1", id: "c")]

        let reports = await outcomes(commands, on: backend)

        #expect(reports.map(\.command.id) == ["a", "b", "c"])
        #expect(backend.calls.withLock { $0 } == ["a", "a", "b", "c"])
    }

    @Test func `a full queue refuses`() {
        let actuator = Actuator(
            backend: ScriptedBackend(), clock: ManualClock(now: begin),
            options: Actuator.Options(queueLength: 1), report: { _ in })

        #expect(actuator.submit(start("web-1")) == nil)
        #expect(actuator.submit(start("web-2")) == .failed("1 commands are waiting already"))
        #expect(actuator.statistics.queued == 1)
    }

    @Test func `what waits at the end is superseded`() async {
        let (stream, continuation) = AsyncStream<Actuator.Report>.makeStream()
        let actuator = Actuator(
            backend: ScriptedBackend(), clock: ManualClock(now: begin),
            options: Actuator.Options(concurrency: 0), report: { continuation.yield($0) })
        #expect(actuator.submit(start("web-1")) == nil)

        let run = Task { await actuator.run() }
        run.cancel()
        await run.value
        continuation.finish()

        var outcomes: [Outcome] = []
        for await report in stream { outcomes.append(report.outcome) }
        #expect(outcomes == [.superseded("the service is stopping")])
    }
}
