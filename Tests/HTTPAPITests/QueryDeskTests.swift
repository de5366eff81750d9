import Foundation
import PromQL
import Synchronization
import Testing
import TimeSeries
import Web

@testable import HTTPAPI

struct QueryDeskTests {
    private let clock = ManualClock(now: Timestamp(milliseconds: 1_435_781_430_781))

    private func routes(_ desk: QueryDesk, failing: Bool = false) -> [Route] {
        let engine = StubEngine { (_, range, limits) throws(QueryError) in
            if failing { throw QueryError(.execution, "broken") }
            var result = QueryResult(value: .scalar(1), samplesRead: 5)
            if limits.countsSamples {
                result.samples = QueryResult.SampleStatistics(
                    perStep: [(at: range.start, count: 3), (at: range.end, count: 4)], peak: 5)
            }
            return result
        }
        return QueryRoutes(engine: engine, limits: QueryLimits(), features: [], clock: clock, desk: desk)
            .routes
    }

    @Test func `what is computed runs on threads of its own, even where it never waits`() async throws {
        let desk = QueryDesk(clock: clock)

        #expect(try await desk.compute { QueryThreads.isCurrent })
        #expect(!QueryThreads.isCurrent)
    }

    /// On whose threads, and with how many samples at most, the engine was asked.
    private func places(of took: [Duration], needing samples: Int = 1) async throws -> [(
        own: Bool, limit: Int
    )] {
        let places = Mutex<[(own: Bool, limit: Int)]>([])
        let engine = StubEngine { (_, _, limits) throws(QueryError) in
            let number = places.withLock { places in
                places.append((QueryThreads.isCurrent, limits.maxSamples))
                return places.count
            }
            if number <= took.count { clock.advance(by: took[number - 1]) }
            guard limits.maxSamples >= samples else { throw QueryError(.execution, "too many samples") }
            return QueryResult(value: .scalar(1))
        }
        let limits = QueryLimits(maxSamples: 1_000_000)
        let desk = QueryDesk(clock: clock)
        let registry = MetricRegistry()
        desk.metrics.register(in: registry, queue: desk.queue)
        let routes = QueryRoutes(engine: engine, limits: limits, features: [], clock: clock, desk: desk)
            .routes
        defer {
            let text = String(decoding: registry.render(), as: UTF8.self)
            let name = "prometheus_engine_query_duration_seconds_count"
            #expect(text.contains(#"\#(name){slice="inner_eval"} \#(took.count)"# + "\n"), "\(text)")
        }
        for _ in took {
            let response = try await answer(routes, .get, "/api/v1/query?query=up&time=60")
            #expect(response.status == 200)
        }
        return places.withLock { $0 }
    }

    @Test func `a query that took no time is evaluated where it arrives, until it takes some`() async throws {
        let places = try await places(of: [.zero, .zero, .seconds(1), .zero])

        #expect(places.map(\.own) == [true, false, false, true])
        #expect(places.map(\.limit) == [1_000_000, 20_000, 20_000, 1_000_000])
    }

    @Test func `a query that reads more than it may where it arrives is run again with all`() async throws {
        let places = try await places(of: [.zero, .zero], needing: 50_000)

        #expect(places.map(\.own) == [true, false, true])
        #expect(places.map(\.limit) == [1_000_000, 20_000, 1_000_000])
    }

    @Test func `the log has a line for each query, refused ones included`() async throws {
        let path = NSTemporaryDirectory() + "query-log-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let log = QueryLog()
        #expect(log.open(path) == nil)
        let desk = QueryDesk(clock: clock, log: log)

        _ = try await answer(routes(desk), .get, "/api/v1/query?query=up&time=60")
        _ = try await answer(
            routes(desk, failing: true), .post, "/api/v1/query_range",
            form: "query=%22a%22&start=0&end=60&step=15".replacingOccurrences(of: "%22a%22", with: "a"))

        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 2)
        #expect(
            lines[0]
                == #"{"params":{"end":"1970-01-01T00:01:00Z","query":"up","start":"1970-01-01T00:01:00Z","step":0},"#
                + #""stats":{"timings":{"evalTotalTime":0,"execQueueTime":0,"execTotalTime":0},"#
                + #""samples":{"totalQueryableSamples":7,"peakSamples":5}},"httpRequest":{"clientIP":"","method":"GET","#
                + #""path":"/api/v1/query"},"ts":"2015-07-01T20:10:30.781Z"}"#)
        #expect(lines[1].contains(#""step":15},"error":"broken","#))
        #expect(lines[1].contains(#""method":"POST","path":"/api/v1/query_range""#))
    }

    @Test func `a log that cannot be written is named with the reason`() {
        #expect(QueryLog().open("/nonexistent/query.log")?.contains("No such file or directory") == true)
    }

    @Test func `a file that was rotated is opened anew`() throws {
        let path = NSTemporaryDirectory() + "query-log-\(UUID().uuidString)"
        defer { for suffix in ["", ".1"] { try? FileManager.default.removeItem(atPath: path + suffix) } }
        let log = QueryLog()
        let entry = QueryLog.Entry(
            query: "up", range: .instant(clock.now), waited: .zero, took: .zero, client: "", method: "GET",
            path: "/", at: clock.now)
        _ = log.open(path)
        log.write(entry)
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")

        _ = log.open(path)
        log.write(entry)

        for suffix in ["", ".1"] {
            let text = try String(contentsOfFile: path + suffix, encoding: .utf8)
            #expect(text.split(separator: "\n").count == 1)
        }
        #expect(log.open(nil) == nil)
        #expect(!log.isOpen)
    }

    @Test func `metrics tell of queries under Prometheus' names`() async throws {
        let registry = MetricRegistry()
        let desk = QueryDesk(maxConcurrency: 7, clock: clock)
        desk.metrics.register(in: registry, queue: desk.queue)

        _ = try await answer(routes(desk), .get, "/api/v1/query?query=up")

        let text = String(decoding: registry.render(), as: UTF8.self)
        for line in [
            "prometheus_engine_queries 0", "prometheus_engine_queries_concurrent_max 7",
            "# TYPE prometheus_engine_query_duration_seconds summary",
            #"prometheus_engine_query_duration_seconds{quantile="0.99",slice="inner_eval"} 0"#,
            #"prometheus_engine_query_duration_seconds_count{slice="queue_time"} 1"#,
        ] { #expect(text.contains(line + "\n"), "\(line)") }
    }

    @Test func `statistics are shown where they are asked for`() async throws {
        let with = try await answer(
            routes(QueryDesk(clock: clock)), .get, "/api/v1/query?query=1&time=1&stats=true")
        let all = try await answer(
            routes(QueryDesk(clock: clock)), .get, "/api/v1/query?query=1&time=1&stats=all")
        let without = try await answer(routes(QueryDesk(clock: clock)), .get, "/api/v1/query?query=1&time=1")

        #expect(
            with.body.contains(
                #""stats":{"timings":{"evalTotalTime":0,"execQueueTime":0,"execTotalTime":0},"#
                    + #""samples":{"totalQueryableSamples":7,"peakSamples":5}}"#))
        #expect(
            all.body.contains(
                #""samples":{"totalQueryableSamplesPerStep":[[1,3],[1,4]],"totalQueryableSamples":7,"peakSamples":5}"#
            ))
        #expect(!without.body.contains("stats"))
    }

    @Test func `a client is an address, and a user where a proxy names one`() {
        var request = WebRequest(method: "GET", path: "/", remoteAddress: "10.0.0.1")
        #expect(QueryClient(request) == QueryClient(address: "10.0.0.1"))
        request.headers["x-scope-orgid"] = "tenant"
        request.headers["x-grafana-user"] = "ann"
        #expect(QueryClient(request) == QueryClient(address: "10.0.0.1", user: "tenant/ann"))
    }
}
