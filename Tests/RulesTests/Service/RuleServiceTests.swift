import PromQL
import Synchronization
import Testing
import TimeSeries

@testable import Rules

@Suite struct RuleServiceTests {
    /// A service that runs on a clock moved by hand.
    private final class Rig: Sendable {
        let engine = FakeEngine()
        let sink = FakeSink()
        let clock = ManualClock(now: Timestamp(milliseconds: 1_700_000_000_000))
        let sent = Mutex<[AlertNotification]>([])
        let outcomes = Mutex<[String]>([])

        func service() -> RuleService {
            RuleService(
                environment: RuleEnvironment(engine: engine, sink: sink, clock: clock),
                notify: { alerts in self.sent.withLock { $0 += alerts } },
                observe: { group, _ in self.outcomes.withLock { $0.append(group.name) } })
        }

        /// Waits, without a clock, until something is so.
        func until(_ condition: () -> Bool) async {
            let deadline = ContinuousClock.now + .seconds(60)
            while !condition(), .now < deadline { await Task.yield() }
        }

        /// Moves the clock to the next deadline and waits for as many outcomes in all.
        func step(expecting count: Int) async {
            await until { clock.nextDeadline != nil }
            if let deadline = clock.nextDeadline { clock.advance(by: deadline - clock.uptime) }
            await until { outcomes.withLock { $0.count } >= count }
        }
    }

    private func run(_ rig: Rig, _ body: (RuleService) async throws -> Void) async throws {
        let service = rig.service()
        try await withThrowingTaskGroup { group in
            group.addTask { await service.run() }
            try await body(service)
            group.cancelAll()
        }
    }

    @Test(.timeLimit(.minutes(5))) func `a group is evaluated at its slots and sends its alerts`()
        async throws
    {
        let rig = Rig()
        rig.engine.set("up == 0", [(labels: [("i", "1")], value: 0)])
        let group = try Bench.group("{alert: Down, expr: up == 0}")

        try await run(rig) { service in
            service.apply([group])
            await rig.step(expecting: 1)
            await rig.step(expecting: 2)

            #expect(service.statuses[0].iterations == 2)
            #expect(service.statuses[0].lastEvaluation == group.slot(atOrBefore: rig.clock.now))
            #expect(service.statuses[0].alerts.count == 1)
        }
        #expect(rig.sent.withLock { $0.count } == 1)
    }

    @Test(.timeLimit(.minutes(5)))
    func `a reload leaves unchanged groups and moves the state of changed ones`() async throws {
        let rig = Rig()
        rig.engine.set("up == 0", [(labels: [("i", "1")], value: 0)])
        let before = try Bench.group("{alert: Down, expr: up == 0, for: 1h}")
        let after = try Bench.group("{record: r, expr: up == 0}, {alert: Down, expr: up == 0, for: 1h}")

        try await run(rig) { service in
            service.apply([before])
            await rig.step(expecting: 1)
            let activeAt = service.statuses[0].alerts[0].activeAt
            service.apply([before])
            #expect(service.statuses[0].iterations == 1)

            service.apply([after])
            #expect(service.statuses[0].rules.count == 2)
            await rig.step(expecting: 2)
            #expect(service.statuses[0].alerts.map(\.activeAt) == [activeAt])
        }
    }

    @Test(.timeLimit(.minutes(5))) func `what a removed group recorded is marked stale`() async throws {
        let rig = Rig()
        rig.engine.set("x", [(labels: [], value: 1)])
        let group = try Bench.group("{record: r, expr: x}")

        try await run(rig) { service in
            service.apply([group])
            await rig.step(expecting: 1)
            _ = rig.sink.take()
            service.apply([])

            #expect(rig.sink.take() == ["r stale @\(rig.clock.now.milliseconds)"])
            #expect(service.statuses.isEmpty)
        }
    }

    @Test(.timeLimit(.minutes(5))) func `a reload during an evaluation waits for its state`() async throws {
        let rig = Rig()
        rig.engine.set("up == 0", [(labels: [("i", "1")], value: 0)])
        let isOpen = Mutex(false)
        let isAsked = Mutex(false)
        rig.engine.hold {
            isAsked.withLock { $0 = true }
            while !isOpen.withLock({ $0 }) { await Task.yield() }
        }
        let before = try Bench.group("{alert: Down, expr: up == 0}")
        let after = try Bench.group("{alert: Down, expr: up == 0}, {record: r, expr: x}")

        try await run(rig) { service in
            service.apply([before])
            await rig.step(expecting: 0)
            await rig.until { isAsked.withLock { $0 } }
            service.apply([after])
            isOpen.withLock { $0 = true }
            await rig.until { rig.outcomes.withLock { $0.count } == 1 }
            await rig.until { service.statuses.first?.alerts.count == 1 }

            #expect(service.statuses[0].rules.count == 2)
            #expect(service.statuses[0].alerts.count == 1)
        }
    }

    @Test(.timeLimit(.minutes(5))) func `a slow group counts what it misses`() async throws {
        let rig = Rig()
        let group = try Bench.group("{record: r, expr: x}")
        let isFirst = Mutex(true)
        rig.engine.hold { [clock = rig.clock] in
            let wasFirst = isFirst.withLock { isFirst in
                defer { isFirst = false }
                return isFirst
            }
            if wasFirst { clock.advance(by: .seconds(150)) }
        }

        try await run(rig) { service in
            service.apply([group])
            await rig.step(expecting: 1)
            await rig.until { rig.outcomes.withLock { $0.count } >= 2 }

            #expect(service.statuses[0].missedIterations == 1)
            #expect(service.statuses[0].iterations == 3)
        }
    }

    @Test(.timeLimit(.minutes(5))) func `for is measured in elapsed time when the wall clock jumps`()
        async throws
    {
        let rig = Rig()
        rig.engine.set("up == 0", [(labels: [("i", "1")], value: 0)])
        let group = try Bench.group("{alert: Down, expr: up == 0, for: 30m}")

        try await run(rig) { service in
            service.apply([group])
            await rig.step(expecting: 1)
            await rig.until { rig.clock.nextDeadline != nil }
            rig.clock.jump(to: rig.clock.now + .seconds(7200))
            await rig.step(expecting: 2)

            #expect(service.statuses[0].alerts.map(\.state) == [.pending])
        }
    }
}
