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
    private func body(_ value: Double, hasHistogram: Bool = true, start: Int64? = nil) -> [UInt8] {
        var number: [UInt8] = []
        number.append(protobufField: 1, double: value)
        var bytes: [UInt8] = []
        bytes.append(prefixed: family("g", type: 1, part: 2, number))
        if hasHistogram {
            var histogram: [UInt8] = []
            histogram.append(protobufField: 1, integer: 1)
            histogram.append(protobufField: 6, double: 0.1)
            histogram.append(protobufField: 7, integer: 1)
            if let start { histogram.append(protobufField: 15, bytes: time(start)) }
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

    private func time(_ seconds: Int64) -> [UInt8] {
        var time: [UInt8] = []
        time.append(protobufField: 1, integer: seconds)
        return time
    }

    /// A gauge and a counter with an exemplar and a start.
    private func counter(_ value: Double, trace: String, start: Int64) -> [UInt8] {
        var label: [UInt8] = []
        label.append(protobufField: 1, text: "trace")
        label.append(protobufField: 2, text: trace)
        var exemplar: [UInt8] = []
        exemplar.append(protobufField: 1, bytes: label)
        exemplar.append(protobufField: 2, double: value)
        var counter: [UInt8] = []
        counter.append(protobufField: 1, double: value)
        counter.append(protobufField: 2, bytes: exemplar)
        counter.append(protobufField: 3, bytes: time(start))
        var bytes = body(value, hasHistogram: false)
        bytes.append(prefixed: family("c_total", type: 0, part: 3, counter))
        return bytes
    }

    @Test func `exemplars reach the sink with the series of their line`() async throws {
        let rig = try ScrapeRig()

        await scrape(rig, counter(1, trace: "a", start: 5))
        await scrape(rig, counter(2, trace: "b", start: 5))

        let series = Labels(["__name__": "c_total", "job": "j", "instance": "a:1"])
        #expect(rig.sink.exemplars.map(\.labels) == [series, series])
        #expect(
            rig.sink.exemplars.flatMap(\.exemplars) == [
                Exemplar(
                    labels: Labels(["trace": "a"]), value: 1, timestamp: ScrapeRig.start + .seconds(10),
                    isTimed: false),
                Exemplar(
                    labels: Labels(["trace": "b"]), value: 2, timestamp: ScrapeRig.start + .seconds(20),
                    isTimed: false),
            ])
    }

    @Test func `starts reach the sink once, and again when they change`() async throws {
        let rig = try ScrapeRig()

        await scrape(rig, counter(1, trace: "a", start: 5))
        await scrape(rig, counter(2, trace: "a", start: 5))
        await scrape(rig, counter(1, trace: "a", start: 1025))

        let series = Labels(["__name__": "c_total", "job": "j", "instance": "a:1"])
        #expect(rig.sink.starts.map(\.labels) == [series, series])
        #expect(rig.sink.starts.map { $0.start?.milliseconds } == [5000, 1_025_000])
        #expect(rig.sink.starts.map(\.at) == [10, 30].map { ScrapeRig.start + .seconds($0) })
        // The exposition has no such line, and none is made up.
        #expect(rig.values("c_created") == [])
    }

    @Test func `native histograms come with their starts`() async throws {
        let rig = try ScrapeRig { $0.readsNativeHistograms = true }

        await scrape(rig, body(1, start: 5))
        await scrape(rig, body(2))

        #expect(rig.sink.starts.map(\.labels) == [labels])
        #expect(rig.sink.starts.map { $0.start?.milliseconds } == [5000])
        #expect(rig.sink.starts.map(\.at) == [ScrapeRig.start + .seconds(10)])
    }

    @Test func `classic histograms of a text become native ones where that is asked for`() async throws {
        let rig = try ScrapeRig { $0.convertsClassicHistograms = true }
        for value in 1...2 {
            await rig.scrape(
                "# TYPE h histogram\nh_bucket{le=\"1\"} \(value)\nh_sum 1\nh_count \(value)\n# TYPE g gauge\ng 3\n"
            )
        }

        #expect(rig.sink.histograms(labels).map(\.count) == [1, 2])
        #expect(rig.sink.histograms(labels).map(\.customBounds) == [[1], [1]])
        #expect(rig.values("h_count") == [])
        #expect(rig.values("g") == ["3.0", "3.0"])
        #expect(rig.values("scrape_samples_scraped") == ["2.0", "2.0"])
    }

    @Test func `they are kept beside them where that is asked for too`() async throws {
        let rig = try ScrapeRig {
            $0.convertsClassicHistograms = true
            $0.keepsClassicHistograms = true
        }
        await rig.scrape("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n")

        #expect(rig.sink.histograms(labels).map(\.count) == [1])
        #expect(rig.values("h_count") == ["1.0"])
    }

    @Test func `a failed scrape lands with its reason and the log of its job`() async throws {
        let rig = try ScrapeRig { $0.failureLog = "/var/log/failed" }

        await rig.scrape("a 1\n")
        await rig.scrape("a x\n")

        #expect(rig.landedScrapes.map(\.problem.isEmpty) == [true, false])
        #expect(rig.landedScrapes.map(\.failureLog) == ["/var/log/failed", "/var/log/failed"])
    }
}
