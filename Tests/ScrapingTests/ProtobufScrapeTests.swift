import Codecs
import Curl
import Discovery
import Scraping
import Testing
import TimeSeries

struct ProtobufScrapeTests {
    private static let type =
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
    private let labels = Labels(["__name__": "h", "job": "j", "instance": "a:1"])

    /// A gauge of a value and a histogram of one observation in the native zero bucket.
    private func body(_ value: Double, hasHistogram: Bool = true) -> [UInt8] {
        var number: [UInt8] = []
        number.append(protobufField: 1, double: value)
        var bytes: [UInt8] = []
        bytes.append(prefixed: family("g", type: 1, part: 2, number))
        if hasHistogram {
            var histogram: [UInt8] = []
            histogram.append(protobufField: 1, integer: 1)
            histogram.append(protobufField: 6, double: 0.1)
            histogram.append(protobufField: 7, integer: 1)
            bytes.append(prefixed: family("h", type: 4, part: 7, histogram))
        }
        return bytes
    }

    private func family(_ name: String, type: Int64, part: Int, _ value: [UInt8]) -> [UInt8] {
        var metric: [UInt8] = []
        metric.append(protobufField: part, bytes: value)
        var family: [UInt8] = []
        family.append(protobufField: 1, text: name)
        family.append(protobufField: 3, integer: type)
        family.append(protobufField: 4, bytes: metric)
        return family
    }

    private func scrape(_ rig: ScrapeRig, _ body: [UInt8]) async {
        rig.transport.answer(
            ScrapeRig.url,
            with: TransportResponse(
                status: 200, headers: [(name: "content-type", value: Self.type)], body: body))
        await rig.scrape()
    }

    @Test func `a protobuf answer brings samples and native histograms`() async throws {
        let rig = try ScrapeRig { $0.readsNativeHistograms = true }

        await scrape(rig, body(1))
        await scrape(rig, body(2))

        #expect(rig.values("g") == ["1.0", "2.0"])
        #expect(rig.sink.histograms(labels).map(\.count) == [1, 1])
        #expect(rig.values("scrape_samples_scraped") == ["2.0", "2.0"])
        #expect(rig.values("h_count") == [])
    }

    @Test func `without native histograms their classic buckets are read`() async throws {
        let rig = try ScrapeRig()

        await scrape(rig, body(1))

        #expect(rig.sink.histograms(labels).isEmpty)
        #expect(rig.values("h_bucket", ["le": "+Inf"]) == ["1.0"])
        #expect(rig.values("h_count") == ["1.0"])
    }

    @Test func `a native histogram that is gone gets a stale marker`() async throws {
        let rig = try ScrapeRig { $0.readsNativeHistograms = true }

        await scrape(rig, body(1))
        await scrape(rig, body(2, hasHistogram: false))
        await scrape(rig, body(3, hasHistogram: false))

        #expect(rig.values("h") == ["stale"])
    }

    @Test func `native histograms count for the sample limit`() async throws {
        let rig = try ScrapeRig {
            $0.readsNativeHistograms = true
            $0.limits.samples = 1
        }

        await scrape(rig, body(1))

        #expect(rig.values("up") == ["0.0"])
        #expect(rig.sink.histograms(labels).isEmpty)
    }

    @Test func `a damaged protobuf answer fails the scrape and says why`() async throws {
        let rig = try ScrapeRig()

        await scrape(rig, Array(body(1).dropLast()))

        #expect(rig.values("up") == ["0.0"])
        #expect(rig.status?.lastError.hasPrefix("not the protobuf exposition: ") == true)
    }
}
