import PromQL
import Testing
import TimeSeries
import Web

@testable import HTTPAPI

/// Queries of death, over a real engine: each ends in a clear error within the limits.
struct QueryLimitRoutesTests {
    private static let source: ArraySource = {
        var source = ArraySource()
        for number in 0..<200 {
            source.append(
                SeriesColumns(
                    labels: Labels(["__name__": "m\(number)", "job": "a"]),
                    times: TimeColumn((0..<240).map { Int64($0) * 15_000 }),
                    values: (0..<240).map(Double.init)))
        }
        return source
    }()

    private func answer(_ path: String, _ query: String, _ rest: String = "") async throws -> (
        status: Int, body: String
    ) {
        let clock = ManualClock(now: Timestamp(milliseconds: 3_600_000))
        let engine = LocalEngine(source: Self.source)
        let routes = QueryRoutes(
            engine: engine, limits: QueryLimits(maxSamples: 1_000_000), features: [], clock: clock)
        let escaped = query.utf8.map { byte in
            Self.isPlain(byte) ? String(UnicodeScalar(byte)) : "%" + Self.hex(byte)
        }
        return try await HTTPAPITests.answer(
            routes.routes, .post, path, form: "query=" + escaped.joined() + rest)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")) || byte == UInt8(ascii: ".")
    }

    private static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }

    @Test func `everything at every millisecond is too many steps`() async throws {
        let (status, body) = try await answer(
            "/api/v1/query_range", "{__name__=~\".+\"}", "&start=0&end=3600&step=0.001")

        #expect(status == 400)
        #expect(body.contains("exceeded maximum resolution of 11,000 points per timeseries"))
    }

    @Test(arguments: ["max_over_time({__name__=~\".+\"}[1h:1ms])", "count_over_time((m1 or m2)[1h:1ms])"])
    func `everything at every millisecond of a subquery is too many samples`(query: String) async throws {
        let (status, body) = try await answer("/api/v1/query", query)

        #expect(status == 422)
        #expect(
            body.contains(#""errorType":"execution","error":"query processing would load too many samples"#))
    }

    @Test func `ten thousand parentheses are too deep`() async throws {
        let query = String(repeating: "(", count: 10_000) + "m1" + String(repeating: ")", count: 10_000)

        let (status, body) = try await answer("/api/v1/query", query)

        #expect(status == 400)
        #expect(body.contains("nested deeper than the limit of 128"))
    }

    @Test(arguments: ["-", "sum(", "m1[1m:1m", "-(m1)^"])
    func `no other way of nesting is deeper`(part: String) async throws {
        let (status, _) = try await answer("/api/v1/query", String(repeating: part, count: 10_000) + "m1")

        #expect(status == 400)
    }

    @Test func `a chain of operators is limited`() async throws {
        let query = Array(repeating: "m1", count: 30_000).joined(separator: " or ")

        let (status, body) = try await answer("/api/v1/query", query)

        #expect(status == 400)
        #expect(body.contains("more operators than the limit of 500"))
    }

    @Test func `a million terms are too long a query`() async throws {
        let query = Array(repeating: "a", count: 1_000_000).joined(separator: "|")

        let (status, body) = try await answer("/api/v1/query", query)

        #expect(status == 413 || body.contains("longer than the limit"))
        #expect(status < 500)
    }

    @Test func `ten megabytes are not even read`() async throws {
        let (status, body) = try await answer("/api/v1/query", String(repeating: "a", count: 10 << 20))

        #expect(status == 413)
        #expect(body.contains("the body is larger than 1048576 bytes"))
    }

    @Test func `a long query within the body is named with the limit`() async throws {
        let (status, body) = try await answer("/api/v1/query", String(repeating: "a", count: 300_000))

        #expect(status == 400)
        #expect(body.contains("query of 300000 bytes is longer than the limit of 262144"))
    }

    @Test(arguments: ["(a+)+(a+)+(a+)+(a+)+b", "(.*)*(.*)*(.*)*x", "(a|aa)+$"])
    func `a regular expression that backtracks elsewhere is answered`(pattern: String) async throws {
        let (status, _) = try await answer("/api/v1/query", "m1{job=~\"\(pattern)\"}")

        #expect(status == 200)
    }

    @Test func `a regular expression that explodes is refused`() async throws {
        let (status, body) = try await answer("/api/v1/query", "m1{job=~\"(((a{100}){100}){100}){100}\"}")

        #expect(status == 400)
        #expect(body.contains("bad_data"))
    }
}
