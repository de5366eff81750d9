import Exposition
import Testing
import TimeSeries

/// `convert_classic_histograms_to_nhcb` of texts.
struct HistogramConversionTests {
    private func convert(
        _ text: String, _ format: ExpositionReader.Format = .text, keepsClassic: Bool = false
    ) throws -> (text: String, histograms: [ExposedHistogram]) {
        let result = try HistogramConversion(Array(text.utf8).span, format, keepsClassic: keepsClassic)
        return (String(decoding: result.text, as: UTF8.self), result.histograms)
    }

    private let body = """
        # HELP h Help.
        # TYPE h histogram
        h_bucket{a="1",le="0.5"} 1
        h_bucket{a="1",le="1"} 1
        h_bucket{a="1",le="+Inf"} 4
        h_sum{a="1"} 9.5
        h_count{a="1"} 4
        h_bucket{a="2",le="0.5"} 2
        h_bucket{a="2",le="+Inf"} 2
        h_sum{a="2"} 0.5
        h_count{a="2"} 2
        # TYPE g gauge
        g_count 3

        """

    @Test func `the lines of one set of labels become one histogram`() throws {
        let result = try convert(body)

        #expect(result.text == "# HELP h Help.\n# TYPE h histogram\n# TYPE g gauge\ng_count 3\n")
        #expect(result.histograms.map(\.labels) == ["1", "2"].map { Labels(["__name__": "h", "a": $0]) })
        #expect(
            result.histograms[0].histogram
                == FloatHistogram(
                    schema: -53, count: 4, sum: 9.5,
                    positiveRuns: [.init(offset: 0, length: 1), .init(offset: 1, length: 1)],
                    positiveBuckets: [1, 3], customBounds: [0.5, 1]))
        #expect(
            result.histograms[1].histogram
                == FloatHistogram(
                    schema: -53, count: 2, sum: 0.5, positiveRuns: [.init(offset: 0, length: 1)],
                    positiveBuckets: [2], customBounds: [0.5]))
    }

    @Test func `the text stays where classic histograms are kept`() throws {
        let result = try convert(body, keepsClassic: true)

        #expect(result.text == body)
        #expect(result.histograms.count == 2)
    }

    @Test(arguments: [
        "h_bucket{le=\"1\"} 3\nh_bucket{le=\"2\"} 2\nh_bucket{le=\"+Inf\"} 4\nh_count 4\n",
        "h_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 4\nh_count 5\n",
        "h_bucket{le=\"1\"} NaN\nh_count 5\n",
        "h_sum 4\n",
        "h 4\n",
        "h_bucket{le=\"wide\"} 4\n",
        "h_bucket 4\n",
    ])
    func `lines that contradict each other stay as they are`(lines: String) throws {
        let text = "# TYPE h histogram\n" + lines
        let result = try convert(text)

        #expect(result.text == text)
        #expect(result.histograms.isEmpty)
    }

    @Test func `what is no histogram by its type stays as it is`() throws {
        let text = "h_bucket{le=\"+Inf\"} 4\nh_count 4\n# TYPE c counter\nc_count 4\n"
        #expect(try convert(text).text == text)
        #expect(try convert(text).histograms.isEmpty)
    }

    @Test func `bounds in any order and given twice count once`() throws {
        let result = try convert(
            "# TYPE h histogram\nh_count 4\nh_bucket{le=\"2\"} 3\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 9\n"
        )

        #expect(result.histograms.map(\.histogram.customBounds) == [[1, 2]])
        #expect(result.histograms.map(\.histogram.positiveBuckets) == [[1, 2, 1]])
    }

    @Test func `times, exemplars with a time and created lines of OpenMetrics are minded`() throws {
        let result = try convert(
            """
            # TYPE h histogram
            h_bucket{le="1"} 1 5 # {t="a"} 0.5 4.25
            h_bucket{le="+Inf"} 2 5 # {t="b"} 2.5
            h_created 3
            h_sum 3 5
            h_count 2 5
            # EOF

            """, .openMetrics)

        #expect(result.text == "# TYPE h histogram\nh_created 3\n# EOF\n")
        #expect(result.histograms.map(\.timestamp) == [Timestamp(milliseconds: 5000)])
        #expect(
            result.histograms.map(\.exemplars) == [
                [Exemplar(labels: Labels(["t": "a"]), value: 0.5, timestamp: Timestamp(milliseconds: 4250))]
            ])
    }

    @Test func `a bad line is refused as the reader refuses it`() {
        #expect(throws: ExpositionError.self) { try convert("# TYPE h histogram\nh_count x\n") }
    }
}
