import ArgumentParser
import Documents
import Foundation
import Journal
import Storage
import TimeSeries

/// `flyball storage inspect DIR`
struct StorageInspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what is in it: series, samples and bytes by metric and by target.",
        discussion: """
            bytes are those of all files. What a metric's own chunks do not account for (log, raw tails, labels, times,
            checksums) is shared out by samples. Reads everything into memory, as the service does. Exit code 2 where
            something that was stored is known to be missing; standard error says what.
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable { case table, json }

    @Argument(help: "The folder.") var folder: String
    @Option(help: "table or json.") var output = Output.table
    @Option(help: "So many metrics and targets, the largest first; 0 for all.") var limit = 30

    func run() throws {
        let place = try StorageFolder(existing: folder)
        let store = try place.read()
        let contents = store.contents().sharing(fileByteCount: place.byteCount())
        let statistics = store.statistics(limit: 0)
        let gaps = StoreGaps(statistics, folder: folder)
        gaps.warn()
        switch output {
        case .json: Terminal.say(json(contents, statistics))
        case .table: show(contents, statistics)
        }
        try gaps.fail()
    }

    private func json(_ contents: StoreContents, _ statistics: StoreStatistics) -> String {
        var writer = JSONWriter()
        writer.object { json in
            json.part(contents.total)
            json.moment("from", statistics.oldest)
            json.moment("to", statistics.newest)
            json.field("complete", !statistics.isIncomplete)
            json.transforms(contents.total)
            json.parts("metrics", largest(contents.metrics) { $0 })
            json.parts("targets", largest(contents.targets, Self.name))
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func name(_ target: Labels) -> String { target.isEmpty ? "(none)" : "\(target)" }

    /// Largest first; in JSON all of them.
    private func largest<Key>(
        _ parts: [Key: StoreContents.Part], _ name: (Key) -> String
    ) -> [(name: String, part: StoreContents.Part)] {
        let all = parts.map { (name: name($0.key), part: $0.value) }
        return all.sorted { ($1.part.bytes, $0.name) < ($0.part.bytes, $1.name) }
    }

    private func show(_ contents: StoreContents, _ statistics: StoreStatistics) {
        let total = contents.total
        let times = "\(RFC3339.text(statistics.oldest)) to \(RFC3339.text(statistics.newest))"
        Terminal.say(
            "\(total.series) series, \(total.samples) samples, \(total.bytes) bytes on disk"
                + (total.samples > 0 ? ", \(perSample(total)) a sample, from \(times)" : ""))
        table("METRIC", largest(contents.metrics) { $0 })
        table("TARGET", largest(contents.targets, Self.name))
    }

    private func table(_ heading: String, _ all: [(name: String, part: StoreContents.Part)]) {
        guard !all.isEmpty else { return }
        Terminal.say("")
        let shown = limit > 0 ? Array(all.prefix(limit)) : all
        let rows = shown.map { entry in
            [
                "\(entry.part.series)", "\(entry.part.samples)", "\(entry.part.bytes)", perSample(entry.part),
                entry.name, transforms(entry.part),
            ]
        }
        Terminal.table(
            [["SERIES", "SAMPLES", "BYTES", "BYTES/SAMPLE", heading, "COLUMNS BY TRANSFORM"]] + rows)
        if shown.count < all.count {
            Terminal.say("and \(all.count - shown.count) more; --limit 0 shows all")
        }
    }

    private func perSample(_ part: StoreContents.Part) -> String {
        part.samples > 0 ? String(format: "%.3f", Double(part.bytes) / Double(part.samples)) : "-"
    }

    private func transforms(_ part: StoreContents.Part) -> String {
        let sorted = part.transforms.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return sorted.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
}

extension JSONWriter {
    fileprivate mutating func part(_ part: StoreContents.Part) {
        field("series", part.series)
        field("samples", part.samples)
        field("bytes", part.bytes)
        field("bytes_per_sample", part.samples > 0 ? Double(part.bytes) / Double(part.samples) : 0)
    }

    fileprivate mutating func moment(_ name: String, _ moment: Timestamp?) {
        key(name)
        if let moment { string(RFC3339.text(moment)) } else { null() }
    }

    /// Columns of chunks by transform.
    fileprivate mutating func transforms(_ part: StoreContents.Part) {
        key("transforms")
        object { json in
            for (name, count) in part.transforms.sorted(by: { $0.key < $1.key }) { json.field(name, count) }
        }
    }

    fileprivate mutating func parts(_ name: String, _ all: [(name: String, part: StoreContents.Part)]) {
        key(name)
        array { json in
            for entry in all {
                json.object { json in
                    json.field("name", entry.name)
                    json.part(entry.part)
                    json.transforms(entry.part)
                }
            }
        }
    }
}
