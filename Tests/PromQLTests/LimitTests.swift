import PromQL
import Testing
import TimeSeries

/// Queries that ask for too much end in an error, soon.
@Suite struct LimitTests {
    static let source: ArraySource = {
        var source = ArraySource()
        for number in 0..<100 {
            source.append(
                SeriesColumns(
                    labels: Labels(["__name__": "m\(number)", "job": "a"]),
                    times: TimeColumn((0..<200).map { Int64($0) * 15_000 }),
                    values: (0..<200).map(Double.init)))
        }
        return source
    }()

    private func error(
        _ text: String, over range: EvaluationRange, maxSamples: Int = 50_000,
        deadline: @escaping @Sendable (Duration) -> @Sendable () -> Bool = { _ in { false } }
    ) async throws -> QueryError? {
        let expression = try Expression.parse(text, features: .all)
        let engine = LocalEngine(source: LimitTests.source, features: .all, deadline: deadline)
        do {
            _ = try await engine.evaluate(
                expression, over: range, limits: QueryLimits(maxSamples: maxSamples))
            return nil
        } catch {
            return error
        }
    }

    private static let start = Timestamp(milliseconds: 0)

    @Test(arguments: [
        "{__name__=~\".+\"}", "sum(rate({job=\"a\"}[5m]))", "1", "time()", "m1 + on (job) m2",
        "max_over_time(m1[30d:1ms])",
    ])
    func `everything at every millisecond of a month is refused`(text: String) async throws {
        let range = EvaluationRange(
            start: LimitTests.start, end: LimitTests.start + .seconds(30 * 86_400), step: .milliseconds(1))

        let error = try await error(text, over: range)

        #expect(error?.kind == .execution)
        #expect(
            error?.message
                == "query processing would load too many samples into memory in query execution")
    }

    /// Windows of one sample, so that no series has a rate: 1,100 samples are read and as many cells taken for each of the
    /// three, one after the other.
    @Test(arguments: [(5_000, true), (4_000, false)])
    func `room for series without a result is given back`(limit: Int, fits: Bool) async throws {
        // By other matchers each, as a selection that is read twice is not read in pieces.
        let text = "rate({job=\"a\"}[15s]) or rate({job=~\"a|b\"}[15s]) or rate({job!=\"b\",job=\"a\"}[15s])"
        let range = EvaluationRange(
            start: LimitTests.start + .seconds(1500), end: LimitTests.start + .seconds(1650),
            step: .seconds(15))

        let error = try await error(text, over: range, maxSamples: limit)

        #expect((error == nil) == fits)
    }

    @Test func `nested subqueries are charged`() async throws {
        let text = "max_over_time(max_over_time(max_over_time(m1[1d:1s])[1d:1s])[1d:1s])"

        let error = try await error(text, over: .instant(LimitTests.start + .seconds(3000)))

        #expect(error?.kind == .execution)
    }

    @Test(arguments: [(70_000, true), (55_000, false)])
    func `intermediate results are charged, and given back once they are used`(
        limit: Int, isEnough: Bool
    ) async throws {
        // Read are 20,000 samples; the subqueries hold 22,000 cells and their results 20,000, one after the other.
        let text =
            "sum(last_over_time({job=\"a\"}[5m:15s])) + count(last_over_time({job=\"a\"}[6m:15s]))"
        let range = EvaluationRange(
            start: LimitTests.start, end: LimitTests.start + .seconds(2985), step: .seconds(15))

        let error = try await error(text, over: range, maxSamples: limit)

        #expect((error == nil) == isEnough)
    }

    @Test func `a source that holds too much is asked with the limit`() async throws {
        struct Full: SeriesSource {
            func select(_ selections: [Selection]) async throws -> [[SeriesColumns]] { [] }
            func select(_ selections: [Selection], sampleLimit: Int) async throws -> [[SeriesColumns]] {
                #expect(sampleLimit == 1234)
                throw TooManySamples()
            }
            func series(_ sets: [[Matcher]], in range: ClosedRange<Timestamp>) -> [Labels] { [] }
            func labelNames(_ sets: [[Matcher]], in range: ClosedRange<Timestamp>) -> [String] { [] }
            func labelValues(
                _ name: String, _ sets: [[Matcher]], in range: ClosedRange<Timestamp>
            ) -> [String] { [] }
            func metadata(of metric: String?) -> [String: [MetricMetadata]] { [:] }
        }

        let error = await #expect(throws: QueryError.self) {
            try await LocalEngine(source: Full()).evaluate(
                Expression.parse("m"), at: LimitTests.start, limits: QueryLimits(maxSamples: 1234))
        }

        #expect(
            error?.message == "query processing would load too many samples into memory in query execution")
    }

    @Test func `a query ends when its time is over`() async throws {
        let error = try await error(
            "sum(m1)", over: .instant(LimitTests.start), deadline: { _ in { true } })

        #expect(error?.kind == .timeout)
        #expect(error?.message == "query timed out in expression evaluation")
    }

    @Test func `a query ends when nobody waits for it`() async throws {
        let (stream, begin) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            for await _ in stream {}
            return try await error("sum(m1)", over: .instant(LimitTests.start))
        }
        task.cancel()
        begin.finish()

        #expect(try await task.value?.kind == .canceled)
    }

    @Test func `the longest chain of operators is evaluated`() async throws {
        let text = Array(repeating: "m1", count: 501).joined(separator: " + ")
        let expression = try Expression.parse(text)

        let result = try await LocalEngine(source: LimitTests.source)
            .evaluate(expression, at: LimitTests.start + .seconds(15))

        guard case .vector(let elements) = result.value else { return }
        #expect(elements.map(\.value) == [501])
    }

    @Test func `a regular expression that would backtrack takes no longer than others`() async throws {
        let text = "m1{job=~\"(a+)+(a+)+(a+)+b\"}"

        let error = try await error(text, over: .instant(LimitTests.start))

        #expect(error == nil)
    }
}
