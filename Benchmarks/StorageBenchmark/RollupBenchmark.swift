import Journal
import Storage
import TimeSeries

/// What rollups cost: a recording of scrapes, played again and again as if each row were 15 s behind the one before.
/// Counters go on from where they were.
enum RollupBenchmark {
    private static let interval: Int64 = 15_000

    static func run(folder: String, hours: Int) async throws {
        for name in ["node", "prometheus"] {
            let recording = try Recording(name, folder: folder, rows: 300).dense
            guard !recording.columns.isEmpty else { continue }
            try await play(recording, hours: hours)
        }
    }

    private static func play(_ recording: Recording, hours: Int) async throws {
        let store = try Store(disk: NullDisk(), now: Timestamp(milliseconds: 0))
        let rowCount = recording.times.count
        let isCounter = recording.columns.map { column in
            zip(column, column.dropFirst()).allSatisfy { $0 <= $1 } && column.first != column.last
        }
        let table = try store.openTable(target: Labels(["job": recording.name]), columns: recording.series)
        var rollingUp = 0.0
        var appending = 0.0
        for row in 0..<hours * 240 {
            let (pass, inside) = (row / rowCount, row % rowCount)
            let values = recording.columns.indices.map { index -> Double in
                let column = recording.columns[index]
                let gained = isCounter[index] ? Double(pass) * (column[rowCount - 1] - column[0]) : 0
                return column[inside] + gained
            }
            let time = Timestamp(milliseconds: interval * Int64(row + 1))
            let start = processorTime()
            _ = store.append(table, at: time, row: values)
            appending += processorTime() - start
            guard row % 240 == 239 else { continue }
            let before = processorTime()
            try store.maintain(now: time)
            rollingUp += processorTime() - before
            try store.sync()
        }
        let statistics = store.statistics(limit: 0)
        let samples = Double(statistics.samples)
        let seriesHours = Double(recording.columns.count * hours)
        print("\(recording.name): \(recording.columns.count) series, \(hours) hours at 15 s")
        print(
            "  samples: \(text(Double(statistics.chunkBytes + statistics.tailBytes) / samples)) bytes/sample")
        print(
            "  append \(text(appending / samples, 1)), rolling up \(text(rollingUp / samples, 1)) ns/sample")
        let bytes = Double(statistics.rollupBytes)
        print(
            "  rollups: \(text(bytes / Double(max(1, statistics.rollupBuckets)))) bytes/window, "
                + "\(text(bytes / seriesHours, 1)) bytes/series/hour "
                + "(samples \(text(Double(statistics.chunkBytes) / seriesHours, 1)))")
        try await measureReading(store, hours)
    }

    private static func measureReading(_ store: Store, _ hours: Int) async throws {
        let end = Timestamp(milliseconds: Int64(hours) * 3_600_000)
        for (name, use) in [
            ("samples", nil),
            ("windows", SampleUse(alignment: 3_600_000, isExact: true, readsSketches: false)),
            ("windows with sketches", SampleUse(alignment: 3_600_000, isExact: true, readsSketches: true)),
        ] {
            let start = processorTime()
            let selection = Selection([], in: Timestamp(milliseconds: 0)...end, use: use)
            let found = try await store.select([selection])[0]
            let nanoseconds = processorTime() - start
            print(
                "  all of it as \(name): \(text(nanoseconds / 1e6, 1)) ms, "
                    + "\(found.reduce(0) { $0 + $1.values.count }) values")
        }
    }
}
