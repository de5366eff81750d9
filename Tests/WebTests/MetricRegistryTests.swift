import Testing

@testable import Web

struct MetricRegistryTests {
    @Test func `families come by name and series by label values`() {
        let registry = MetricRegistry()
        let requests = registry.counter("b_total", "Bees.", labels: ["code"])
        registry.observe("a", "An a.") { 7 }

        requests.with("500").add(2)
        requests.with("200").add()

        #expect(
            String(decoding: registry.render(), as: UTF8.self) == """
                # HELP a An a.
                # TYPE a gauge
                a 7
                # HELP b_total Bees.
                # TYPE b_total counter
                b_total{code="200"} 1
                b_total{code="500"} 2

                """)
    }

    @Test func `a family without labels begins at zero`() {
        let registry = MetricRegistry()

        _ = registry.counter("a_total", "")

        #expect(String(decoding: registry.render(), as: UTF8.self).hasSuffix("\na_total 0\n"))
    }

    @Test func `a histogram is written with its buckets`() {
        let registry = MetricRegistry()
        let histogram = registry.histogram("h", "", bounds: [1, 2]).with()

        for value in [0.5, 1, 2, 3] { histogram.observe(value) }

        #expect(String(decoding: registry.render(), as: UTF8.self).contains("h_bucket{le=\"1\"} 2\n"))
    }

    @Test func `no addition is lost between threads`() async {
        let metric = Metric()

        await withTaskGroup { group in
            for _ in 0..<4 { group.addTask { for _ in 0..<10_000 { metric.add() } } }
        }

        #expect(metric.value == 40_000)
    }
}
