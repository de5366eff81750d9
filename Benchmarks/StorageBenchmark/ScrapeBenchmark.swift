import Curl
import Discovery
import Foundation
import Journal
import LoadPayload
import Scraping
import Storage
import Synchronization
import TimeSeries

/// Scraping: the reading of answers, and everything from the connection to the disk.
enum ScrapeBenchmark {
    /// The recorded scrapes of a folder read in their order by one target, whose values and lines change as they did; and
    /// each of them by a target that has never been seen; and the same of a payload whose values move as those that
    /// `load-generator` serves.
    static func parse(folder: String, payload file: String?) async throws {
        if let file {
            let bodies = pages(
                String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self))
            try await parse("payload, moved", bodies)
            let limit = ParseLimit(bodies)
            print(
                "  limits: to copy and compare it \(text(limit.copyAndCompare(), 1)) ns/sample,",
                "to compare its text and read the numbers \(text(limit.compareAndRead(), 1))")
        }
        for (name, bodies) in try recordings(folder) {
            try await parse(name + ", recorded", bodies)
            if let last = bodies.last {
                try await parse(name + ", same lines", Array(repeating: last, count: 240))
            }
        }
    }

    /// Successive scrapes of one target.
    private static func pages(_ exposition: String) -> [[UInt8]] {
        var machine = Machine(
            Payload(exposition, limit: 1021, intervalMilliseconds: 2000), number: 0)
        return (0..<240).map { _ in
            machine.move()
            var body: [UInt8] = []
            machine.write(to: &body)
            return body
        }
    }

    private static func parse(_ name: String, _ bodies: [[UInt8]]) async throws {
        let bench = ParseBench(bodies)
        let strangers = ParseBench(
            bodies.enumerated().map { NewLinesBenchmark.renamed($0.element, $0.offset) })
        var (known, new, strange) = (Double.infinity, Double.infinity, Double.infinity)
        for _ in 0..<5 {
            known = min(known, await bench.read(asOneTarget: true))
            new = min(new, await bench.read(asOneTarget: false))
            strange = min(strange, await strangers.read(asOneTarget: false))
        }
        print(
            pad(name, 14), " known target \(text(known, 1)) ns/sample, new target \(text(new, 1)),",
            "no line in common with others \(text(strange, 1)), of that their text",
            text(try NewLinesBenchmark.parts(bodies), 1))
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
        let answers = RepeatedAnswers(bodies)
        let scraper = repeatingScraper(
            answers, targets: asOneTarget ? 1 : bodies.count, into: sink, at: Timestamp(milliseconds: 0))
        if asOneTarget { await scraper.scrapeAll(at: Timestamp(milliseconds: 0)) }
        let (before, copied) = (sink.cells.withLock { $0 }, answers.copying)
        let start = processorTime()
        for row in 0..<(asOneTarget ? bodies.count : 1) {
            await scraper.scrapeAll(at: Timestamp(milliseconds: Int64(row + 1) * 1000))
        }
        let spent = processorTime() - start - (answers.copying - copied)
        return spent / Double(sink.cells.withLock { $0 } - before)
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

/// One body after another, each copied before it is handed out, as it would be from a socket: so it lies in the caches
/// of the processor, which hold no more than a few.
final class RepeatedAnswers: Sendable {
    private struct State {
        var next = 0
        var body: [UInt8] = []
        var copying = 0.0
    }

    private let bodies: [[UInt8]]
    private let state = Mutex(State())

    init(_ bodies: [[UInt8]]) { self.bodies = bodies }

    /// Nanoseconds of CPU time that the copies took.
    var copying: Double { state.withLock { $0.copying } }

    func next() -> [UInt8] {
        state.withLock { state in
            let start = processorTime()
            state.body.removeAll(keepingCapacity: true)
            state.body += bodies[state.next % bodies.count]
            state.next += 1
            state.copying += processorTime() - start
            return state.body
        }
    }
}

/// A scraper of targets with these answers.
func repeatingScraper(
    _ answers: RepeatedAnswers, targets: Int, into sink: any SampleSink, at start: Timestamp
) -> Scraper {
    let transport = InMemoryTransport { _ throws(TransportError) in
        TransportResponse(status: 200, body: answers.next())
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
