import Curl
import Discovery
import Relabelling
import Scraping
import Testing
import TimeSeries

/// What a scrape says about itself where it is an odd one: the numbers are Prometheus' own but where it is said.
struct ScrapeReportTests {
    private func counts(_ rig: ScrapeRig) -> [String] {
        let names = ["scraped", "post_metric_relabeling"].map { rig.values("scrape_samples_" + $0) }
        let added = rig.values("scrape_series_added")
        return added.indices.map { scrape in
            (names.map { $0[scrape] } + [added[scrape]]).map { $0.replacing(".0", with: "") }
                .joined(separator: " ")
        }
    }

    @Test func `lines of a series given twice count as samples, not as series`() async throws {
        let rig = try ScrapeRig()

        for _ in 0..<2 { await rig.scrape("a 1\na 2\nb 3\n") }
        await rig.scrape("a 1\na{} 2\nb 3\na 4\n")

        #expect(counts(rig) == ["3 3 2", "3 3 0", "4 4 0"])
    }

    @Test func `what relabelling drops or makes one series`() async throws {
        let dropping = try ScrapeRig {
            $0.metricRelabelRules = [try RelabelRule(action: .drop, sourceLabels: ["i"], regex: "1")]
        }
        for _ in 0..<2 { await dropping.scrape("a{i=\"1\"} 1\na{i=\"2\"} 2\n") }
        #expect(counts(dropping) == ["2 1 1", "2 1 0"])

        let merging = try ScrapeRig {
            $0.metricRelabelRules = [try RelabelRule(action: .labeldrop, regex: "i")]
        }
        for _ in 0..<2 { await merging.scrape("a{i=\"1\"} 1\na{i=\"2\"} 2\n") }
        // Prometheus takes both for new series.
        #expect(counts(merging) == ["2 2 1", "2 2 0"])
    }

    @Test func `the limit of samples is one of lines`() async throws {
        let rig = try ScrapeRig { $0.limits.samples = 2 }

        await rig.scrape("a 1\na 2\n")
        await rig.scrape("a 1\na 2\nb 3\n")

        #expect(rig.values("up") == ["1.0", "0.0"])
        #expect(counts(rig) == ["2 2 1", "3 3 0"])
    }

    @Test func `a body that turns out bad counts up to there`() async throws {
        let rig = try ScrapeRig {
            $0.reportsExtraMetrics = true
            $0.limits.labels = 3
        }

        await rig.scrape("a 1\nb 2\n")
        await rig.scrape("a 1\nb{ 2\n")
        await rig.scrape("a 1\nb 2\nc{d=\"e\",f=\"g\"} 3\nh 4\n")
        await rig.scrape("a 1\nb 2\n")

        #expect(rig.values("up") == ["1.0", "0.0", "0.0", "1.0"])
        #expect(counts(rig) == ["2 2 2", "1 1 0", "3 2 0", "2 2 0"])
        #expect(rig.values("scrape_body_size_bytes") == ["8.0", "9.0", "29.0", "8.0"])
    }

    @Test func `the size of no body is 0, of one above its limit -1`() async throws {
        let rig = try ScrapeRig {
            $0.reportsExtraMetrics = true
            $0.limits.bodyBytes = 8
        }

        await rig.scrape("a 1\nb 2\n")
        await rig.scrape("a 1\nb 2\nc 3\n")
        rig.transport.fail(ScrapeRig.url, with: .refused("connection refused"))
        await rig.scrape()

        #expect(rig.values("scrape_body_size_bytes") == ["8.0", "-1.0", "0.0"])
    }

    @Test func `series that come back are new ones, but for those of a scrape that failed`() async throws {
        let rig = try ScrapeRig()

        await rig.scrape("a 1\nb 2\n")
        await rig.scrape("a 1\n")
        await rig.scrape("a 1\nb 2\n")
        rig.transport.fail(ScrapeRig.url, with: .timedOut)
        await rig.scrape()
        await rig.scrape("a 1\nb 2\n")

        #expect(counts(rig) == ["2 2 2", "1 1 0", "2 2 1", "0 0 0", "2 2 0"])
    }

    @Test func `samples too far ahead count as samples, not as series`() async throws {
        let rig = try ScrapeRig()

        await rig.scrape("a 1 1000000\nb 2 99000000\nc 3\n")
        await rig.scrape("a 1 1000001\nc 3\n")
        await rig.scrape("c 3\n")
        await rig.scrape("a 1 1000002\nc 3\n")

        #expect(counts(rig) == ["3 3 2", "2 2 0", "1 1 0", "2 2 1"])
        #expect(rig.sink.scrapedBatches == 3)
    }

    @Test func `a target whose lines are all refused, some of them twice, is down`() async throws {
        let rig = try ScrapeRig()
        rig.sink.limit(seriesPerTarget: 6)

        await rig.scrape("a 1\na 2\nb 3\nb 4\n")

        #expect(rig.values("up") == ["0.0"])
    }

    @Test func `the second line of a series counts once the first is gone`() async throws {
        let rig = try ScrapeRig()

        await rig.scrape("a 1\nb 2\na 3\nc 4\n")
        await rig.scrape("b 5\na 6\nc 7\n")

        #expect(rig.values("a") == ["1.0", "6.0"])
        #expect(rig.values("c") == ["4.0", "7.0"])
        #expect(counts(rig) == ["4 4 3", "3 3 0"])
    }

    @Test func `series beside the table come once, where a body is read twice`() async throws {
        let rig = try ScrapeRig { $0.honorsLabels = true }

        await rig.scrape("x{job=\"o\"} 1\na 1\nb 1\nc 1\n")
        await rig.scrape("x{job=\"o\"} 2\nb 2\na 2\nb 3\nc 2\n")

        #expect(rig.sink.values("x", ["job": "o", "instance": "a:1"]) == ["1.0", "2.0"])
        #expect(rig.values("b") == ["1.0", "2.0"])
        #expect(counts(rig) == ["4 4 4", "5 5 0"])
        #expect(rig.sink.complaints.isEmpty)
    }
}
