import Foundation
import Journal
import Storage
import TimeSeries

/// A recording in a store on real files, as a service that was shut down leaves it.
enum FolderBenchmark {
    /// Prints a JSON object: series, samples, bytes of all files, bytes of the chunks.
    static func run(folder: String, name: String) throws {
        let recording = try Recording(name, folder: folder, rows: 240)
        let root = FileManager.default.temporaryDirectory.path + "/folder-benchmark-\(getpid())"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        let store = try Store(
            disk: try RealDisk(root: root), now: Timestamp(milliseconds: recording.times.last ?? 0))
        let table = try store.openTable(
            target: Labels(["instance": "127.0.0.1:9100", "job": name]), columns: recording.series)
        for (row, time) in recording.times.enumerated() {
            let cells = recording.columns.map { $0[row] }
            _ = store.append(table, at: Timestamp(milliseconds: time), row: cells)
        }
        try store.sync()
        // The log goes with the snapshot after the next.
        for _ in 0..<2 { try store.snapshot() }
        let statistics = store.statistics()
        var bytes = 0
        let files = FileManager.default.enumerator(atPath: root)
        while let file = files?.nextObject() as? String {
            let attributes = try FileManager.default.attributesOfItem(atPath: root + "/" + file)
            if attributes[.type] as? FileAttributeType == .typeRegular {
                bytes += attributes[.size] as? Int ?? 0
            }
        }
        print(
            "{\"series\": \(recording.series.count), \"samples\": \(recording.sampleCount), "
                + "\"bytes\": \(bytes), \"value_bytes\": \(statistics.chunkBytes)}")
    }
}
