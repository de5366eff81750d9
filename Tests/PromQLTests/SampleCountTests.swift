import PromQL
import Testing
import TimeSeries

/// What `stats` tells of the samples that a query looks at, as Prometheus counts them.
@Suite struct SampleCountTests {
    /// Three series of a sample every ten seconds from 0 to 1000 s, and one of histograms.
    private static let source: ArraySource = {
        var source = ArraySource()
        let times = TimeColumn((0...100).map { Int64($0) * 10_000 })
        for number in 0..<3 {
            source.append(
                SeriesColumns(
                    labels: Labels(["__name__": "requests_total", "host": "h\(number)"]), times: times,
                    values: (0...100).map(Double.init)))
        }
        let histogram = FloatHistogram(
            count: 3, sum: 4, positiveRuns: [FloatHistogram.BucketRun(offset: 0, length: 2)],
            positiveBuckets: [1, 2])
        source.append(
            SeriesColumns(
                labels: Labels(["__name__": "sizes"]), times: times,
                values: [Double](repeating: 0, count: 101),
                histograms: Dictionary(uniqueKeysWithValues: (0...100).map { ($0, histogram) })))
        return source
    }()

    private static func counts(_ text: String, _ range: EvaluationRange, workers: Int = 1) async throws
        -> [Int]
    {
        var limits = QueryLimits()
        limits.countsSamples = true
        let engine = LocalEngine(source: source, features: .all, workers: WorkersTests.eager(workers))
        let result = try await engine.evaluate(try Expression.parse(text), over: range, limits: limits)
        let samples = try #require(result.samples)
        #expect(samples.total == samples.perStep.reduce(0) { $0 + $1.count })
        return samples.perStep.map(\.count)
    }

    @Test(arguments: [
        ("1 + 1", 0),
        (#"requests_total{host="h1"}"#, 1),
        ("sum(requests_total)", 3),
        // 150, 160, ..., 200 s are in the window that ends at 201 s.
        (#"requests_total{host="h1"}[60s]"#, 6),
        ("max_over_time(requests_total[60s])", 18),
        // Inner steps at 185, 190, 195 and 200 s, each with a window of six samples.
        (#"max_over_time(requests_total{host="h1"}[60s])[20s:5s]"#, 24),
        // Of a subquery that is looked at by a function its results count.
        (#"sum_over_time(max_over_time(requests_total{host="h1"}[60s])[20s:5s])"#, 4),
        // 168 bytes and eight for each of a span and two buckets.
        ("sizes", 12),
        ("histogram_count(rate(sizes[60s]))", 72),
        // The same part twice is looked at twice.
        ("rate(requests_total[60s]) + rate(requests_total[60s])", 36),
    ])
    func `samples of an instant are counted`(text: String, count: Int) async throws {
        let instant = EvaluationRange.instant(Timestamp(milliseconds: 201_000))

        #expect(try await Self.counts(text, instant) == [count])
        #expect(try await Self.counts(text, instant, workers: 3) == [count])
    }

    @Test(arguments: [
        ("sum(requests_total)", [3, 3, 3]),
        // Up to 0, 20 and 40 s.
        (#"max_over_time(requests_total{host="h1"}[60s])"#, [1, 3, 5]),
        // Looked at once, counted for each step.
        (#"max_over_time(requests_total{host="h1"}[60s] @ 201)"#, [6, 6, 6]),
    ])
    func `samples are counted at each step`(text: String, counts: [Int]) async throws {
        let range = EvaluationRange(
            start: Timestamp(milliseconds: 0), end: Timestamp(milliseconds: 40_000), step: .seconds(20))

        #expect(try await Self.counts(text, range) == counts)
    }

    @Test func `nothing is counted where nobody asks`() async throws {
        let result = try await LocalEngine(source: Self.source).evaluate(
            try Expression.parse("sum(requests_total)"), at: Timestamp(milliseconds: 201_000))

        #expect(result.samples == nil)
    }

    @Test func `the peak is what was held at a time`() async throws {
        var limits = QueryLimits()
        limits.countsSamples = true
        let result = try await LocalEngine(source: Self.source).evaluate(
            try Expression.parse("requests_total"), over: .instant(Timestamp(milliseconds: 201_000)),
            limits: limits)

        #expect(try #require(result.samples).peak >= 3)
    }
}
