import Codecs
import Testing
import TimeSeries

@testable import RemoteStorage

struct WriteRequestTests {
    private let start = Timestamp(milliseconds: 1_700_000_000_000)

    private func decode(
        _ bytes: [UInt8], limits: RemoteWriteLimits = RemoteWriteLimits(), latest: Timestamp = .distantFuture
    ) throws -> WriteRequest {
        try WriteRequest(decoding: bytes.span, limits: limits, latest: latest)
    }

    private func message() throws -> [UInt8] {
        let block = try Wire.golden()
        return try Snappy.decompress(block.span, limit: 1 << 20)
    }

    @Test func `a request made by another encoder is read as it was meant`() throws {
        let request = try decode(message())

        #expect(request.refusedCount == 0)
        #expect(request.sampleCount == 4)
        #expect(
            request.series.map(\.labels) == [
                Labels(["__name__": "http_requests_total", "code": "200", "job": "api"]),
                Labels(["__name__": "température", "job": "Zürich"]),
                Labels(["__name__": "latency_seconds", "job": "api"]),
            ])
        #expect(
            request.series[0].samples == [Sample(start, 1027), Sample(start + .seconds(15), 1030.5)])
        #expect(request.series[1].samples == [Sample(start, -1.5)])
        #expect(
            request.metadata == [
                "http_requests_total": MetricMetadata(
                    kind: .counter, help: "Requests served.", unit: "requests")
            ])
    }

    @Test func `a native histogram becomes one with absolute counts`() throws {
        let found = try #require(try decode(message()).series.last?.histograms.first)

        var expected = FloatHistogram(
            schema: 1, zeroThreshold: 0.001, zeroCount: 2, count: 10, sum: 18.4,
            positiveRuns: [.init(offset: 0, length: 2), .init(offset: 1, length: 2)],
            negativeRuns: [.init(offset: 0, length: 1)], positiveBuckets: [1, 2, 1, 3], negativeBuckets: [1])
        expected.resetHint = .notReset
        #expect(found.timestamp == start)
        #expect(found.histogram == expected)
    }

    @Test func `a message cut anywhere is refused or read, never more`() throws {
        let whole = try message()

        for length in whole.indices {
            let request = try? decode(Array(whole[..<length]))
            #expect((request?.sampleCount ?? 0) <= 4)
        }
    }

    @Test func `a message with any one byte changed is refused or read`() throws {
        let whole = try message()

        for index in whole.indices {
            for value in [0, 0x7f, 0x80, 0xff, whole[index] ^ 1] {
                var changed = whole
                changed[index] = value
                let request = try? decode(changed)
                #expect((request?.sampleCount ?? 0) < 20)
            }
        }
    }

    @Test func `labels out of order are sorted and empty ones left out`() throws {
        let request = try decode(
            Wire.request(
                Wire.series([("z", "1"), ("__name__", "up"), ("gone", ""), ("a", "2")], [(1, 1)])))

        #expect(request.series.map(\.labels) == [Labels(["__name__": "up", "a": "2", "z": "1"])])
    }

    @Test(
        arguments: [
            ([("__name__", "up"), ("a", "1"), ("a", "2")], "label a twice"),
            ([("a", "1"), ("__name__", "up"), ("a", "1")], "label a twice"),
            ([("", "1"), ("__name__", "up")], "a label without a name"),
            ([("a", "1")], "no metric name"), ([("__name__", "")], "no metric name"), ([], "no metric name"),
            (
                [("__name__", "up"), ("a", String(repeating: "x", count: 20_000))],
                "a label that is too long: storage.limits.label_value_length is 16384"
            ),
            ((0..<65).map { ("l\($0)", "1") }, "65 labels, storage.limits.labels is 64"),
        ])
    func `a series with invalid labels is left out, with the reason`(
        _ labels: [(String, String)], _ reason: String
    ) throws {
        let request = try decode(
            Wire.request(
                Wire.series(labels, [(1, 1), (2, 2)]), Wire.series([("__name__", "good")], [(1, 3)])))

        #expect(request.series.map(\.labels) == [Labels(["__name__": "good"])])
        #expect(request.refusedCount == 2)
        #expect(request.firstRefusal?.hasPrefix("invalid metric name or labels: \(reason), got {") == true)
    }

    @Test func `labels are read alike whether they are taken at once or looked at closely`() throws {
        var random = Sequence(state: 7)
        let texts = [
            "a", "bb", "job", "eightest", "eightest_and", "eightest_or", "ü",
            String(repeating: "v", count: 130),
        ]
        for _ in 0..<150 {
            var names = Array(texts.shuffled(using: &random).prefix(Int.random(in: 0...6, using: &random)))
            names.insert("__name__", at: Int.random(in: 0...names.count, using: &random))
            if Bool.random(using: &random) { names.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
            let labels = names.map { ($0, texts.randomElement(using: &random)!) }

            let request = try decode(Wire.request(Wire.series(labels, [(1, 1)])))

            let expected = Labels(labels.map { (name: $0.0, value: $0.1) })
            #expect(request.series.map(\.labels) == [expected])
            #expect(request.batches[0].entries[0].hash == expected.processHash)
        }
    }

    @Test func `many samples are spread over batches, in order, and none is lost`() throws {
        let samples = (0..<30_000).map { (Int64($0), Double($0)) }
        let series = Wire.series([("__name__", "long")], samples)
        let short = Wire.series([("__name__", "short")], [(1, 1)])

        let request = try decode(Wire.request(short, series, short))

        #expect(request.sampleCount == 30_002)
        #expect(request.batches.allSatisfy { $0.sampleCount <= SeriesDecoder.batchSize })
        let long = request.series.filter { $0.labels.metricName == "long" }
        #expect(long.flatMap(\.samples).map(\.value) == samples.map(\.1))
        #expect(request.series.filter { $0.labels.metricName == "short" }.count == 2)
    }

    @Test(
        arguments: [
            // A length and a number above 64 bits, one that does not end, lengths behind the end, at both levels.
            [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
            [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
            [0x0a, 0x80], [0x0a, 0x05, 0x0a, 0x20, 0, 0, 0], [0x0a, 0x02, 0x0a, 0x7f],
            [0x0a, 0x04, 0x12, 0x02, 0x10, 0x80], [0x0a, 0x03, 0x0a, 0x01, 0x0a],
            [0x0a, 0x0e, 0x12, 0x0c, 0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
            // Wire types that do not exist, field number 0.
            [0x0a, 0x01, 0x0b], [0x0a, 0x01, 0x0e], [0x0a, 0x02, 0x02, 0x00], [0x07],
        ] as [[UInt8]])
    func `lengths and numbers that cannot be are refused`(_ message: [UInt8]) {
        #expect(throws: CodecError.self) { try decode(message) }
    }

    @Test func `fields of later versions are stepped over`() throws {
        var series = Wire.series([("__name__", "up")], [(1, 1)])
        series.append(protobufField: 9, text: "new")
        series.append(protobufField: 200, integer: 7)
        var request = Wire.request(series)
        request.append(protobufField: 7, double: 1)

        #expect(try decode(request).series.map(\.samples) == [[Sample(Timestamp(milliseconds: 1), 1)]])
    }

    @Test func `text that is not UTF-8 is refused`() throws {
        var label: [UInt8] = []
        label.append(protobufField: 1, text: "a")
        label.append(protobufField: 2, bytes: [0x61, 0xc3, 0x28])
        var series = Wire.series([("__name__", "up")], [(1, 1)])
        series.append(protobufField: 1, bytes: label)

        let request = try decode(Wire.request(series))

        #expect(request.series.isEmpty)
        #expect(request.firstRefusal?.contains("not UTF-8") == true)
    }

    @Test func `samples out of order within a series are brought in order`() throws {
        let request = try decode(
            Wire.request(Wire.series([("__name__", "up")], [(30, 3), (10, 1), (20, 2)])))

        #expect(request.series[0].samples.map(\.value) == [1, 2, 3])
    }

    @Test func `samples of the far future are refused, the others are not`() throws {
        let request = try decode(
            Wire.request(Wire.series([("__name__", "up")], [(1000, 1), (2001, 2)])),
            latest: Timestamp(milliseconds: 2000))

        #expect(request.series[0].samples.map(\.value) == [1])
        #expect(request.refusedCount == 1)
    }

    @Test func `a staleness marker keeps its bits, and no NaN is taken for an absent sample`() throws {
        let request = try decode(
            Wire.request(Wire.series([("__name__", "up")], [(1, Marker.stale), (2, Marker.absent)])))

        let values = request.series[0].samples.map(\.value)
        #expect(Marker.isStale(values[0]))
        #expect(values[1].isNaN && !Marker.isAbsent(values[1]))
    }

    @Test func `more series than a request may have are refused as a whole`() {
        var limits = RemoteWriteLimits()
        limits.entries = 2
        let series = Wire.series([("__name__", "up")], [(1, 1)])

        let request = try? decode(Wire.request(series, series, series), limits: limits)

        #expect(request == nil)
    }

    struct BrokenHistogram: Sendable {
        var schema: Int64 = 0
        var length: Int64 = 1
        var deltas: [Int64] = [1]
        var count: Int64 = 1
        var reason: String

        var message: [UInt8] {
            var run: [UInt8] = []
            run.append(protobufField: 2, integer: length)
            var packed: [UInt8] = []
            for delta in deltas { packed.append(signedVarint: delta) }
            var message: [UInt8] = []
            message.append(protobufField: 1, integer: count)
            message.append(protobufField: 4, integer: schema << 1)
            message.append(protobufField: 11, bytes: run)
            message.append(protobufField: 12, bytes: packed)
            return message
        }
    }

    @Test func `whole counts are added exactly`() throws {
        let large = Int64(1) << 53
        let exact = BrokenHistogram(length: 3, deltas: [large + 1, 2, 2], count: 3 * large + 9, reason: "")
        let other = BrokenHistogram(length: 3, deltas: [large + 1, 2, 2], count: 3 * large + 10, reason: "")

        for (histogram, refused) in [(exact, 0), (other, 1)] {
            let request = try decode(
                Wire.request(Wire.series([("__name__", "h")], [], histograms: [histogram.message])))
            #expect(request.refusedCount == refused)
        }
    }

    @Test(
        arguments: [
            BrokenHistogram(schema: 9, reason: "schema 9"),
            BrokenHistogram(length: 2, reason: "spans of 2 buckets for 1 counts"),
            BrokenHistogram(length: 2, deltas: [1, -2], reason: "a negative bucket"),
            BrokenHistogram(deltas: [3], count: 2, reason: "3 observations in buckets, 2 in all"),
            BrokenHistogram(
                length: 1_000_000, deltas: Array(repeating: 0, count: 1_000_000), count: 0,
                reason: "more than 10000 buckets"),
        ])
    func `a histogram that contradicts itself is left out`(_ broken: BrokenHistogram) throws {
        let request = try decode(
            Wire.request(Wire.series([("__name__", "h")], [(1, 1)], histograms: [broken.message])))

        #expect(request.refusedCount == 1)
        #expect(request.firstRefusal?.contains(broken.reason) == true)
        #expect(request.series[0].histograms.isEmpty)
    }
}

/// The same numbers in every run.
private struct Sequence: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}

extension WriteRequest {
    var batches: [SampleBatch] {
        parts.compactMap { if case .decoded(let batch, _) = $0 { batch } else { nil } }
    }

    /// All series with their samples.
    var series: [SeriesSamples] { batches.flatMap { batch in batch.entries.indices.map(batch.series) } }
}
