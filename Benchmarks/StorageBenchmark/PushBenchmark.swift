import Journal
import Storage
import TimeSeries

/// Samples that come one series at a time, as remote write brings them. The sender's labels are made anew for each
/// request and are not part of the figures.
enum PushBenchmark {
    private static let perRequest = 5000

    static func run(_ numbers: [Int]) async throws {
        let count = numbers.first ?? 100_000
        let rows = numbers.dropFirst().first ?? 240
        let columns = Fleet.columns(1000, "")
        var random = Generator(state: 7)
        var values = [Double](repeating: 0, count: count)
        let empty = residentBytes()
        let store = try Store(disk: NullDisk(), now: Timestamp(milliseconds: 0))
        var appending = 0.0
        for row in 0..<rows + 8 {
            if row == rows { report(store, empty, count, rows, appending) }
            let moment = Timestamp(milliseconds: 1_700_000_000_000 + Int64(row) * 15_000)
            for start in stride(from: 0, to: count, by: perRequest) {
                var batch = SampleBatch()
                for index in start..<min(count, start + perRequest) {
                    if index % 3 == 0 { values[index] += Double(random.next() % 100) }
                    let labels = columns[index % 1000].setting("instance", to: "host\(index / 1000):9100")
                    batch.append(SeriesSamples(labels: labels, samples: [Sample(moment, values[index])]))
                }
                let begin = processorTime()
                _ = store.append(batch)
                if row < rows { appending += processorTime() - begin }
            }
            try store.sync()
        }
        print("with 8 samples more, a tail half full: ", terminator: "")
        print("\(text(Double(residentBytes() - empty) / Double(count), 0)) bytes/series")
    }

    private static func report(_ store: Store, _ empty: Int, _ count: Int, _ rows: Int, _ spent: Double) {
        let statistics = store.statistics()
        func each(_ bytes: Int) -> String { text(Double(bytes) / Double(count), 0) }
        print("\(count) series x \(rows) samples, decoded requests of \(perRequest) samples, one sender, log")
        print("compressed and written to nowhere after each \(count)")
        let perSample = spent / Double(statistics.samples)
        print("append: \(text(perSample, 1)) ns/sample, \(text(1e3 / perSample, 2)) M samples/s")
        print("resident: \(each(residentBytes() - empty)) bytes/series, everything in memory")
        print(
            "  chunks \(each(statistics.chunkBytes)), tails \(each(statistics.tailBytes)), ", terminator: "")
        print("labels and index \(each(statistics.indexBytes))")
    }
}
