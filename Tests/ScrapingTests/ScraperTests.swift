import Curl
import Discovery
import Relabelling
import Scraping
import Synchronization
import Testing
import TimeSeries

struct ScraperTests {
    @Test func `a target that is removed ends its series, one that stays keeps them`() async throws {
        let rig = try ScrapeRig { $0.staticGroups = [TargetGroup(source: "s", addresses: ["a:1", "b:1"])] }
        rig.transport.answer("http://b:1/metrics", text: "x 1\n")
        await rig.scrape("a 1\n")

        rig.scraper.apply([try ScrapeRig.job()])
        await rig.scrape("a 2\n")

        #expect(rig.values("a") == ["1.0", "2.0"])
        #expect(rig.values("scrape_series_added") == ["1.0", "0.0"])
        #expect(rig.values("x", ["instance": "b:1"]) == ["1.0", "stale"])
        #expect(rig.values("up", ["instance": "b:1"]) == ["1.0", "stale"])
        #expect(rig.sink.openTables == 1)
        #expect(rig.sink.complaints.isEmpty)
    }

    @Test func `a pool that is removed ends all its series`() async throws {
        let rig = try ScrapeRig()
        await rig.scrape("a 1\n")

        rig.scraper.apply([])

        #expect(rig.values("a") == ["1.0", "stale"])
        #expect(rig.scraper.targets.isEmpty)
        #expect(rig.scraper.nextStart == nil)
    }

    @Test func `rules that change what a line means begin the target anew`() async throws {
        let rig = try ScrapeRig()
        await rig.scrape("a 1\n")

        rig.scraper.apply([
            try ScrapeRig.job {
                $0.metricRelabelRules = [try RelabelRule(targetLabel: "__name__", replacement: "b")]
            }
        ])
        await rig.scrape("a 2\n")

        #expect(rig.values("a") == ["1.0", "stale"])
        #expect(rig.values("b") == ["2.0"])
    }

    @Test func `targets of the fleet come and go with it`() async throws {
        let nodes = Mutex(["n1:1"])
        let rig = try ScrapeRig(
            transport: InMemoryTransport { _ in TransportResponse(status: 200, body: Array("x 1\n".utf8)) },
            {
                $0.staticGroups = []
                $0.fleetRoles = [.node]
            },
            fleet: { role in [TargetGroup(source: "\(role)", addresses: nodes.withLock { $0 })] })
        await rig.scrape()

        nodes.withLock { $0 = ["n2:1"] }
        rig.scraper.refresh()
        await rig.scrape()

        #expect(rig.values("x", ["instance": "n1:1"]) == ["1.0", "stale"])
        #expect(rig.values("x", ["instance": "n2:1"]) == ["1.0"])
    }

    @Test func `dropped targets are listed`() throws {
        let rig = try ScrapeRig {
            $0.relabelRules = [try RelabelRule(action: .drop, sourceLabels: ["__address__"], regex: "a:.*")]
        }

        #expect(rig.scraper.targets.isEmpty)
        #expect(rig.scraper.droppedTargets.map(\.reason) == [.relabelled])
        #expect(rig.scraper.droppedCounts == ["j": 1])
    }

    @Test func `too many targets fail every scrape of their pool`() async throws {
        let rig = try ScrapeRig {
            $0.staticGroups = [TargetGroup(source: "s", addresses: ["a:1", "b:1"])]
            $0.limits.targets = 1
        }

        await rig.scrape("a 1\n")

        #expect(rig.values("up") == ["0.0"])
        #expect(rig.transport.requests.isEmpty)
        #expect(rig.status?.lastError.hasPrefix("target_limit exceeded") == true)
    }

    @Test func `each target is scraped once an interval, on its own grid`() async throws {
        let addresses = (0..<20).map { "h\($0):1" }
        let rig = try ScrapeRig(
            transport: InMemoryTransport { _ in TransportResponse(status: 200, body: Array("x 1\n".utf8)) }
        ) { $0.staticGroups = [TargetGroup(source: "s", addresses: addresses)] }

        let end = ScrapeRig.start + .seconds(60)
        while let next = rig.scraper.nextStart, next <= end {
            rig.clock.advance(by: next - rig.clock.now)
            await rig.scraper.scrapeDue(at: rig.clock.now)
        }

        let scrapes = rig.landedScrapes
        #expect(scrapes.count == 120)
        #expect(scrapes.allSatisfy { $0.timestamp.milliseconds % 100 == 0 })
        #expect(Set(scrapes.map { $0.timestamp.milliseconds % 10_000 }).count > 10)
        for target in rig.scraper.targets {
            let times = scrapes.filter { $0.target == target.target }.map(\.timestamp.milliseconds)
            #expect(zip(times.dropFirst(), times).allSatisfy { $0 - $1 == 10_000 })
        }
    }

    @Test(arguments: [15, 30, 3600, 20 * 365 * 86_400])
    func `a clock that is set back stops no scraping`(seconds: Int) async throws {
        let rig = try ScrapeRig()
        rig.transport.answer(ScrapeRig.url, text: "a 1\n")
        func scrape(from start: Timestamp, to end: Timestamp) async {
            for second in 0...Int((end - start) / .seconds(1)) {
                await rig.scraper.scrapeDue(at: start + .seconds(second))
            }
        }
        let later = ScrapeRig.start + .seconds(60)
        await scrape(from: ScrapeRig.start, to: later)
        #expect(rig.landedScrapes.count == 6)

        let before = later - .seconds(seconds)
        await scrape(from: before, to: before + .seconds(60))

        #expect(rig.landedScrapes.count == 12)
    }

    @Test func `a clock that is set back by a moment repeats no scrape`() async throws {
        let rig = try ScrapeRig()
        rig.transport.answer(ScrapeRig.url, text: "a 1\n")
        let start = try #require(rig.scraper.nextStart)
        await rig.scraper.scrapeDue(at: start)
        await rig.scraper.scrapeDue(at: start - .milliseconds(5))
        await rig.scraper.scrapeDue(at: start + .seconds(1))

        #expect(rig.landedScrapes.count == 1)
        #expect(rig.scraper.nextStart == start + .seconds(10))
    }

    @Test func `the service scrapes by its clock until it is cancelled`() async throws {
        let rig = try ScrapeRig()
        rig.transport.answer(ScrapeRig.url, text: "a 1\n")
        let service = Task { await rig.scraper.run() }

        while rig.landedScrapes.count < 3 {
            if let deadline = rig.clock.nextDeadline { rig.clock.advance(by: deadline - rig.clock.uptime) }
            await Task.yield()
        }
        service.cancel()
        await service.value

        #expect(rig.values("a").prefix(3) == ["1.0", "1.0", "1.0"])
        #expect(rig.sink.complaints.isEmpty)
    }

    @Test func `a target that hangs is not asked again before it has answered, and holds nobody up`()
        async throws
    {
        let clock = ManualClock(now: ScrapeRig.start)
        let asked = Mutex(0)
        let transport = InMemoryTransport { request throws(TransportError) in
            guard request.url.contains("slow") else {
                return TransportResponse(status: 200, body: Array("x 1\n".utf8))
            }
            asked.withLock { $0 += 1 }
            do { try await clock.sleep(for: .seconds(25)) } catch { throw .cancelled }
            throw .timedOut
        }
        let sink = ArraySink()
        let scraper = Scraper(transport: transport, clock: clock, sink: sink, files: .nothing)
        scraper.apply([
            try ScrapeRig.job {
                $0.staticGroups = [TargetGroup(source: "s", addresses: ["quick:1", "slow:1"])]
            }
        ])
        let service = Task { await scraper.run() }

        let quick = ["job": "j", "instance": "quick:1"]
        while sink.values("x", quick).count < 4
            || sink.values("up", ["job": "j", "instance": "slow:1"]).isEmpty
        {
            if let deadline = clock.nextDeadline { clock.advance(by: deadline - clock.uptime) }
            await Task.yield()
        }
        service.cancel()
        await service.value

        let slow = scraper.targets.first { $0.target.url.contains("slow") }
        #expect(slow?.health == .down)
        #expect((slow?.skippedScrapes ?? 0) >= 1)
        #expect(sink.values("up", quick).allSatisfy { $0 == "1.0" })
    }

    @Test func `gzip is asked for only where the target is not on this machine`() async throws {
        let rig = try ScrapeRig {
            $0.staticGroups = [TargetGroup(source: "s", addresses: ["127.0.0.1:1", "localhost:1", "far:1"])]
        }

        await rig.scrape()

        let asked = rig.transport.requests.filter(\.acceptsGzip).map(\.url)
        #expect(asked == ["http://far:1/metrics"])
    }

    @Test func `a table with many dead columns is opened anew`() async throws {
        let rig = try ScrapeRig()

        for round in 0..<4 {
            await rig.scrape(
                (0..<600).map { "a{round=\"\(round)\",n=\"\($0)\"} 1\n" }.joined() + "b \(round)\n")
        }

        #expect(rig.values("b") == ["0.0", "1.0", "2.0", "3.0"])
        #expect(rig.values("a", ["round": "0", "n": "0"]) == ["1.0", "stale"])
        #expect(rig.values("a", ["round": "3", "n": "0"]) == ["1.0"])
        #expect(rig.sink.complaints.isEmpty)
        #expect(rig.sink.openTables == 1)
    }
}

extension ScraperTests {
    @Test func `targets with equal lines share their text and still differ in their values and changes`()
        async throws
    {
        let rig = try ScrapeRig {
            $0.staticGroups = [TargetGroup(source: "s", addresses: ["a:1", "b:1", "c:1"])]
        }
        for round in 0..<3 {
            rig.transport.answer("http://b:1/metrics", text: round == 1 ? "x 1\n" : "x 1\ny \(round)\n")
            rig.transport.answer("http://c:1/metrics", text: "y \(round)\nx 2\n")
            await rig.scrape("x 3\ny \(round)\n")
        }

        #expect(rig.values("y") == ["0.0", "1.0", "2.0"])
        #expect(rig.values("y", ["instance": "b:1"]) == ["0.0", "stale", "2.0"])
        #expect(rig.values("y", ["instance": "c:1"]) == ["0.0", "1.0", "2.0"])
        #expect(rig.values("x", ["instance": "c:1"]) == ["2.0", "2.0", "2.0"])
    }
}
