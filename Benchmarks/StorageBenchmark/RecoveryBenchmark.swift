import Glibc
import Journal
import Storage
import TimeSeries

/// A store on real files, left without a snapshot and opened again.
enum RecoveryBenchmark {
    static func run(_ numbers: [Int]) async throws {
        let targets = numbers.first ?? 100
        let series = numbers.dropFirst().first ?? 1021
        let rows = numbers.dropFirst(2).first ?? 60
        let root = "/tmp/flyball-benchmark-\(getpid())"
        let disk = try RealDisk(root: root)
        defer { remove(disk) }
        let store = try Store(disk: disk, now: Timestamp(milliseconds: 0))
        var fleet = try Fleet(store, targets: targets, series: series, distinctLayouts: false)
        var writing = 0.0
        var syncing = 0.0
        for row in 0..<rows {
            for target in 0..<targets {
                fleet.step(target)
                let start = processorTime()
                _ = store.append(fleet.tables[target], at: fleet.time(target, row), row: fleet.values[target])
                writing += processorTime() - start
            }
            let start = processorTime()
            try store.sync()
            syncing += processorTime() - start
        }
        let samples = Double(store.statistics().samples)
        let bytes = Double(store.statistics().diskBytes)
        print("\(targets) targets x \(series) series x \(rows) rows")
        print("append with log: \(text(writing / samples, 1)) ns/sample, sync: \(text(syncing / samples, 1))")
        print("log: \(text(bytes / samples)) bytes/sample")
        try time("recovery from the log", samples) {
            _ = try Store(disk: disk, now: Timestamp(milliseconds: 0))
        }
        try time("snapshot", samples) { try store.snapshot() }
        try store.snapshot()
        print("on disk: \(text(Double(store.statistics().diskBytes) / samples)) bytes/sample")
        try time("recovery from the snapshot", samples) {
            _ = try Store(disk: disk, now: Timestamp(milliseconds: 0))
        }
        remove(disk)
        // Of short series it is their beginning that is measured.
        try PushedRecovery.run(disk, series: targets * 500, rows: max(rows, 120))
    }

    private static func time(_ name: String, _ samples: Double, _ body: () throws -> Void) rethrows {
        let start = wallTime()
        try body()
        let nanoseconds = wallTime() - start
        print(
            "\(name): \(text(nanoseconds / 1e6, 1)) ms, \(text(samples / nanoseconds * 1000, 1)) M samples/s")
    }

    static func remove(_ disk: RealDisk) {
        for folder in ["log", "snapshots"] {
            for name in (try? disk.list(folder)) ?? [] { try? disk.remove(folder + "/" + name) }
        }
    }
}
