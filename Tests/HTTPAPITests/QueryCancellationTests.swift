import Foundation
import Logging
import PromQL
import Synchronization
import Testing
import TimeSeries
import Web

@testable import HTTPAPI

/// What becomes of a long query over a real connection.
struct QueryCancellationTests {
    /// A real engine that remembers how its queries ended.
    private final class WatchedEngine: QueryEngine {
        private let engine: LocalEngine
        private let seen = Mutex<(begun: Int, ended: [QueryError.Kind?])>((0, []))

        init(_ engine: LocalEngine) { self.engine = engine }

        var begun: Int { seen.withLock { $0.begun } }
        var ended: [QueryError.Kind?] { seen.withLock { $0.ended } }

        func evaluate(
            _ expression: PromQL.Expression, over range: EvaluationRange, limits: QueryLimits
        ) async throws(QueryError) -> QueryResult {
            seen.withLock { $0.begun += 1 }
            do {
                let result = try await engine.evaluate(expression, over: range, limits: limits)
                seen.withLock { $0.ended.append(nil) }
                return result
            } catch {
                seen.withLock { $0.ended.append(error.kind) }
                throw error
            }
        }
    }

    private static func engine() -> WatchedEngine {
        var source = ArraySource()
        for number in 0..<400 {
            source.append(
                SeriesColumns(
                    labels: Labels(["__name__": "m", "n": "\(number)"]),
                    times: TimeColumn((0..<20_000).map { Int64($0) * 1000 }),
                    values: (0..<20_000).map { Double(($0 &* 7919 &+ number) % 1009) }))
        }
        return WatchedEngine(LocalEngine(source: source))
    }

    /// Minutes of work, within the limit on samples.
    private static let long =
        "/api/v1/query_range?query=sum(mad_over_time(m%5B5h%5D))&start=18000&end=19999&step=1&timeout=20m"
    private static let short = "/api/v1/query?query=1%2B1&time=0"

    private func withServer(
        _ engine: WatchedEngine, maxConcurrency: Int, _ body: (_ port: Int, QueryDesk) async throws -> Void
    ) async throws {
        let clock = SystemClock()
        let desk = QueryDesk(maxConcurrency: maxConcurrency, clock: clock)
        let routes = QueryRoutes(
            engine: engine, limits: QueryLimits(maxSamples: 50_000_000, timeout: .seconds(1200)),
            features: [.experimentalFunctions],
            clock: clock, desk: desk)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let server = WebServer(port: 0, routes: routes.routes, metrics: MetricRegistry(), logger: logger) {
            port in
            found.yield(port)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            try await body(port, desk)
            group.cancelAll()
        }
    }

    private func until(_ holds: @Sendable () -> Bool) async throws {
        for _ in 0..<6000 where !holds() { try await Task.sleep(for: .milliseconds(20)) }
        #expect(holds())
    }

    @Test func `a query whose client hangs up stops, and its place is free`() async throws {
        let engine = Self.engine()
        try await withServer(engine, maxConcurrency: 1) { port, desk in
            let client = try RawClient(port: port)
            client.get(Self.long)
            try await until { engine.begun == 1 }

            client.close()

            try await until { engine.ended == [.canceled] && desk.queue.counts == (0, 0) }
            let next = try RawClient(port: port)
            next.get(Self.short)
            #expect(await next.answer().contains(#""result":[0,"2"]"#))
            next.close()
        }
    }

    @Test func `others are answered while long queries run on every core`() async throws {
        let engine = Self.engine()
        let cores = ProcessInfo.processInfo.activeProcessorCount
        try await withServer(engine, maxConcurrency: cores + 3) { port, _ in
            var busy: [RawClient] = []
            for _ in 0..<cores + 2 {
                let client = try RawClient(port: port)
                client.get(Self.long)
                busy.append(client)
            }
            try await until { engine.begun == cores + 2 }

            let other = try RawClient(port: port)
            other.get(Self.short)

            #expect(await other.answer().contains(#""result":[0,"2"]"#))
            #expect(engine.ended == [nil])
            other.close()
            for client in busy { client.close() }
            try await until { engine.ended.count == cores + 3 }
        }
    }

    @Test func `whoever waits for a place goes away without one`() async throws {
        let engine = Self.engine()
        try await withServer(engine, maxConcurrency: 1) { port, desk in
            let running = try RawClient(port: port)
            running.get(Self.long)
            try await until { engine.begun == 1 }
            let waiting = try RawClient(port: port)
            waiting.get(Self.short)
            try await until { desk.queue.counts.waiting == 1 }

            waiting.close()

            try await until { desk.queue.counts == (1, 0) }
            running.close()
            try await until { engine.ended == [.canceled] }
        }
    }
}
