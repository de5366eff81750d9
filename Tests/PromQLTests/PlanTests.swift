import PromQL
import Synchronization
import Testing
import TimeSeries

/// What a query reads, and that it reads it once.
@Suite struct PlanTests {
    /// A source that remembers what it was asked.
    private final class Recorder: SeriesSource {
        private let asked = Mutex<[[Selection]]>([])
        let inPieces = Mutex<Set<Int>>([])
        var calls: [[Selection]] { asked.withLock { $0 } }

        func select(_ selections: [Selection]) async throws -> [[SeriesColumns]] {
            asked.withLock { $0.append(selections) }
            let column = SeriesColumns(
                labels: Labels(["__name__": "m"]), times: TimeColumn([0, 60_000, 120_000]), values: [1, 2, 4])
            return selections.map { _ in [column] }
        }
        func open(
            _ selections: [Selection], inPieces: Set<Int>, sampleLimit: Int
        ) async throws -> [SelectedSeries] {
            self.inPieces.withLock { $0 = inPieces }
            return try await select(selections).map { .series($0) }
        }
        func series(_ sets: [[Matcher]], in range: ClosedRange<Timestamp>) async throws -> [Labels] { [] }
        func labelNames(_ sets: [[Matcher]], in range: ClosedRange<Timestamp>) async throws -> [String] { [] }
        func labelValues(
            _ name: String, _ sets: [[Matcher]], in range: ClosedRange<Timestamp>
        ) async throws -> [String] { [] }
        func metadata(of metric: String?) async -> [String: [MetricMetadata]] { [:] }
    }

    private func evaluate(_ text: String, at seconds: Int64 = 120) async throws -> (
        QueryResult, [[Selection]]
    ) {
        let recorder = Recorder()
        let result = try await LocalEngine(source: recorder)
            .evaluate(try Expression.parse(text), at: Timestamp(milliseconds: seconds * 1000))
        return (result, recorder.calls)
    }

    private func value(_ result: QueryResult) -> Double? {
        if case .vector(let elements) = result.value { return elements.first?.value }
        if case .scalar(let value) = result.value { return value }
        return nil
    }

    @Test(arguments: [
        ("info(m offset 1m)", 60_000), ("info(topk(scalar(x offset 1m), m))", 120_000),
        ("info(topk(scalar(x), m offset 1m))", 60_000), ("info(sum by (a) (2 * m @ 30))", 30_000),
    ])
    func `info metrics are read at the moment of the first selector`(text: String, end: Int64) async throws {
        let recorder = Recorder()
        _ = try? await LocalEngine(source: recorder, features: .all).evaluate(
            try Expression.parse(text, features: .all), at: Timestamp(milliseconds: 120_000))

        #expect(recorder.calls[0][0].range.upperBound.milliseconds == end)
    }

    @Test func `everything is selected in one call`() async throws {
        let (_, calls) = try await evaluate("a + b offset 1h + rate(c[5m])")

        #expect(calls.map(\.count) == [3])
    }

    @Test func `equal selectors with overlapping times share one selection`() async throws {
        let (_, calls) = try await evaluate("m + m offset 1m + max_over_time(m[1m])")

        #expect(calls.map(\.count) == [1])
    }

    @Test func `a selection says what its readers make of samples`() async throws {
        func use(_ text: String) async throws -> SampleUse? {
            try await evaluate(text, at: 7200).1.first?.first?.use
        }
        let hour: Int64 = 3_600_000

        #expect(try await use("m") == .newest)
        #expect(try await use("m + m offset 1m")?.readsNewest == false)
        #expect(try await use("m + max_over_time(m[1h])")?.readsNewest == false)
        #expect(
            try await use("max_over_time(m[1h])")
                == SampleUse(alignment: hour, isExact: true, readsSketches: false))
        #expect(try await use("max_over_time(m[1h]) - min_over_time(m[20m])")?.alignment == hour / 3)
        #expect(try await use("rate(m[1h])")?.isExact == false)
        #expect(try await use("quantile_over_time(0.5, m[1h])")?.readsSketches == true)
        // One reader of single moments, and samples are needed.
        #expect(try await use("max_over_time(m[1h]) - m")?.isExact == false)
        #expect(try await use("max_over_time(m[1h] offset 7m)")?.alignment == 60_000)
        #expect(try await use("deriv(m[1h])") == .moments)
    }

    @Test(arguments: [
        ("rate(m[5m])", [0]), ("sum by (a) (max_over_time(m[5m])) / avg(n)", [0, 1]),
        ("deriv(m[5m]) + rate(n[5m])", [0, 1]), ("rate(m[5m]) / increase(m[5m])", []), ("m", [0]),
        ("sum(m) / count(n)", [0, 1]), ("m - m", []), ("timestamp(m)", [0]), ("info(m)", [1]),
        ("m smoothed", []),
        ("m + rate(m[5m])", []),
        ("sum(rate(m[5m])) / (1 + sum(rate(m[5m])))", []), ("absent_over_time(m[5m])", []),
        ("forecast(m[1d], 3600)", []), ("max_over_time(m[5m:1m])", [0]),
        ("max_over_time(rate(m[5m])[30m:1m])", [0]), ("m[5m]", []),
    ])
    func `what one reader takes series by series is read in pieces`(text: String, numbers: [Int])
        async throws
    {
        let recorder = Recorder()
        _ = try await LocalEngine(source: recorder, features: .all)
            .evaluate(try Expression.parse(text, features: .all), at: Timestamp(milliseconds: 120_000))

        #expect(recorder.inPieces.withLock { $0 } == Set(numbers))
    }

    @Test func `an expression of constants reads nothing`() async throws {
        let (result, calls) = try await evaluate("2 * (3 + 4)")

        #expect(calls.isEmpty)
        #expect(value(result) == 14)
    }

    @Test func `a part that occurs twice counts twice`() async throws {
        let (result, _) = try await evaluate("sum(rate(m[2m])) / sum(rate(m[2m])) + sum(m)")

        #expect(value(result) == 5)
    }

    @Test func `a selector reads from after the lookback to the moment`() async throws {
        let (_, calls) = try await evaluate("m")

        #expect(calls[0][0].range == Timestamp(milliseconds: -179_999)...Timestamp(milliseconds: 120_000))
    }
}
