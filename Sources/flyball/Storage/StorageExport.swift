import ArgumentParser
import Exposition
import Foundation
import PromQL
import Storage
import TimeSeries

/// `flyball storage export DIR`
struct StorageExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write samples with their moments as OpenMetrics text.",
        discussion: """
            flyball storage export data > all.om
            flyball storage export data --match 'up' --start 2026-11-01T00:00:00Z --to up.om

            What was lost or is damaged is named on standard error, and the exit code is 2: the rest is written all the same.
            Other programs read it too: `promtool tsdb create-blocks-from openmetrics all.om FOLDER`.
            """)

    @Argument(help: "The folder.") var folder: String
    @OptionGroup var part: SeriesOptions
    @Option(name: .customLong("to"), help: "A file, written anew, or a pipe; standard output without it.")
    var target: String?
    @Flag(
        name: .customLong("stale-markers"),
        help:
            "Keep where series ended, as NaN with the exemplar {stale=\"true\"}; only flyball reads that as it is meant."
    ) var keepsStaleMarkers = false

    func run() async throws {
        let selectors = try part.selectors.map { text -> [Matcher] in
            do throws(QueryError) {
                return try PromQL.Expression.parseSelector(text)
            } catch {
                throw ValidationError("--match \(text): \(error.description)")
            }
        }
        let range = try part.range
        let store = try StorageFolder(existing: folder).read()
        let gaps = StoreGaps(store.statistics(limit: 0), folder: folder)
        gaps.warn()
        let output = try target.map { try OutputFile($0) } ?? OutputFile(.standardOutput, "standard output")
        let metadata = await store.metadata(of: nil).compactMapValues(\.first)
        let exemplars = exemplars(store, selectors, range)
        var writer = OpenMetricsWriter(metadata: metadata, keepsStaleMarkers: keepsStaleMarkers)
        let names = writer.ordered(try await store.labelValues("__name__", selectors, in: range))
        var progress = ProgressBar("exporting", of: names.count)
        for (index, name) in names.enumerated() {
            writer.append(
                name, try await columns(of: name, selectors, range, store), exemplars: exemplars[name] ?? [:])
            try output.write(writer.take())
            progress.show(index + 1) { "\(writer.samples) samples" }
        }
        writer.finish()
        try output.write(writer.take())
        try output.close()
        progress.end()
        report(writer)
        try gaps.fail()
    }

    /// By the name of the metric, then by series.
    private func exemplars(
        _ store: Store, _ selectors: [[Matcher]], _ range: ClosedRange<Timestamp>
    ) -> [String: [Labels: [Exemplar]]] {
        var found: [String: [Labels: [Exemplar]]] = [:]
        for series in store.exemplars(selectors.isEmpty ? [[]] : selectors, in: range) {
            found[series.labels.metricName, default: [:]][series.labels] = series.exemplars
        }
        return found
    }

    /// The series of a metric that any of the selectors finds, each once.
    private func columns(
        of name: String, _ selectors: [[Matcher]], _ range: ClosedRange<Timestamp>, _ store: Store
    ) async throws -> [SeriesColumns] {
        let own = Matcher(equal: "__name__", name)
        let sets = selectors.isEmpty ? [[own]] : selectors.map { $0 + [own] }
        let found = try await store.select(sets.map { Selection($0, in: range) })
        guard found.count > 1 else { return found[0] }
        var seen: Set<Labels> = []
        return found.joined().filter { seen.insert($0.labels).inserted }
            .sorted { $0.labels.bytes.lexicographicallyPrecedes($1.labels.bytes) }
    }

    private func report(_ writer: OpenMetricsWriter) {
        let exemplars = writer.exemplars > 0 ? ", \(writer.exemplars) exemplars" : ""
        Terminal.error("\(writer.samples) samples of \(writer.series) series exported\(exemplars)")
        if writer.omittedExemplars > 0 {
            Terminal.error("left out: \(writer.omittedExemplars) exemplars, as a sample has one at most")
        }
        if writer.omittedHistograms > 0 {
            Terminal.error(
                "left out: \(writer.omittedHistograms) native histograms, which OpenMetrics has no place for")
        }
        if writer.omittedMarkers > 0 {
            Terminal.error(
                "left out: \(writer.omittedMarkers) marks of series that ended; --stale-markers keeps them")
        }
        if writer.omittedSeries > 0 {
            Terminal.error("left out: \(writer.omittedSeries) series without a name")
        }
    }
}

/// Where an export goes.
struct OutputFile {
    private let handle: FileHandle
    private let name: String

    init(_ handle: FileHandle, _ name: String) {
        self.handle = handle
        self.name = name
    }

    /// A file is written anew and made where there is none; what else has the path (a pipe, a device, a link to one of them or
    /// to a file) is written to and stays what it is.
    init(_ path: String) throws {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw Failure("\(path) cannot be written: \(unsafe String(cString: strerror(errno)))")
        }
        self.init(FileHandle(fileDescriptor: descriptor, closeOnDealloc: true), path)
    }

    /// Ends the file; some file systems say only then that there is no room.
    func close() throws {
        do {
            try handle.close()
        } catch {
            throw Failure("\(name) cannot be written: \(error.localizedDescription)")
        }
    }

    func write(_ bytes: [UInt8]) throws {
        guard !bytes.isEmpty else { return }
        do {
            try handle.write(contentsOf: Data(bytes))
        } catch {
            throw Failure("\(name) cannot be written: \(error.localizedDescription)")
        }
    }
}
