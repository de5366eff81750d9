import Curl
import Discovery
import Scraping
import Synchronization
import TimeSeries

/// A scraper over a table of answers and a clock that is moved by hand, with one target at http://a:1/metrics.
final class ScrapeRig: Sendable {
    static let start = Timestamp(milliseconds: 1_000_000)
    static let url = "http://a:1/metrics"

    let transport: InMemoryTransport
    let clock = ManualClock(now: ScrapeRig.start)
    let sink = ArraySink()
    let scraper: Scraper
    private let landed: LandedScrapes

    final class LandedScrapes: Sendable {
        let all = Mutex<[LandedScrape]>([])
    }

    init(
        transport: InMemoryTransport = InMemoryTransport(), files: FileAccess = .nothing,
        _ change: (inout ScrapeConfiguration) throws -> Void = { _ in },
        fleet: @escaping FleetTargets = { _ in [] }
    ) throws {
        self.transport = transport
        let landed = LandedScrapes()
        self.landed = landed
        scraper = Scraper(
            transport: transport, clock: clock, sink: sink, files: files, fleet: fleet,
            onLanded: { scrape in landed.all.withLock { $0.append(scrape) } })
        scraper.apply([try ScrapeRig.job(change)])
    }

    static func job(
        _ change: (inout ScrapeConfiguration) throws -> Void = { _ in }
    ) throws -> ScrapeConfiguration {
        var job = ScrapeConfiguration(
            jobName: "j", defaults: ScrapeDefaults(interval: .seconds(10), timeout: .seconds(5)))
        job.staticGroups = [TargetGroup(source: "static", addresses: ["a:1"])]
        try change(&job)
        return job
    }

    var landedScrapes: [LandedScrape] { landed.all.withLock { $0 } }

    /// Moves the clock ten seconds on and scrapes everything, with this text as the answer.
    func scrape(_ text: String? = nil, contentType: String = "text/plain; version=0.0.4") async {
        if let text { transport.answer(ScrapeRig.url, text: text, contentType: contentType) }
        clock.advance(by: .seconds(10))
        await scraper.scrapeAll(at: clock.now)
    }

    /// The values of a series of the target.
    func values(_ name: String, _ labels: [String: String] = [:]) -> [String] {
        sink.values(name, labels.merging(["job": "j", "instance": "a:1"]) { own, _ in own })
    }

    var status: TargetStatus? { scraper.targets.first }
}

extension FileAccess {
    /// No files at all.
    static let nothing = FileAccess(
        read: { .failure(FileFailure(path: $0, reason: "No such file or directory")) }, list: { _ in [] },
        stamp: { _ in nil })
}
