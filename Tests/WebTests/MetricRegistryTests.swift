import Testing

@testable import Web

struct MetricRegistryTests {
    @Test func `families come by name and series by label values`() {
        let registry = MetricRegistry()
        let requests = registry.counter("b_total", "b", labels: ["code"])
        registry.observe("a", "a") { 7 }

        requests.with("500").add(2)
        requests.with("200").add()

        let snapshot = registry.snapshot()
        #expect(snapshot.map(\.name) == ["a", "b_total"])
        #expect(snapshot[1].points.map { $0.labels[0].value } == ["200", "500"])
        #expect(snapshot[1].points.map(\.value) == [.number(1), .number(2)])
    }

    @Test func `a value on a bound counts as below it`() {
        let histogram = HistogramMetric(bounds: [1, 2])

        for value in [0.5, 1, 2, 3, Double.nan] { histogram.observe(value) }

        #expect(histogram.snapshot.counts == [2, 1, 2])
    }

    @Test func `no addition is lost between threads`() async {
        let metric = Metric()

        await withTaskGroup { group in
            for _ in 0..<4 { group.addTask { for _ in 0..<10_000 { metric.add() } } }
        }

        #expect(metric.value == 40_000)
    }
}
