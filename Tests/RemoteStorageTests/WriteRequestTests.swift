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
                "a label that is too long"
            ),
            ((0..<65).map { ("l\($0)", "1") }, "65 labels, at most 64 are allowed"),
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

    @Test(
        arguments: [
            BrokenHistogram(schema: 9, reason: "schema 9"),
            BrokenHistogram(length: 2, reason: "spans of 2 buckets for 1 counts"),
            BrokenHistogram(length: 2, deltas: [1, -2], reason: "a negative bucket"),
            BrokenHistogram(deltas: [3], count: 2, reason: "3.0 observations in buckets, 2.0 in all"),
        ])
    func `a histogram that contradicts itself is left out`(_ broken: BrokenHistogram) throws {
        let request = try decode(
            Wire.request(Wire.series([("__name__", "h")], [(1, 1)], histograms: [broken.message])))

        #expect(request.refusedCount == 1)
        #expect(request.firstRefusal?.contains(broken.reason) == true)
        #expect(request.series[0].histograms.isEmpty)
    }
}
