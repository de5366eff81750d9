import Journal
import Storage
import TimeSeries

/// Short-lived series in waves, each gone before the next one comes.
enum ChurnBenchmark {
    static func run(_ numbers: [Int]) async throws {
        let count = numbers.first ?? 100_000
        let waves = numbers.dropFirst().first ?? 10
        let empty = residentBytes()
        let configuration = StoreConfiguration(retention: .seconds(600))
        let store = try Store(disk: NullDisk(), configuration: configuration, now: Timestamp(milliseconds: 0))
        print("wave  series  pairs  resident MB  after it ended: series  pairs  accounted kB  resident MB")
        for wave in 0..<waves {
            let start = Int64(wave) * 3_600_000
            for step in 0..<20 {
                for first in stride(from: 0, to: count, by: 5000) {
                    let moment = Timestamp(milliseconds: start + Int64(step) * 15_000)
                    var batch = SampleBatch()
                    for number in first..<min(count, first + 5000) {
                        let labels = Labels([
                            "__name__": "container_cpu_seconds_total", "namespace": "n\(number % 50)",
                            "pod": "pod-\(wave)-\(number)", "node": "node\(number % 100)",
                        ])
                        batch.append(SeriesSamples(labels: labels, samples: [Sample(moment, Double(step))]))
                    }
                    _ = store.append(batch)
                }
                try store.sync()
            }
            let full = store.statistics()
            let before = megabytes(empty)
            try store.maintain(now: Timestamp(milliseconds: start + 3_000_000))
            let after = store.statistics()
            let accounted = (after.chunkBytes + after.tailBytes + after.indexBytes) / 1000
            print(
                "\(wave)  \(full.series)  \(full.labelPairs)  \(before)  \(after.series)  \(after.labelPairs)"
                    + "  \(accounted)  \(megabytes(empty))")
        }
    }

    private static func megabytes(_ empty: Int) -> String {
        text(Double(residentBytes() - empty) / 1e6, 1)
    }
}
