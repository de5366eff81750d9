import Curl
import Discovery
import Foundation
import Journal
import Scraping
import Storage
import Synchronization
import TimeSeries

/// Scraping: the reading of answers, and everything from the connection to the disk.
enum ScrapeBenchmark {
    /// The recorded scrapes of a folder read in their order by one target, whose values and lines change as they did; and
    /// each of them by a target that has never been seen.
    static func parse(folder: String) async throws {
        for (name, bodies) in try recordings(folder) {
            try await parse(name + ", recorded", bodies)
            if let last = bodies.last {
                try await parse(name + ", same lines", Array(repeating: last, count: 240))
            }
        }
    }

    private static func parse(_ name: String, _ bodies: [[UInt8]]) async throws {
        let bench = ParseBench(bodies)
        let strangers = ParseBench(
            bodies.enumerated().map { NewLinesBenchmark.renamed($0.element, $0.offset) })
        var (known, new, strange) = (Double.infinity, Double.infinity, Double.infinity)
        for _ in 0..<3 {
            known = min(known, await bench.read(asOneTarget: true))
            new = min(new, await bench.read(asOneTarget: false))
            strange = min(strange, await strangers.read(asOneTarget: false))
        }
        print(
            pad(name, 14), " known target \(text(known, 1)) ns/sample, new target \(text(new, 1))",
            terminator: "")
        print(", no line in common with others \(text(strange, 1))")
    }

    /// Scrapes what listens at the ports of a file (one a line) into a store on real files, for so many seconds.
    static func scrape(ports file: String, _ numbers: [Int]) async throws {
        let interval = numbers.first ?? 2000
        let seconds = numbers.dropFirst().first ?? 20
        let bytes = FileManager.default.contents(atPath: file) ?? Data()
        let ports = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        let root = FileManager.default.currentDirectoryPath + "/scrape-benchmark-\(getpid())"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        let empty = residentBytes()
        let clock = SystemClock()
        let store = try Store(disk: try RealDisk(root: root), now: clock.now)
        let scraper = Scraper(transport: CurlTransport(), clock: clock, sink: store)
        var job = ScrapeConfiguration(
            jobName: "load", defaults: ScrapeDefaults(interval: .milliseconds(interval)))
        let group = TargetGroup(source: "file", addresses: ports.map { "127.0.0.1:\($0)" })
        job.staticGroups = [group]
        scraper.apply([job])
        let running = Task { await scraper.run() }
        let syncing = Task {
            while !Task.isCancelled {
                try await clock.sleep(for: .seconds(1))
                try store.sync()
            }
        }
        // New targets are read line by line; what is measured is what goes on for ever.
        try await clock.sleep(for: .milliseconds(2 * interval + 1000))
        let (samples, processor, wall) = (store.statistics().samples, processorTime(), wallTime())
        try await clock.sleep(for: .seconds(seconds))
        let taken = Double(store.statistics().samples - samples)
        let (spent, elapsed) = (processorTime() - processor, wallTime() - wall)
        running.cancel()
        syncing.cancel()
        let perSeries = Double(residentBytes() - empty) / Double(max(1, store.statistics().series))
        print(
            "\(ports.count) targets each \(interval) ms: \(text(taken / elapsed * 1e3)) M samples/s, "
                + "\(text(spent / taken / 1e3)) CPU-s per million, resident \(text(perSeries, 0)) bytes/series"
        )
    }
}

/// Reads bodies through a scraper whose transport and sink cost nothing.
private struct ParseBench {
    private let bodies: [[UInt8]]

    init(_ bodies: [[UInt8]]) { self.bodies = bodies }

    /// Nanoseconds of CPU time a sample.
    func read(asOneTarget: Bool) async -> Double {
        let sink = CountingSink()
        let scraper = repeatingScraper(
            of: bodies, targets: asOneTarget ? 1 : bodies.count, into: sink, at: Timestamp(milliseconds: 0))
        if asOneTarget { await scraper.scrapeAll(at: Timestamp(milliseconds: 0)) }
        let before = sink.cells.withLock { $0 }
        let start = processorTime()
        for row in 0..<(asOneTarget ? bodies.count : 1) {
            await scraper.scrapeAll(at: Timestamp(milliseconds: Int64(row + 1) * 1000))
        }
        return (processorTime() - start) / Double(sink.cells.withLock { $0 } - before)
    }
}

/// The newest 240 scrapes of each recording in a folder, with its name.
func recordings(_ folder: String) throws -> [(name: String, bodies: [[UInt8]])] {
    let disk = try RealDisk(root: folder)
    return try ["node", "prom"].map { name in
        let files = try disk.list("").filter { $0.hasPrefix(name + ".") && $0.hasSuffix(".txt") }
        let bodies = try files.suffix(240).map { file -> [UInt8] in
            let handle = try disk.open(file, create: false)
            return try handle.read(at: 0, count: try handle.length())
        }
        return (name, bodies)
    }
}

/// A scraper of targets that answer with one body after another, at no cost.
func repeatingScraper(
    of bodies: [[UInt8]], targets: Int, into sink: any SampleSink, at start: Timestamp
) -> Scraper {
    let next = Mutex(0)
    let transport = InMemoryTransport { _ throws(TransportError) in
        let index = next.withLock { index in
            defer { index += 1 }
            return index
        }
        return TransportResponse(status: 200, body: bodies[index % bodies.count])
    }
    let scraper = Scraper(transport: transport, clock: ManualClock(now: start), sink: sink)
    var job = ScrapeConfiguration(
        jobName: "benchmark", defaults: ScrapeDefaults(limits: ScrapeLimits(bodyBytes: nil)))
    job.staticGroups = [TargetGroup(source: "static", addresses: (1...targets).map { "host:\($0)" })]
    scraper.apply([job])
    return scraper
}

/// A sink that only counts cells.
private final class CountingSink: SampleSink {
    let cells = Mutex(0)
    private let tables = Mutex(UInt32(0))

    func openTable(target: Labels, columns: [Labels]) throws(SinkError) -> TableID {
        tables.withLock { number in
            number += 1
            return TableID(index: number)
        }
    }

    func extendTable(_ table: TableID, columns: [Labels]) throws(SinkError) {}
    func closeTable(_ table: TableID) {}
    func describe(_ metadata: [String: MetricMetadata]) -> AppendReport { AppendReport() }
    func append(_ batch: [SeriesSamples]) -> AppendReport { AppendReport() }

    func append(_ table: TableID, at timestamp: Timestamp, row: [Double]) -> AppendReport {
        cells.withLock { $0 += row.count }
        return AppendReport()
    }
}
