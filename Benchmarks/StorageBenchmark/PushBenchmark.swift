import Journal
import Storage
import TimeSeries

/// Samples that come one series at a time, as remote write brings them: decoded, of series that are known by their handles,
/// as those of a request are; the first and the last ones by their labels. The sender's labels are made anew for each request
/// and are not part of the figures.
enum PushBenchmark {
    private static let perRequest = 5000

    static func run(_ numbers: [Int]) async throws {
        let count = numbers.first ?? 100_000
        let rows = numbers.dropFirst().first ?? 240
        let columns = Fleet.columns(1000, "")
        var random = Generator(state: 7)
        var values = [Double](repeating: 0, count: count)
        var handles: [UInt32] = []
        let empty = residentBytes()
        let store = try Store(disk: NullDisk(), now: Timestamp(milliseconds: 0))
        var (creating, byHandle, byLabels) = (0.0, 0.0, 0.0)
        for row in 0..<rows + 8 {
            if row == rows { report(store, empty, count, rows) }
            let moment = Timestamp(milliseconds: 1_700_000_000_000 + Int64(row) * 15_000)
            for start in stride(from: 0, to: count, by: perRequest) {
                let range = start..<min(count, start + perRequest)
                for index in range where index % 3 == 0 { values[index] += Double(random.next() % 100) }
                guard row == 0 || row >= rows else {
                    let known = KnownSamples(
                        handles: Array(handles[range]), ends: Array(1...range.count),
                        samples: range.map { Sample(moment, values[$0]) })
                    let begin = processorTime()
                    precondition(store.append(known)?.accepted == range.count)
                    byHandle += processorTime() - begin
                    continue
                }
                var batch = SampleBatch()
                for index in range {
                    let labels = columns[index % 1000].setting("instance", to: "host\(index / 1000):9100")
                    batch.append(SeriesSamples(labels: labels, samples: [Sample(moment, values[index])]))
                }
                let begin = processorTime()
                var given: [UInt32] = []
                _ = store.append(batch, handles: &given)
                let spent = processorTime() - begin
                if row == 0 { creating += spent } else { byLabels += spent }
                if row == 0 { handles += given }
            }
            try store.sync()
        }
        let late = try late(store, handles)
        func each(_ spent: Double, _ rows: Int) -> String {
            let perSample = spent / Double(max(1, rows) * count)
            return "\(text(perSample, 0)) ns/sample, \(text(1e3 / perSample, 2)) M samples/s"
        }
        print("append: known series \(each(byHandle, rows - 1)); by labels \(each(byLabels, 8));")
        print("  with a new series \(each(creating, 1)); late, of known series \(each(late.before, 4)),")
        print("  once the store has looked for these series in tables \(each(late.behind, 4))")
    }

    /// Late samples of all series, beside a table for each of their instances that has their labels and none of them; before
    /// and behind the next look at the tables.
    private static func late(_ store: Store, _ handles: [UInt32]) throws -> (before: Double, behind: Double) {
        let others = Fleet.columns(1000, "").map { $0.setting("other", to: "1") }
        for host in 0..<max(1, handles.count / 1000) {
            let table = try store.openTable(target: Labels(["instance": "host\(host):9100"]), columns: others)
            let row = [Double](repeating: 1, count: others.count)
            _ = store.append(table, at: Timestamp(milliseconds: 1_700_000_000_000), row: row)
        }
        var spent = (before: 0.0, behind: 0.0)
        for row in 0..<8 {
            if row == 4 { try store.maintain(now: Timestamp(milliseconds: 1_700_000_000_000)) }
            let moment = Timestamp(milliseconds: 1_700_000_000_000 + 3_480_000 + Int64(row) * 15_000 + 7_000)
            for start in stride(from: 0, to: handles.count, by: perRequest) {
                let range = start..<min(handles.count, start + perRequest)
                let known = KnownSamples(
                    handles: Array(handles[range]), ends: Array(1...range.count),
                    samples: range.map { Sample(moment, Double($0)) })
                let begin = processorTime()
                precondition(store.append(known)?.accepted == range.count)
                let time = processorTime() - begin
                if row < 4 { spent.before += time } else { spent.behind += time }
            }
        }
        return spent
    }

    private static func report(_ store: Store, _ empty: Int, _ count: Int, _ rows: Int) {
        let statistics = store.statistics()
        func each(_ bytes: Int) -> String { text(Double(bytes) / Double(count), 0) }
        print(
            "\(count) series x \(rows) samples, decoded requests of \(perRequest) samples, one sender, one thread,"
        )
        print("log compressed and written to nowhere after each \(count)")
        print("resident: \(each(residentBytes() - empty)) bytes/series, everything in memory")
        print(
            "  chunks \(each(statistics.chunkBytes)), tails \(each(statistics.tailBytes)), ", terminator: "")
        print("labels and index \(each(statistics.indexBytes))")
    }
}
