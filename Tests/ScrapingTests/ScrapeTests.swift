import Curl
import Discovery
import Relabelling
import Scraping
import Testing
import TimeSeries

struct ScrapeTests {
    @Test func `a scrape brings the samples of its lines and reports about itself`() async throws {
        let rig = try ScrapeRig()

        await rig.scrape("# TYPE a gauge\na 1\nb{c=\"d\"} 2.5\n")

        #expect(rig.values("a") == ["1.0"])
        #expect(rig.values("b", ["c": "d"]) == ["2.5"])
        #expect(rig.values("up") == ["1.0"])
        #expect(rig.values("scrape_samples_scraped") == ["2.0"])
        #expect(rig.values("scrape_samples_post_metric_relabeling") == ["2.0"])
        #expect(rig.values("scrape_series_added") == ["2.0"])
        #expect(rig.values("scrape_duration_seconds") == ["0.0"])
        #expect(rig.sink.metadata["a"]?.kind == .gauge)
        #expect(rig.status?.health == .up)
        #expect(rig.status?.samples == 2)
        #expect(rig.sink.complaints.isEmpty)
    }

    @Test func `the same lines with other values go to the same series`() async throws {
        let rig = try ScrapeRig()

        await rig.scrape("a 1\nb 2\n")
        await rig.scrape("a 3\nb NaN\n")

        #expect(rig.values("a") == ["1.0", "3.0"])
        #expect(rig.values("b") == ["2.0", "nan"])
        #expect(rig.values("scrape_series_added") == ["2.0", "0.0"])
        #expect(rig.sink.extensions == 0)
    }

    @Test func `lines may come, go, come back and change places`() async throws {
        let rig = try ScrapeRig()

        await rig.scrape("a 1\nb 1\nc 1\nd 1\n")
        await rig.scrape("a 2\nc 2\nd 2\ne 2\n")
        await rig.scrape("e 3\nd 3\n# a comment\nb 3\na 3\nc 3")

        #expect(rig.values("a") == ["1.0", "2.0", "3.0"])
        #expect(rig.values("b") == ["1.0", "stale", "3.0"])
        #expect(rig.values("c") == ["1.0", "2.0", "3.0"])
        #expect(rig.values("d") == ["1.0", "2.0", "3.0"])
        #expect(rig.values("e") == ["2.0", "3.0"])
        #expect(rig.values("scrape_series_added") == ["4.0", "1.0", "1.0"])
        #expect(rig.sink.complaints.isEmpty)
    }

    @Test func `a series that ended gets one stale marker, not one a scrape`() async throws {
        let rig = try ScrapeRig()

        await rig.scrape("a 1\nb 1\n")
        await rig.scrape("a 2\n")
        await rig.scrape("a 3\n")

        #expect(rig.values("b") == ["1.0", "stale"])
    }

    @Test func `a series written differently is still the same series`() async throws {
        let rig = try ScrapeRig()

        await rig.scrape("a{x=\"1\",y=\"2\"} 1\n")
        await rig.scrape("a{y=\"2\", x=\"1\"} 2\n")
        await rig.scrape("{\"a\",x=\"1\",y=\"2\"} 3\n")

        #expect(rig.values("a", ["x": "1", "y": "2"]) == ["1.0", "2.0", "3.0"])
        #expect(rig.sink.complaints.isEmpty)
    }

    @Test func `of a series given twice the first counts`() async throws {
        let rig = try ScrapeRig()

        await rig.scrape("a 1\na 2\nb 3\n")
        await rig.scrape("a 4\na 5\nb 6\n")
        await rig.scrape("b 7\na 8\nb 9\n")
        await rig.scrape("a 10\nb 11\nc 12\n")

        #expect(rig.values("a") == ["1.0", "4.0", "8.0", "10.0"])
        #expect(rig.values("b") == ["3.0", "6.0", "7.0", "11.0"])
        #expect(rig.sink.complaints.isEmpty)
    }

    @Test func `a scrape that fails is down and ends the target's series`() async throws {
        let rig = try ScrapeRig()
        await rig.scrape("a 1\n")

        rig.transport.fail(ScrapeRig.url, with: .refused("connection refused"))
        await rig.scrape()
        await rig.scrape()
        await rig.scrape("a 4\n")

        #expect(rig.values("up") == ["1.0", "0.0", "0.0", "1.0"])
        #expect(rig.values("a") == ["1.0", "stale", "4.0"])
        #expect(rig.landedScrapes.map(\.isUp) == [true, false, false, true])
    }

    @Test func `the list of targets says why a scrape failed`() async throws {
        let rig = try ScrapeRig()

        rig.transport.fail(ScrapeRig.url, with: .timedOut)
        await rig.scrape()
        let hanging = rig.status
        rig.transport.answer(ScrapeRig.url, with: TransportResponse(status: 503))
        await rig.scrape()
        let broken = rig.status

        #expect(hanging?.health == .down)
        #expect(hanging?.lastError == "no complete answer within 5s")
        #expect(broken?.lastError == "server returned HTTP status 503")
    }

    @Test(arguments: ["<html>", "a 1\nb{c=\"\n", "a 1\nb one\n", "a{b=\"c\",b=\"d\"} 1", "\u{0}"])
    func `garbage costs only its own scrape, and nothing of it is kept`(text: String) async throws {
        let rig = try ScrapeRig { $0.staticGroups = [TargetGroup(source: "s", addresses: ["a:1", "b:1"])] }
        rig.transport.answer("http://b:1/metrics", text: "fine 1\n")
        await rig.scrape("a 1\n")

        await rig.scrape(text)

        #expect(rig.values("a") == ["1.0", "stale"])
        #expect(rig.values("up") == ["1.0", "0.0"])
        #expect(rig.values("fine", ["instance": "b:1"]) == ["1.0", "1.0"])
        #expect(rig.status?.lastError.hasPrefix("line ") == true)
    }

    @Test func `a body above the limit fails as a whole`() async throws {
        let rig = try ScrapeRig { $0.limits.bodyBytes = 10 }

        await rig.scrape("a 1\n# a comment that is too long\n")

        #expect(rig.values("up") == ["0.0"])
        #expect(rig.values("a").isEmpty)
        #expect(rig.status?.lastError == "body exceeds body_size_limit of 10 bytes after decompression")
    }

    @Test func `NaN is a value and an absent line is not`() async throws {
        let rig = try ScrapeRig()

        await rig.scrape("a NaN\nb +Inf\n")

        #expect(rig.values("a") == ["nan"])
        #expect(rig.values("b") == ["inf"])
    }

    @Test func `the last line may lack its line break`() async throws {
        let rig = try ScrapeRig()

        await rig.scrape("a 1")
        await rig.scrape("a 20")
        await rig.scrape("a 3\n")

        #expect(rig.values("a") == ["1.0", "20.0", "3.0"])
    }

    @Test func `OpenMetrics is read by its content type`() async throws {
        let rig = try ScrapeRig()
        let type = "application/openmetrics-text; version=1.0.0; charset=utf-8"

        await rig.scrape("a_total 1.0 # {t=\"x\"} 1\n# EOF\n", contentType: type)
        await rig.scrape("a_total 2.0 # {t=\"y\"} 1\n# EOF\n", contentType: type)
        await rig.scrape("a_total 3.0\n", contentType: type)

        #expect(rig.values("a_total") == ["1.0", "2.0", "stale"])
        #expect(rig.values("up") == ["1.0", "1.0", "0.0"])
    }

    @Test func `a series that comes to have times of its own is stored at these`() async throws {
        let rig = try ScrapeRig()

        await rig.scrape("y 1\nx 5\nz 1\n")
        await rig.scrape("y 1\nx 6 1015000\nz 2\n")
        await rig.scrape("y 1\nx 7 1025000\nz 3\n")

        let samples = rig.sink.samples(Labels(["__name__": "x", "job": "j", "instance": "a:1"]))
        let known = samples.filter { !Marker.isStale($0.value) }
        #expect(known.map(\.value) == [5, 6, 7])
        #expect(known.dropFirst().map(\.timestamp.milliseconds) == [1_015_000, 1_025_000])
        #expect(samples.count == 4)
        #expect(rig.values("z") == ["1.0", "2.0", "3.0"])
    }
}
