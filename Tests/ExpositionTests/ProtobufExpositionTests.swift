import Codecs
import Exposition
import Testing
import TimeSeries

extension ProtobufExposition.Histograms {
    fileprivate static let classic = Self(takesNative: false)
    fileprivate static let native = Self(takesNative: true)
    fileprivate static let both = Self(takesNative: true, keepsClassic: true)
    fileprivate static let converted = Self(takesNative: true, convertsClassic: true)
}

struct ProtobufExpositionTests {
    private func read(
        _ families: [[UInt8]], _ wanted: ProtobufExposition.Histograms = .native, limit: Int = 1 << 20
    ) throws -> (text: String, histograms: [ExposedHistogram]) {
        var bytes: [UInt8] = []
        for family in families { bytes.append(prefixed: family) }
        let read = try ProtobufExposition(bytes.span, wanted, limit: limit)
        return (String(decoding: read.text, as: UTF8.self), read.histograms)
    }

    /// A metric family of one metric whose value is in field `part`.
    private func family(
        _ name: String, type: Int64, labels: [(String, String)] = [], part: Int, _ value: [UInt8],
        timestamp: Int64 = 0, help: String = ""
    ) -> [UInt8] {
        var metric: [UInt8] = []
        for (name, value) in labels {
            var label: [UInt8] = []
            label.append(protobufField: 1, text: name)
            label.append(protobufField: 2, text: value)
            metric.append(protobufField: 1, bytes: label)
        }
        metric.append(protobufField: part, bytes: value)
        metric.append(protobufField: 6, integer: timestamp)
        var family: [UInt8] = []
        family.append(protobufField: 1, text: name)
        if !help.isEmpty { family.append(protobufField: 2, text: help) }
        family.append(protobufField: 3, integer: type)
        family.append(protobufField: 4, bytes: metric)
        return family
    }

    private func number(_ value: Double) -> [UInt8] {
        var message: [UInt8] = []
        message.append(protobufField: 1, double: value)
        return message
    }

    private func bucket(_ bound: Double, _ count: Int64) -> [UInt8] {
        var bucket: [UInt8] = []
        bucket.append(protobufField: 1, integer: count)
        bucket.append(protobufField: 2, double: bound)
        return bucket
    }

    /// Three observations: two in the classic bucket up to 1, and natively in the buckets 1, 2 and zero.
    private var histogram: [UInt8] {
        var message: [UInt8] = []
        message.append(protobufField: 1, integer: 3)
        message.append(protobufField: 2, double: 4.5)
        message.append(protobufField: 3, bytes: bucket(1, 2))
        message.append(protobufField: 5, integer: 6)
        message.append(protobufField: 6, double: 0.001)
        message.append(protobufField: 7, integer: 1)
        var run: [UInt8] = []
        run.append(protobufField: 1, integer: 2)
        run.append(protobufField: 2, integer: 2)
        message.append(protobufField: 12, bytes: run)
        message.append(protobufField: 13, bytes: [2, 0])
        return message
    }

    @Test func `counters, gauges and untyped metrics become lines`() throws {
        let text = try read([
            family("a_total", type: 0, labels: [("l", "x\"\\\n")], part: 3, number(7), help: "Two\nlines."),
            family("g", type: 1, part: 2, number(0), timestamp: 1234),
            family("my.metric", type: 3, part: 5, number(-1.5)),
        ]).text

        #expect(
            text == """
                # HELP a_total Two\\nlines.
                # TYPE a_total counter
                a_total{l="x\\"\\\\\\n"} 7
                # TYPE g gauge
                g 0 1234
                # TYPE "my.metric" untyped
                {"my.metric"} -1.5

                """)
    }

    @Test func `what it becomes is what the text reader reads`() throws {
        let text = Array(
            try read([family("my.metric", type: 1, labels: [("é", "ü\n")], part: 2, number(2))]).text.utf8)
        var reader = ExpositionReader()
        var found: [Labels] = []
        while let entry = try reader.next(text.span) {
            if case .sample = entry { found.append(try reader.labels(text.span)) }
        }

        #expect(found == [Labels(["__name__": "my.metric", "é": "ü\n"])])
    }

    @Test func `a summary has its quantiles, sum and count`() throws {
        var summary: [UInt8] = []
        summary.append(protobufField: 1, integer: 3)
        summary.append(protobufField: 2, double: 9)
        var quantile: [UInt8] = []
        quantile.append(protobufField: 1, double: 0.5)
        quantile.append(protobufField: 2, double: 4)
        summary.append(protobufField: 3, bytes: quantile)

        let text = try read([family("s", type: 2, part: 4, summary)]).text

        #expect(text == "# TYPE s summary\ns{quantile=\"0.5\"} 4\ns_sum 9\ns_count 3\n")
    }

    @Test func `classic buckets end with infinity`() throws {
        let text = try read([family("h", type: 4, part: 7, histogram)], .classic).text

        #expect(
            text == """
                # TYPE h histogram
                h_bucket{le="1"} 2
                h_bucket{le="+Inf"} 3
                h_sum 4.5
                h_count 3

                """)
    }

    @Test func `a native histogram takes the place of its classic buckets`() throws {
        let result = try read([family("h", type: 4, labels: [("l", "x")], part: 7, histogram, timestamp: 5)])

        let native = try #require(result.histograms.first)
        #expect(result.text == "# TYPE h histogram\n")
        #expect(native.labels == Labels(["__name__": "h", "l": "x"]))
        #expect(native.timestamp == Timestamp(milliseconds: 5))
        #expect(
            native.histogram
                == FloatHistogram(
                    schema: 3, zeroThreshold: 0.001, zeroCount: 1, count: 3, sum: 4.5,
                    positiveRuns: [.init(offset: 1, length: 2)], positiveBuckets: [1, 1]))
    }

    @Test func `both are kept where that is asked for`() throws {
        let result = try read([family("h", type: 4, part: 7, histogram)], .both)

        #expect(result.histograms.count == 1)
        #expect(result.text.contains("h_bucket{le=\"+Inf\"} 3\n"))
    }

    @Test func `runs that do not fit the buckets are refused`() {
        var wrong = histogram
        wrong.append(protobufField: 13, bytes: [2])

        #expect(throws: CodecError.self) { try read([family("h", type: 4, part: 7, wrong)]) }
    }

    @Test func `a message that ends early is refused at every byte`() throws {
        var bytes: [UInt8] = []
        bytes.append(prefixed: family("h", type: 4, labels: [("l", "x")], part: 7, histogram))

        for count in 1..<bytes.count {
            let part = Array(bytes[..<count])
            #expect(throws: CodecError.self) { try ProtobufExposition(part.span, .both, limit: 1 << 20) }
        }
    }

    @Test func `a small message that says much is refused`() {
        var wide: [UInt8] = []
        for bound in 0..<100 { wide.append(protobufField: 3, bytes: bucket(Double(bound), 1)) }
        let value = String(repeating: "x", count: 10_000)

        #expect(throws: CodecError.self) {
            try read([family("h", type: 4, labels: [("l", value)], part: 7, wide)], .classic, limit: 100_000)
        }
    }

    private func time(_ seconds: Int64, _ nanoseconds: Int64 = 0) -> [UInt8] {
        var time: [UInt8] = []
        time.append(protobufField: 1, integer: seconds)
        time.append(protobufField: 2, integer: nanoseconds)
        return time
    }

    private func exemplar(_ trace: String, _ value: Double, at time: [UInt8]? = nil) -> [UInt8] {
        var label: [UInt8] = []
        label.append(protobufField: 1, text: "trace")
        label.append(protobufField: 2, text: trace)
        var exemplar: [UInt8] = []
        exemplar.append(protobufField: 1, bytes: label)
        exemplar.append(protobufField: 2, double: value)
        if let time { exemplar.append(protobufField: 3, bytes: time) }
        return exemplar
    }

    private func exposition(
        _ families: [[UInt8]], _ wanted: ProtobufExposition.Histograms
    ) throws -> ProtobufExposition {
        var bytes: [UInt8] = []
        for family in families { bytes.append(prefixed: family) }
        return try ProtobufExposition(bytes.span, wanted, limit: 1 << 20)
    }

    @Test func `exemplars and starts come with the number of their line`() throws {
        var counter = number(7)
        counter.append(protobufField: 2, bytes: exemplar("a", 0.5, at: time(3, 250_000_000)))
        counter.append(protobufField: 3, bytes: time(1, 5_000_000))
        var first = bucket(1, 2)
        first.append(protobufField: 3, bytes: exemplar("b", 0.7))
        var histogram: [UInt8] = []
        histogram.append(protobufField: 1, integer: 3)
        histogram.append(protobufField: 3, bytes: bucket(0.5, 1))
        histogram.append(protobufField: 3, bytes: first)
        histogram.append(protobufField: 15, bytes: time(2))
        var summary: [UInt8] = []
        summary.append(protobufField: 1, integer: 3)
        summary.append(protobufField: 4, bytes: time(4))

        let read = try exposition(
            [
                family("g", type: 1, part: 2, number(0)), family("c", type: 0, part: 3, counter),
                family("h", type: 4, part: 7, histogram), family("s", type: 2, part: 4, summary),
            ], .native)

        // Lines: g, c, three of buckets, sum and count of h, sum and count of s.
        #expect(read.exemplars.map(\.line) == [1, 3])
        #expect(read.exemplars.map { $0.labels["trace"] } == ["a", "b"])
        #expect(read.exemplars.map(\.value) == [0.5, 0.7])
        #expect(read.exemplars.map(\.timestamp) == [Timestamp(milliseconds: 3250), nil])
        #expect(read.starts.map(\.lines) == [1..<2, 2..<7, 7..<9])
        #expect(read.starts.map(\.start.milliseconds) == [1005, 2000, 4000])
    }

    @Test func `a native histogram has its own exemplars, else those of its buckets, each with a time`()
        throws
    {
        var marked = bucket(1, 2)
        marked.append(protobufField: 3, bytes: exemplar("bucket", 0.7, at: time(1)))
        var ofBuckets = histogram
        ofBuckets.append(protobufField: 3, bytes: marked)
        var own = ofBuckets
        own.append(protobufField: 16, bytes: exemplar("own", 3, at: time(2)))
        own.append(protobufField: 16, bytes: exemplar("timeless", 3))

        let read = try exposition(
            [family("a", type: 4, part: 7, ofBuckets), family("b", type: 4, part: 7, own)], .native)

        #expect(read.histograms.map { $0.exemplars.map { $0.labels["trace"] } } == [["bucket"], ["own"]])
    }

    @Test func `a classic histogram becomes one with custom bounds where that is asked for`() throws {
        var classic: [UInt8] = []
        classic.append(protobufField: 1, integer: 6)
        classic.append(protobufField: 2, double: 4.5)
        classic.append(protobufField: 3, bytes: bucket(0.5, 1))
        classic.append(protobufField: 3, bytes: bucket(1, 1))
        classic.append(protobufField: 3, bytes: bucket(2, 4))

        let read = try exposition([family("h", type: 4, part: 7, classic)], .converted)

        #expect(String(decoding: read.text, as: UTF8.self) == "# TYPE h histogram\n")
        #expect(
            read.histograms.map(\.histogram) == [
                FloatHistogram(
                    schema: -53, count: 6, sum: 4.5,
                    positiveRuns: [.init(offset: 0, length: 1), .init(offset: 1, length: 2)],
                    positiveBuckets: [1, 3, 2], customBounds: [0.5, 1, 2])
            ])
    }

    @Test func `counts of a gauge histogram may sink`() throws {
        let read = try exposition([family("h", type: 5, part: 7, histogram)], .native)

        #expect(read.histograms.map(\.histogram.resetHint) == [.gauge])
    }
}
