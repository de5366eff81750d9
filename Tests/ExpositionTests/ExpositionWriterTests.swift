import Exposition
import Testing
import TimeSeries

struct ExpositionWriterTests {
    @Test func `a gauge has help, type and a line a series`() {
        var writer = ExpositionWriter()

        writer.gauge(
            "node_capacity", help: "Cores.",
            [
                ([(name: "node", value: "n1"), (name: "zone", value: "a")], 2),
                ([(name: "node", value: "n2")], 0.5),
            ])

        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == """
                # HELP node_capacity Cores.
                # TYPE node_capacity gauge
                node_capacity{node="n1",zone="a"} 2
                node_capacity{node="n2"} 0.5

                """)
    }

    @Test func `values and help are escaped`() {
        var writer = ExpositionWriter()

        writer.counter("a_total", help: "one \\ two\n\"three\"", [([(name: "p", value: "\\ \" \n")], 1)])

        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == """
                # HELP a_total one \\\\ two\\n"three"
                # TYPE a_total counter
                a_total{p="\\\\ \\" \\n"} 1

                """)
    }

    @Test func `a histogram is cumulative`() {
        var histogram = BucketHistogram(bounds: [1, 0.1])
        for value in [0.05, 0.1, 0.5, 7] { histogram.observe(value) }
        var writer = ExpositionWriter()

        writer.histogram("h", help: "", histogram)

        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == """
                # TYPE h histogram
                h_bucket{le="0.1"} 2
                h_bucket{le="1"} 3
                h_bucket{le="+Inf"} 4
                h_sum 7.65
                h_count 4

                """)
    }

    @Test func `names outside the legacy set are quoted, and a timestamp is written`() {
        var writer = ExpositionWriter()

        writer.sample("a.b", [(name: "c.d", value: "e")], 1, at: Timestamp(milliseconds: 1500))
        writer.sample("a.b", 2)

        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == "{\"a.b\",\"c.d\"=\"e\"} 1 1500\n{\"a.b\"} 2\n")
    }

    @Test(arguments: [
        (0.0, "0"), (-0.0, "-0"), (1, "1"), (-2.5, "-2.5"), (123_456, "123456"), (1_000_000, "1e+06"),
        (1_234_567, "1.234567e+06"), (0.0001, "0.0001"), (0.00001, "1e-05"), (0.00012345, "0.00012345"),
        (1.5e300, "1.5e+300"), (.leastNonzeroMagnitude, "5e-324"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
        (1_726_839_813.016397, "1.726839813016397e+09"), (100_000, "100000"), (0.1, "0.1"),
    ])
    func `numbers are written as Go writes them`(value: Double, text: String) {
        #expect(value.expositionText == text)
    }

    @Test func `a number that is not is NaN`() {
        #expect(Double.nan.expositionText == "NaN")
    }
}
