import PromQL
import Synchronization
import Testing
import TimeSeries

/// What `explain` says about a query.
@Suite struct ExplainTests {
    private static let source: ArraySource = {
        var source = ArraySource()
        for number in 0..<3 {
            source.append(
                SeriesColumns(
                    labels: Labels(["__name__": "requests_total", "host": "h\(number)", "job": "a"]),
                    times: TimeColumn((0..<20).map { Int64($0) * 15_000 }),
                    values: (0..<20).map(Double.init)))
        }
        return source
    }()

    private func explain(
        _ text: String, to end: Int64 = 240, now: @escaping @Sendable () -> Duration = { .zero }
    ) async throws -> (result: QueryResult, explanation: QueryExplanation) {
        let range = EvaluationRange(
            start: Timestamp(milliseconds: 60_000), end: Timestamp(milliseconds: end * 1000),
            step: .seconds(60))
        return try await LocalEngine(source: ExplainTests.source, now: now)
            .explain(try Expression.parse(text), over: range, limits: QueryLimits())
    }

    /// The operations of a plan, each part indented below the one that uses it.
    private func outline(_ step: QueryExplanation.Step, _ indent: String = "") -> [String] {
        let text = step.expression.isEmpty ? step.operation : "\(step.operation) \(step.expression)"
        return [indent + text] + step.children.flatMap { outline($0, indent + "  ") }
    }

    @Test func `the plan is shown part by part`() async throws {
        let (_, explanation) = try await explain(
            "sum by (job) (rate(requests_total[1m])) * on (job) group_left () max by (job) (requests_total) > 2"
        )

        #expect(
            outline(explanation.plan) == [
                ">", "  * on (job) group_left ()", "    sum by (job)", "      rate",
                "        range selector requests_total[1m]", "    max by (job)",
                "      selector requests_total",
                "  constant 2",
            ])
    }

    @Test func `each part tells what it took in and what it yielded`() async throws {
        let (_, explanation) = try await explain("sum(rate(requests_total[1m]))")

        let rate = explanation.plan.children[0]
        #expect(rate.children.map(\.input) == [3 * 16])
        #expect([rate.steps, rate.series, rate.output] == [4, 3, 12])
        #expect([explanation.plan.series, explanation.plan.input, explanation.plan.output] == [1, 12, 4])
        #expect(explanation.readings.map(\.series) == [3])
        #expect(explanation.readings.map(\.samples) == [48])
    }

    @Test func `a part's time includes those below it`() async throws {
        // Each look at the clock takes a second.
        let looks = Mutex(0)
        let (_, explanation) = try await explain("-sum(requests_total)") {
            looks.withLock { looks in
                looks += 1
                return .seconds(looks)
            }
        }

        #expect(explanation.plan.elapsed == .seconds(5))
        #expect(explanation.plan.ownTime == .seconds(2))
        #expect(explanation.plan.children.map(\.elapsed) == [.seconds(3)])
        #expect(explanation.planning == .seconds(1))
    }

    @Test func `what occurs twice is evaluated once`() async throws {
        let (_, explanation) = try await explain("sum(requests_total) / sum(requests_total)")

        #expect(
            outline(explanation.plan) == [
                "/", "  shared", "    sum", "      selector requests_total", "  reused",
            ])
    }

    @Test func `what is the same at every step is evaluated at one`() async throws {
        let (_, explanation) = try await explain("requests_total - ignoring () sum(requests_total @ 60)")

        let once = explanation.plan.children[1]
        #expect(outline(once) == ["once", "  sum", "    selector requests_total @ 60.000"])
        #expect(once.children[0].steps == 1)
    }

    @Test func `constants are folded`() async throws {
        let (_, explanation) = try await explain("requests_total * (2 + 3 * -1)")

        #expect(outline(explanation.plan) == ["*", "  selector requests_total", "  constant -1"])
    }

    @Test func `the result is that of the query`() async throws {
        let (result, _) = try await explain("sum(requests_total)")

        guard case .matrix(let matrix) = result.value else { return #expect(Bool(false)) }
        #expect(matrix.map { $0.samples.map(\.value) } == [[12, 24, 36, 48]])
    }
}
