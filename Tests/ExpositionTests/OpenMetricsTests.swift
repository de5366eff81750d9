import Exposition
import Testing
import TimeSeries

@Suite struct OpenMetricsTests {
    private func series(_ labels: [String: String], _ samples: [(Int64, Double)]) -> SeriesColumns {
        SeriesColumns(
            labels: Labels(labels), times: TimeColumn(samples.map(\.0)), values: samples.map(\.1))
    }

    private func write(_ all: [SeriesColumns], _ writer: OpenMetricsWriter) -> OpenMetricsWriter {
        var writer = writer
        for name in writer.ordered(Set(all.map(\.labels.metricName))) {
            writer.append(name, all.filter { $0.labels.metricName == name })
        }
        writer.finish()
        return writer
    }

    /// What is read from a text, in pieces that end at every `size`-th line.
    private func read(
        _ text: [UInt8], linesAPiece size: Int = .max
    ) throws -> (samples: [Labels: [Sample]], metadata: [String: MetricMetadata]) {
        var reader = OpenMetricsReader()
        var found: [Labels: [Sample]] = [:]
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
        var rest = Array(lines)
        while !rest.isEmpty {
            let piece = rest.prefix(size).flatMap { Array($0) + [UInt8(ascii: "\n")] }
            rest.removeFirst(min(size, rest.count))
            try reader.read(piece, isLast: rest.isEmpty) { found[$0.labels, default: []] += $0.samples }
        }
        return (found, reader.metadata)
    }

    @Test func `a family stays together, with its metadata before and the end behind`() {
        let writer = write(
            [
                series(["__name__": "up", "job": "a"], [(1000, 1), (2500, 0)]),
                series(["__name__": "http_requests_total", "code": "200"], [(1000, 5)]),
                series(["__name__": "latency_seconds_sum"], [(1000, 0.25)]),
                series(["__name__": "latency_seconds_bucket", "le": "+Inf"], [(1000, 3)]),
            ],
            OpenMetricsWriter(metadata: [
                "http_requests_total": MetricMetadata(kind: .counter, help: "All \"requests\"."),
                "latency_seconds": MetricMetadata(kind: .histogram, unit: "seconds"),
            ]))

        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == """
                # TYPE http_requests counter
                # HELP http_requests All \\"requests\\".
                http_requests_total{code="200"} 5 1
                # TYPE latency_seconds histogram
                # UNIT latency_seconds seconds
                latency_seconds_bucket{le="+Inf"} 3 1
                latency_seconds_sum 0.25 1
                up{job="a"} 1 1
                up{job="a"} 0 2.500
                # EOF

                """)
        #expect(writer.samples == 5)
    }

    @Test(arguments: [1, 2, 1000]) func `what was written is read back, bit for bit, whatever the pieces`(
        lines: Int
    ) throws {
        let values: [Double] = [
            0, -0.0, 0.1, 1e300, -1e-300, .infinity, -.infinity, Marker.notANumber, Marker.stale,
            .leastNonzeroMagnitude,
            123_456_789.123_456_79,
        ]
        let all = [
            series(
                ["__name__": "odd", "text": "a \"b\"\\\nc ü"],
                values.enumerated().map { (1_700_000_000_001 + Int64($0) * 7, $1) }),
            series(["__name__": "a name with blanks", "and.a": "label"], [(-1, 1), (0, 2), (1 << 50, 3)]),
        ]
        let metadata = [
            "odd": MetricMetadata(kind: .gauge, help: "one \\ two\nthree \"four\""),
            "a name with blanks": MetricMetadata(kind: .unknown, help: "x"),
        ]

        let writer = write(all, OpenMetricsWriter(metadata: metadata, keepsStaleMarkers: true))
        let found = try read(writer.bytes, linesAPiece: lines)

        #expect(found.metadata == metadata)
        #expect(found.samples.count == 2)
        for column in all {
            let samples = try #require(found.samples[column.labels])
            #expect(samples.map(\.timestamp.milliseconds) == column.times.milliseconds)
            #expect(samples.map(\.value.bitPattern) == column.values.map(\.bitPattern))
        }
    }

    @Test func `stale markers and native histograms are left out and counted`() throws {
        var native = series(["__name__": "native"], [(1, 10), (2, 11)])
        native.histograms = [0: FloatHistogram(), 1: FloatHistogram()]
        let writer = write(
            [series(["__name__": "x"], [(1, 1), (2, Marker.stale)]), native], OpenMetricsWriter())

        #expect(writer.omittedMarkers == 1)
        #expect(writer.omittedHistograms == 2)
        #expect(writer.samples == 1)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "x 1 0.001\n# EOF\n")
    }

    @Test func `help and unit may stand before the type`() throws {
        let text = "# HELP req Hello.\n# UNIT req s\n# TYPE req counter\nreq_total 1 1\n# EOF\n"
        for lines in [1, 100] {
            let found = try read(Array(text.utf8), linesAPiece: lines)
            #expect(
                found.metadata == ["req": MetricMetadata(kind: .counter, help: "Hello.", unit: "s")])
        }
    }

    @Test func `exemplars are written at a line that is not older, and read back`() throws {
        let labels = Labels(["__name__": "req_total", "a": "1"])
        let exemplars = [(400, "x"), (450, "y"), (2500, "z"), (9000, "late")].map { time, trace in
            Exemplar(
                labels: Labels(["trace_id": trace]), value: 0.5,
                timestamp: Timestamp(milliseconds: Int64(time)))
        }
        var writer = OpenMetricsWriter()
        writer.append(
            "req_total",
            [series(["__name__": "req_total", "a": "1"], [(1000, 1), (2000, 2), (3000, 3), (4000, 4)])],
            exemplars: [labels: exemplars])
        writer.finish()

        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == ##"""
                req_total{a="1"} 1 1 # {trace_id="x"} 0.5 0.400
                req_total{a="1"} 2 2 # {trace_id="y"} 0.5 0.450
                req_total{a="1"} 3 3 # {trace_id="z"} 0.5 2.500
                req_total{a="1"} 4 4
                # EOF

                """##)
        #expect(writer.exemplars == 3 && writer.omittedExemplars == 1)
        var reader = OpenMetricsReader()
        try reader.read(writer.bytes, isLast: true) { _ in }
        #expect(
            reader.takeExemplars() == [
                SeriesExemplars(labels: labels, exemplars: Array(exemplars.dropLast()))
            ])
        #expect(reader.takeExemplars().isEmpty)
    }

    @Test func `buckets of one histogram stand together, by rising bounds`() {
        func bucket(_ zone: String, _ le: String) -> SeriesColumns {
            series(["__name__": "h_bucket", "le": le, "zone": zone], [(1000, 1)])
        }
        let all = ["a", "b"].flatMap { zone in ["+Inf", "0.1", "10", "2"].map { bucket(zone, $0) } }
        let writer = write(all.sorted { $0.labels < $1.labels }, OpenMetricsWriter())

        let lines = String(decoding: writer.bytes, as: UTF8.self).split(separator: "\n").dropLast()
        let found = lines.map { line in line.split(separator: "\"") }.map { "\($0[3]) \($0[1])" }
        let expected = ["a 0.1", "a 2", "a 10", "a +Inf", "b 0.1", "b 2", "b 10", "b +Inf"]
        #expect(found == expected)
    }

    @Test func `what stands before an error is read`() {
        for bad in ["b xx 1\n# EOF\n", "b 1\n# EOF\n", ""] {
            var reader = OpenMetricsReader()
            var found: [SeriesSamples] = []
            #expect(throws: OpenMetricsReader.Failure.self) {
                try reader.read(Array(("a 1 1\na 2 2\n" + bad).utf8), isLast: true) { found.append($0) }
            }
            #expect(found.map(\.samples.count) == [2], "\(bad)")
        }
    }

    @Test func `lines that end with a carriage return are named`() {
        for text in ["a 1 1\r\n# EOF\r\n", "a 1 1\n# TYPE b counter\r\n# EOF\n", "a 1 1\n# EOF\r\n"] {
            #expect {
                try read(Array(text.utf8))
            } throws: {
                "\($0)".contains("ends with a carriage return")
            }
        }
    }

    @Test func `an error names its line in the whole text`() {
        let good = "a 1 1\n"
        #expect {
            try read(Array((good + good + "a{ 1 1\n# EOF\n").utf8), linesAPiece: 2)
        } throws: {
            "\($0)".contains("line 3, column")
        }
        #expect {
            try read(Array((good + good + good + "a 1\n# EOF\n").utf8), linesAPiece: 1)
        } throws: {
            "\($0)".hasPrefix("line 4: the sample has no moment")
        }
        #expect {
            try read(Array((good + good).utf8))
        } throws: {
            "\($0)".contains("does not end with # EOF") && "\($0)".contains("export it again")
        }
        #expect {
            try read(Array((good + "# EOF\n" + good + "# EOF\n").utf8), linesAPiece: 2)
        } throws: {
            "\($0)".contains("text behind # EOF")
        }
    }
}
