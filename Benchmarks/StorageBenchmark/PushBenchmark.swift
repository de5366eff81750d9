import Journal
import Storage
import TimeSeries

/// Samples that come one series at a time, as remote write brings them.
enum PushBenchmark {
    static func run(_ numbers: [Int]) async throws {
        let count = numbers.first ?? 100_000
        let rows = numbers.dropFirst().first ?? 240
        let empty = residentBytes()
        let store = try Store(disk: NullDisk(), now: Timestamp(milliseconds: 0))
        let labels = Fleet.columns(1000, "").flatMap { column in
            (0..<max(1, count / 1000)).map { column.setting("instance", to: "host\($0):9100") }
        }
        var random = Generator(state: 7)
        var values = [Double](repeating: 0, count: labels.count)
        var appending = 0.0
        for row in 0..<rows {
            let moment = Timestamp(milliseconds: 1_700_000_000_000 + Int64(row) * 15_000)
            for start in stride(from: 0, to: labels.count, by: 5000) {
                let end = min(labels.count, start + 5000)
                let batch = (start..<end).map { index in
                    if index % 3 == 0 { values[index] += Double(random.next() % 100) }
                    return SeriesSamples(labels: labels[index], samples: [Sample(moment, values[index])])
                }
                let begin = processorTime()
                _ = store.append(batch)
                appending += processorTime() - begin
            }
            try store.sync()
        }
        let statistics = store.statistics()
        let perSeries = Double(residentBytes() - empty) / Double(labels.count)
        print("\(labels.count) series x \(rows) pushed samples")
        print("append: \(text(appending / Double(statistics.samples), 1)) ns/sample")
        print("resident: \(text(perSeries, 0)) bytes/series, labels of the sender included")
        print("  chunks \(text(Double(statistics.chunkBytes) / Double(labels.count), 0)), ", terminator: "")
        print("tails \(text(Double(statistics.tailBytes) / Double(labels.count), 0))")
    }
}
