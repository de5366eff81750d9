import ArgumentParser
import Exposition
import Foundation
import Journal
import Storage
import TimeSeries

/// `flyball storage import DIR FILE`
struct StorageImport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Read OpenMetrics text with moments into a folder.",
        discussion: """
            flyball storage import data all.om
            flyball storage export old | flyball storage import data -

            The folder is made where there is none; a service that uses it must be stopped. What is there stays, and the
            same again does no harm. What is older than the service's `storage.retention` goes when it starts.
            """)

    @Argument(help: "The folder.") var folder: String
    @Argument(help: "The file; - for standard input.") var file: String

    /// Bytes of text in memory at a time.
    private static let pieceSize = 8 << 20
    private static let batchSize = 8192
    /// Samples after which what was read is made durable.
    private static let syncSize = 4 << 20

    func run() throws {
        let input = try open()
        let size = Self.size(of: input)
        var next = try read(input)
        if let reason = next.flatMap(refusal) { throw Failure("\(file) \(reason)") }
        let place = try StorageFolder(existingOrNew: folder)
        let lock = try self.lock(place)
        defer { lock.release() }
        var importer = try Importer(place)
        importer.warn()
        var progress = ProgressBar("importing", of: size ?? 0)
        var rest: [UInt8] = []
        var done = 0
        do {
            while let data = next, !data.isEmpty {
                // Only now it is known that what came before is not the end.
                if rest.count >= Self.pieceSize, let end = rest.lastIndex(of: UInt8(ascii: "\n")) {
                    try importer.read(Array(rest[...end]), isLast: false)
                    rest.removeSubrange(...end)
                    if size != nil { progress.show(done) { "\(importer.samples) samples" } }
                }
                done += data.count
                rest += data
                next = try read(input)
            }
            try importer.read(rest, isLast: true)
            progress.end()
            try importer.finish()
        } catch let error as OpenMetricsReader.Failure {
            progress.end()
            try importer.finish()
            throw Failure(
                "\(file): \(error). What stands before is imported; importing all of it again does no harm")
        }
        try importer.report()
    }

    private func open() throws -> FileHandle {
        if file == "-" { return .standardInput }
        var isFolder: ObjCBool = false
        if unsafe FileManager.default.fileExists(atPath: file, isDirectory: &isFolder), isFolder.boolValue {
            throw Failure("\(file) is a folder; name a file of OpenMetrics text, or - for standard input")
        }
        guard let input = FileHandle(forReadingAtPath: file) else {
            throw Failure("\(file) cannot be read: \(unsafe String(cString: strerror(errno)))")
        }
        return input
    }

    /// Nil for what has no end yet, such as a pipe.
    private static func size(of input: FileHandle) -> Int? {
        guard let size = try? input.seekToEnd(), (try? input.seek(toOffset: 0)) != nil else { return nil }
        return Int(size)
    }

    private func read(_ input: FileHandle) throws -> Data? {
        do {
            return try input.read(upToCount: Self.pieceSize)
        } catch {
            throw Failure("\(file) cannot be read: \(error.localizedDescription)")
        }
    }

    /// Why what begins like this is no text to be read as it is, and what to do about it.
    private func refusal(_ data: Data) -> String? {
        let again = "\(file == "-" ? "" : " " + file) | flyball storage import \(folder) -"
        if let packer = Packer(of: data) {
            return "is compressed (\(packer.rawValue)), not OpenMetrics text: \(packer.rawValue) -dc\(again)"
        }
        if data.starts(with: [0xef, 0xbb, 0xbf]) {
            return "begins with a byte order mark, which OpenMetrics has none of: tail -c +4\(again)"
        }
        if data.starts(with: [0xff, 0xfe]) || data.starts(with: [0xfe, 0xff]) {
            return "is UTF-16, not OpenMetrics text: iconv -f UTF-16 -t UTF-8\(again)"
        }
        return nil
    }

    private func lock(_ place: StorageFolder) throws -> DirectoryLock {
        do {
            return try DirectoryLock(
                try RealDisk(root: place.root),
                owner: "pid \(ProcessInfo.processInfo.processIdentifier), importing")
        } catch {
            throw Failure("\(place.root): \(error)")
        }
    }

    /// Text to samples to the store.
    private struct Importer {
        private let store: Store
        private let folder: String
        /// Series of this import have numbers from here on.
        private let mark: UInt32
        private var reader = OpenMetricsReader()
        private var batch: [SeriesSamples] = []
        private var count = 0
        private var unsynchronized = 0
        private var outcome = AppendReport()

        var samples: Int { reader.samples }

        func warn() { StoreGaps(store.statistics(limit: 0), folder: folder).warn() }

        init(_ place: StorageFolder) throws {
            folder = place.samples
            do {
                store = try Store(
                    disk: try RealDisk(root: place.samples), configuration: .unbounded,
                    now: Timestamp(milliseconds: 0))
            } catch {
                throw Failure("\(place.samples): \(error)")
            }
            do {
                // A deletion counts for what was there: it would hide what comes into its range now, and take that with it.
                if store.statistics(limit: 0).tombstones > 0 { try store.removeDeleted() }
            } catch {
                throw Failure("\(folder): what was deleted cannot be taken out: \(error)")
            }
            mark = store.seriesMark
        }

        mutating func read(_ piece: [UInt8], isLast: Bool) throws {
            var runs: [SeriesSamples] = []
            do {
                try reader.read(piece, isLast: isLast) { runs.append($0) }
            } catch {
                for run in runs { add(run) }
                throw error
            }
            for run in runs { add(run) }
            flush()
            store.append(reader.takeExemplars())
            if unsynchronized >= StorageImport.syncSize { try sync() }
        }

        private mutating func add(_ run: SeriesSamples) {
            var run = run
            if !run.samples.allSatisfy({ Store.moments.contains($0.timestamp) }) {
                // Their series would stay without any sample.
                let all = run.samples.count
                run.samples.removeAll { !Store.moments.contains($0.timestamp) }
                outcome.tooOld += all - run.samples.count
            }
            run = store.unknown(run, &outcome)
            for start in stride(from: 0, to: run.samples.count, by: StorageImport.batchSize) {
                let end = min(run.samples.count, start + StorageImport.batchSize)
                batch.append(SeriesSamples(labels: run.labels, samples: Array(run.samples[start..<end])))
                count += end - start
                if count >= StorageImport.batchSize { flush() }
            }
        }

        private mutating func flush() {
            guard !batch.isEmpty else { return }
            let report = store.append(batch)
            outcome.accepted += report.accepted
            outcome.repeated += report.repeated
            outcome.duplicate += report.duplicate
            outcome.tooOld += report.tooOld
            outcome.limited += report.limited
            outcome.refusal = outcome.refusal ?? report.refusal
            unsynchronized += count
            batch.removeAll(keepingCapacity: true)
            count = 0
        }

        private mutating func sync() throws {
            unsynchronized = 0
            do {
                try store.sync()
            } catch {
                throw Failure(
                    "\(folder): \(error); make room and import again: what is there already does no harm")
            }
        }

        mutating func finish() throws {
            flush()
            store.append(reader.takeExemplars())
            store.describe(reader.metadata)
            try sync()
            do {
                // A snapshot does not depend on the window in which the service takes late samples.
                try store.gather(from: mark)
            } catch {
                throw Failure("\(folder): the samples are in the log, the snapshot failed: \(error)")
            }
        }

        func report() throws {
            var line =
                "\(outcome.accepted) samples imported, \(store.statistics(limit: 0).series) series in the store"
            if outcome.repeated > 0 { line += "; \(outcome.repeated) samples were there already" }
            Terminal.say(line)
            guard outcome.rejected > 0 else { return }
            var reasons: [String] = []
            if outcome.duplicate > 0 {
                reasons.append("\(outcome.duplicate) have another value at a moment that is there")
            }
            if outcome.tooOld > 0 {
                reasons.append("\(outcome.tooOld) have a moment beyond the bounds of a store")
            }
            if outcome.limited > 0 {
                reasons.append("\(outcome.limited) are above a limit: \(outcome.refusal ?? "of the log")")
            }
            throw Failure("\(outcome.rejected) samples were refused: " + reasons.joined(separator: "; "))
        }
    }
}
