import PromQL
import Synchronization
import Testing
import TimeSeries
import Web

@testable import HTTPAPI

struct QueryQueueTests {
    /// Queries that run until they are told to end, and the order in which they began.
    private final class Stage: Sendable {
        private let began = Mutex<[String]>([])
        private let ends = Mutex<[String: CheckedContinuation<Void, Never>]>([:])

        var order: [String] { began.withLock { $0 } }

        func perform(_ name: String) async {
            await withCheckedContinuation { continuation in
                ends.withLock { $0[name] = continuation }
                began.withLock { $0.append(name) }
            }
        }

        func end(_ name: String) { ends.withLock { $0.removeValue(forKey: name) }?.resume() }
    }

    private let clock = ManualClock(now: Timestamp(milliseconds: 0))

    private func start(
        _ name: String, of address: String, user: String = "", in queue: QueryQueue, on stage: Stage,
        timeout: Duration = .seconds(60)
    ) async -> Task<Void, any Error> {
        let before = queue.counts
        let task = Task {
            try await queue.run(QueryClient(address: address, user: user), timeout: timeout) { _ in
                await stage.perform(name)
            }
        }
        await until { queue.counts != before || task.isCancelled }
        return task
    }

    /// Gives other tasks their turn until something holds.
    private func until(_ holds: () -> Bool) async {
        let deadline = ContinuousClock.now + .seconds(60)
        while !holds(), .now < deadline { await Task.yield() }
        #expect(holds())
    }

    @Test func `no more run than may, and the next follows the one that ends`() async throws {
        let queue = QueryQueue(maxConcurrency: 2, clock: clock)
        let stage = Stage()
        for name in ["a", "b", "c"] { _ = await start(name, of: "1", in: queue, on: stage) }
        await until { stage.order.count == 2 }
        #expect(queue.counts == (2, 1))

        stage.end("a")

        await until { stage.order == ["a", "b", "c"] }
        #expect(queue.counts == (2, 0))
        for name in ["b", "c"] { stage.end(name) }
    }

    @Test func `a greedy client does not hold up another`() async throws {
        let queue = QueryQueue(maxConcurrency: 1, clock: clock)
        let stage = Stage()
        for number in 0..<20 { _ = await start("greedy \(number)", of: "1", in: queue, on: stage) }
        _ = await start("modest", of: "2", in: queue, on: stage)
        await until { stage.order.count == 1 }

        stage.end("greedy 0")

        await until { stage.order.count == 2 }
        #expect(stage.order[1] == "modest")
        stage.end("modest")
        for number in 1..<20 {
            await until { stage.order.count == number + 2 }
            stage.end("greedy \(number)")
        }
    }

    @Test func `users behind one address take turns, and share what the address gets`() async throws {
        let queue = QueryQueue(maxConcurrency: 1, clock: clock)
        let stage = Stage()
        for name in ["a1", "a2", "a3"] { _ = await start(name, of: "1", user: "a", in: queue, on: stage) }
        _ = await start("b1", of: "1", user: "b", in: queue, on: stage)
        _ = await start("other", of: "2", in: queue, on: stage)

        for (index, name) in ["a1", "other", "b1", "a2", "a3"].enumerated() {
            await until { stage.order.count == index + 1 }
            #expect(stage.order[index] == name)
            stage.end(name)
        }
    }

    @Test func `a full queue answers 503 with the time to wait`() async throws {
        let queue = QueryQueue(maxConcurrency: 1, maxWaiting: 1, clock: clock)
        let stage = Stage()
        _ = await start("a", of: "1", in: queue, on: stage)
        _ = await start("b", of: "1", in: queue, on: stage)

        let error = await #expect(throws: WebError.self) {
            try await queue.run(QueryClient(address: "1"), timeout: .seconds(1)) { _ in }
        }

        #expect(error?.status == 503)
        #expect(error?.headers.first?.name == "Retry-After")
        stage.end("a")
        await until { stage.order.count == 2 }
        stage.end("b")
    }

    @Test func `in a full queue the newest of the greediest makes way`() async throws {
        let queue = QueryQueue(maxConcurrency: 1, maxWaiting: 3, clock: clock)
        let stage = Stage()
        var tasks: [Task<Void, any Error>] = []
        for number in 0..<4 { tasks.append(await start("\(number)", of: "1", in: queue, on: stage)) }

        let modest = Task {
            try await queue.run(QueryClient(address: "2"), timeout: .seconds(60)) { _ in
                await stage.perform("modest")
            }
        }

        await #expect(throws: WebError.self) { try await tasks[3].value }
        for name in ["0", "modest", "1", "2"] {
            await until { stage.order.last == name }
            stage.end(name)
        }
        try await modest.value
    }

    @Test func `waiting counts towards the timeout`() async throws {
        let queue = QueryQueue(maxConcurrency: 1, clock: clock)
        let stage = Stage()
        _ = await start("a", of: "1", in: queue, on: stage)
        let late = await start("b", of: "2", in: queue, on: stage, timeout: .seconds(3))
        await until { clock.nextDeadline != nil }

        clock.advance(by: .seconds(4))

        let error = await #expect(throws: QueryError.self) { try await late.value }
        #expect(error == QueryError(.timeout, "query timed out in query queue"))
        #expect(queue.counts == (1, 0))
        stage.end("a")
    }

    @Test func `whoever goes away waits no longer`() async throws {
        let queue = QueryQueue(maxConcurrency: 1, clock: clock)
        let stage = Stage()
        _ = await start("a", of: "1", in: queue, on: stage)
        let gone = await start("b", of: "2", in: queue, on: stage)

        gone.cancel()

        await #expect(throws: (any Error).self) { try await gone.value }
        #expect(queue.counts == (1, 0))
        stage.end("a")
        await until { queue.counts == (0, 0) }
        #expect(stage.order == ["a"])
    }
}
