import Curl
import Scraping
import Testing
import TimeSeries

/// A table that gives way to another one, and targets that show more series than they may have.
@Suite struct TableReplacementTests {
    private func lines(_ name: String, _ count: Int, round: Int = 0) -> String {
        (0..<count).map { "\(name){round=\"\(round)\",n=\"\($0)\"} 1\n" }.joined()
    }

    @Test func `series end in the scrape that lacks them, whichever table they are in`() async throws {
        let rig = try ScrapeRig()

        for round in 0..<8 { await rig.scrape(lines("a", 600, round: round) + "b \(round)\n") }

        for round in 0..<7 {
            #expect(rig.values("a", ["round": "\(round)", "n": "599"]) == ["1.0", "stale"])
        }
        #expect(rig.values("a", ["round": "7", "n": "0"]) == ["1.0"])
        #expect(rig.values("b") == (0..<8).map { "\(Double($0))" })
        #expect(rig.values("scrape_series_added") == ["601.0"] + Array(repeating: "600.0", count: 7))
        #expect(rig.sink.columns.count > 2)
        #expect(rig.sink.openTables == 1)
        #expect(rig.sink.complaints.isEmpty)
    }

    @Test func `a scrape that fails, or a target that goes, ends what a table to be replaced holds`()
        async throws
    {
        for fails in [true, false] {
            let rig = try ScrapeRig()
            for round in 0..<3 { await rig.scrape(lines("a", 600, round: round)) }

            if fails {
                await rig.scrape("no text\u{1}of metrics\n")
            } else {
                rig.scraper.apply([])
            }

            #expect(rig.values("a", ["round": "2", "n": "0"]) == ["1.0", "stale"])
            #expect(rig.sink.complaints.isEmpty)
            #expect(rig.sink.openTables == (fails ? 1 : 0))
        }
    }

    @Test func `the table before goes on where the sink has no room for the next one`() async throws {
        let rig = try ScrapeRig()
        for round in 0..<3 { await rig.scrape(lines("a", 600, round: round) + "b \(round)\n") }

        rig.sink.limit(series: 100)
        await rig.scrape(lines("a", 600, round: 3) + "b 3\n")
        let full = rig.status
        rig.sink.limit(series: .max)
        await rig.scrape(lines("a", 600, round: 4) + "b 4\n")

        #expect(full?.health == .up && full?.lastError.contains("limit of 100 series") == true)
        #expect(rig.values("b") == ["0.0", "1.0", "2.0", "3.0", "4.0"])
        #expect(rig.values("a", ["round": "2", "n": "0"]) == ["1.0", "stale"])
        #expect(rig.values("a", ["round": "3", "n": "0"]).isEmpty)
        #expect(rig.values("a", ["round": "4", "n": "0"]) == ["1.0"])
        #expect(rig.sink.complaints.isEmpty)
    }

    @Test func `series that ended keep no others out of a target with room for those that it shows`()
        async throws
    {
        let rig = try ScrapeRig()
        rig.sink.limit(seriesPerTarget: 50)
        await rig.scrape(lines("x", 40))

        await rig.scrape(lines("y", 20) + lines("x", 1))

        #expect(rig.status?.health == .up && rig.status?.lastError == "")
        #expect(rig.values("y", ["round": "0", "n": "19"]) == ["1.0"])
        #expect(rig.values("x", ["round": "0", "n": "0"]) == ["1.0", "1.0"])
        #expect(rig.values("x", ["round": "0", "n": "39"]) == ["1.0", "stale"])
        #expect(rig.values("scrape_series_added").last == "20.0")
        #expect(rig.sink.openTables == 1)
        #expect(rig.sink.complaints.isEmpty)
    }

    @Test func `a target whose lines are all refused is down, and what it showed before ends once`()
        async throws
    {
        let rig = try ScrapeRig()
        rig.sink.limit(seriesPerTarget: 50)
        await rig.scrape(lines("x", 40))

        await rig.scrape(lines("y", 60))
        await rig.scrape(lines("y", 60))

        #expect(rig.status?.health == .down)
        #expect(rig.status?.lastError.contains("series_per_target") == true)
        #expect(rig.values("up") == ["1.0", "0.0", "0.0"])
        #expect(rig.values("x", ["round": "0", "n": "0"]) == ["1.0", "stale"])
    }

    @Test func `a series that is gone ends once while others are refused, and comes back`() async throws {
        let rig = try ScrapeRig()
        rig.sink.limit(seriesPerTarget: 9)
        await rig.scrape("a 1\nb 1\nc 1\nd 1\n")

        for _ in 0..<2 { await rig.scrape("a 2\nc 2\nd 2\n" + lines("y", 6)) }
        let refused = rig.status
        await rig.scrape("a 3\nb 3\nc 3\nd 3\n" + lines("y", 6))
        await rig.scrape("a 4\nc 4\nd 4\n")

        #expect(refused?.health == .up && refused?.lastError.contains("series_per_target") == true)
        #expect(rig.values("a") == ["1.0", "2.0", "2.0", "3.0", "4.0"])
        #expect(rig.values("b") == ["1.0", "stale", "3.0", "stale"])
        #expect(rig.values("scrape_samples_post_metric_relabeling") == ["4.0", "9.0", "9.0", "10.0", "3.0"])
        #expect(rig.values("up") == Array(repeating: "1.0", count: 5))
    }
    @Test func `a series ends once, whether others are refused or the scrape behind that fails`() async throws
    {
        let rig = try ScrapeRig()
        rig.sink.limit(seriesPerTarget: 9)
        await rig.scrape("a 1\nb 1\nc 1\nd 1\n")

        await rig.scrape("a 2\nc 2\nd 2\n" + lines("y", 6))
        rig.transport.fail(ScrapeRig.url, with: .timedOut)
        await rig.scrape()
        await rig.scrape("a 3\nc 3\n")
        await rig.scrape("a 4\n")

        #expect(rig.values("a") == ["1.0", "2.0", "stale", "3.0", "4.0"])
        #expect(rig.values("b") == ["1.0", "stale"])
        #expect(rig.values("c") == ["1.0", "2.0", "stale", "3.0", "stale"])
        #expect(rig.values("d") == ["1.0", "2.0", "stale"])
    }
}
