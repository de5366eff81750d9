import Dispatch
import Foundation
import Journal
import Storage
import TimeSeries

/// Pushed samples on real files, left without a snapshot and read back: counters and gauges, or random bits of doubles; one
/// sample of each series in a request, or twenty behind each other, as of a sender that was cut off for a while.
enum PushedRecovery {
    private static let perRequest = 5000
    /// As the service has them.
    private static let workers = Workers(count: ProcessInfo.processInfo.activeProcessorCount) {
        pieces, body in
        DispatchQueue.concurrentPerform(iterations: pieces, execute: body)
    }

    static func run(_ disk: RealDisk, series count: Int, rows: Int) throws {
        print("\(count) single series x \(rows) rows, \(perRequest) samples a request")
        for isRandom in [false, true] {
            for run in [1, 20] {
                let samples = try fill(disk, series: count, rows: rows, run: run, isRandom: isRandom)
                let start = (wall: wallTime(), processor: processorTime())
                let store = try Store(disk: disk, workers: workers, now: Timestamp(milliseconds: 0))
                let spent = (processorTime() - start.processor) / samples
                let elapsed = (wallTime() - start.wall) / samples
                precondition(Double(store.statistics().samples) == samples, "samples are missing")
                print(
                    "recovery, \(isRandom ? "random doubles" : "counters and gauges"), \(run) of a series in a request: "
                        + "\(text(spent, 0)) CPU-ns/sample, \(text(1e3 / spent, 1)) M samples/s of CPU, "
                        + "\(text(1e3 / elapsed, 1)) of time on \(workers.count) processors")
                RecoveryBenchmark.remove(disk)
            }
        }
    }

    /// Pushes samples into an empty folder; how many.
    private static func fill(
        _ disk: RealDisk, series count: Int, rows: Int, run: Int, isRandom: Bool
    ) throws -> Double {
        let store = try Store(disk: disk, now: Timestamp(milliseconds: 0))
        let columns = Fleet.columns(1000, "")
        var random = Generator(state: 7)
        var values = [Double](repeating: 0, count: count)
        var handles: [UInt32] = []
        for first in stride(from: 0, to: rows, by: run) {
            let perSeries = min(run, rows - first)
            for start in stride(from: 0, to: count, by: perRequest / perSeries) {
                let range = start..<min(count, start + perRequest / perSeries)
                var batch: [SeriesSamples] = []
                for index in range {
                    let samples = (first..<first + perSeries).map { row in
                        // A third are counters, a third gauges, the others stay as they are.
                        if index % 3 == 0 { values[index] += Double(random.next() % 100) }
                        if index % 3 == 1 { values[index] = Double(random.next() % 1000) / 10 }
                        if isRandom { values[index] = Double(random.next() >> 11) * 0x1p-53 }
                        return Sample(
                            Timestamp(milliseconds: 1_700_000_000_000 + Int64(row) * 15_000), values[index])
                    }
                    let labels =
                        first > 0
                        ? .empty : columns[index % 1000].setting("instance", to: "host\(index / 1000):9100")
                    batch.append(SeriesSamples(labels: labels, samples: samples))
                }
                if first == 0 {
                    var given: [UInt32] = []
                    _ = store.append(SampleBatch(batch), handles: &given)
                    handles += given
                } else {
                    let known = KnownSamples(
                        handles: Array(handles[range]), ends: range.map { ($0 - start + 1) * perSeries },
                        samples: batch.flatMap(\.samples))
                    precondition(store.append(known)?.accepted == range.count * perSeries)
                }
                try store.sync()
            }
        }
        return Double(store.statistics().samples)
    }
}
