import Exposition
import Journal
import Scraping
import Storage
import TimeSeries

/// Lines that no target has had before: their text alone, and all that becomes of them on their way into a store.
enum NewLinesBenchmark {
    /// - Parameter copies: how many targets of the last recording, each with a label of its own on all lines.
    static func run(folder: String, copies: Int) async throws {
        for (name, bodies) in try recordings(folder) {
            guard let last = bodies.last else { continue }
            let samples = try Double(count(last, withLabels: false).samples)
            print(
                "\(name): \(text(Double(last.count) / samples, 1)) bytes a sample; parts of each line",
                "\(text(try parts(bodies), 1)) ns, with their labels",
                "\(text(try parts(bodies, withLabels: true), 1)) ns")
            if copies > 0 { try await store((0..<copies).map { renamed(last, $0) }) }
        }
    }

    /// Nanoseconds a sample to find and check the parts of each line.
    static func parts(_ bodies: [[UInt8]], withLabels: Bool = false) throws -> Double {
        var least = Double.infinity
        for _ in 0..<5 {
            let answers = RepeatedAnswers(bodies)
            let start = processorTime()
            var samples = 0
            for _ in bodies { samples += try count(answers.next(), withLabels: withLabels).samples }
            least = min(least, (processorTime() - start - answers.copying) / Double(samples))
        }
        return least
    }

    /// The samples of a body, and the bytes of their labels.
    private static func count(_ body: [UInt8], withLabels: Bool) throws -> (samples: Int, bytes: Int) {
        var (samples, bytes) = (0, 0)
        var reader = ExpositionReader()
        while let entry = try reader.next(body.span) {
            guard case .sample = entry else { continue }
            samples += 1
            if withLabels { bytes += try reader.labels(body.span).bytes.count }
        }
        precondition(samples > 0 && (bytes > 0) == withLabels)
        return (samples, bytes)
    }

    /// Each body is scraped once, from a target of its own, into one store whose log goes nowhere.
    private static func store(_ bodies: [[UInt8]]) async throws {
        let empty = residentBytes()
        let start = Timestamp(milliseconds: 1_700_000_000_000)
        let store = try Store(disk: NullDisk(), now: start)
        let answers = RepeatedAnswers(bodies)
        let scraper = repeatingScraper(answers, targets: bodies.count, into: store, at: start)
        let began = processorTime()
        await scraper.scrapeAll(at: start)
        let spent = processorTime() - began - answers.copying
        try store.sync()
        let series = Double(store.statistics().series)
        print(
            "  into a store: \(text(series, 0)) series, \(text(spent / series, 0)) ns of CPU time each,",
            "\(text(Double(residentBytes() - empty) / series, 0)) resident bytes each")
    }

    /// The same with a label more on each line.
    static func renamed(_ body: [UInt8], _ number: Int) -> [UInt8] {
        let label = Array("a=\"\(number)\"".utf8)
        var renamed: [UInt8] = []
        renamed.reserveCapacity(2 * body.count)
        for line in body.split(separator: UInt8(ascii: "\n")) {
            let place = line.firstIndex { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: " ") }
            if line.first == UInt8(ascii: "#") {
                renamed += line
            } else if let place {
                renamed += line[..<place] + [UInt8(ascii: "{")] + label
                if line[place] == UInt8(ascii: "{") {
                    renamed += [UInt8(ascii: ",")] + line[(place + 1)...]
                } else {
                    renamed += [UInt8(ascii: "}")] + line[place...]
                }
            }
            renamed.append(UInt8(ascii: "\n"))
        }
        return renamed
    }
}
