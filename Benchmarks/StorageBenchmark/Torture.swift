import Glibc
import Journal
import Storage
import TimeSeries

/// A writer that is made to be killed: it checks that every row up to the last acknowledged one is there with the
/// right values, then goes on writing and says what is acknowledged. `Benchmarks/torture.py` does the killing.
enum Torture {
    private static let width = 40
    /// Of two targets, and one that is pushed.
    private static let samplesPerRow = 2 * width + 1
    private static let start: Int64 = 1_700_000_000_000

    static func run(_ folder: String, acknowledged: Int) async throws {
        let disk = try RealDisk(root: folder)
        let lock = try DirectoryLock(disk, owner: "torture")
        let store = try Store(disk: disk, now: Timestamp(milliseconds: start))
        let rows = try await verify(store)
        let statistics = store.statistics()
        print("opened \(rows) \(rows * samplesPerRow) \(statistics.losses.count) \(statistics.damage.count)")
        fflush(nil)
        guard rows >= acknowledged else {
            print("lost rows \(rows)..<\(acknowledged), \((acknowledged - rows) * samplesPerRow) samples")
            exit(1)
        }
        let columns = (0..<width).map { Labels(["__name__": "metric_\($0)"]) }
        let tables = try (0..<2).map {
            try store.openTable(target: Labels(["instance": "\($0)"]), columns: columns)
        }
        for row in rows... {
            for table in tables { _ = store.append(table, at: time(row), row: values(row)) }
            _ = store.append([
                SeriesSamples(
                    labels: Labels(["__name__": "pushed"]), samples: [Sample(time(row), Double(row))])
            ])
            try store.sync()
            print("acknowledged \(row + 1) \((row + 1) * samplesPerRow)")
            fflush(nil)
            if row % 97 == 96 { try store.snapshot() }
        }
        lock.release()
    }

    /// The number of rows that are there from the first on; exits where one of them is missing or wrong.
    private static func verify(_ store: Store) async throws -> Int {
        let all = Timestamp(milliseconds: 0)...Timestamp(milliseconds: 1 << 50)
        let series = try await store.select([Selection([], in: all)])[0]
        var rows = series.map(\.values.count).max() ?? 0
        for element in series {
            let name = element.labels.metricName
            // What was not acknowledged may be there for one series and not for another.
            rows = min(rows, element.values.count)
            for (row, value) in element.values.enumerated() {
                let expected =
                    name == "pushed" ? Double(row) : values(row)[Int(name.dropFirst("metric_".count)) ?? 0]
                guard value == expected, element.times.milliseconds[row] == time(row).milliseconds else {
                    print("wrong value of \(element.labels) in row \(row): \(value), expected \(expected)")
                    exit(1)
                }
            }
        }
        if !series.isEmpty, series.count != 2 * width + 1 { rows = 0 }
        return rows
    }

    private static func time(_ row: Int) -> Timestamp {
        Timestamp(milliseconds: start + Int64(row) * 1000)
    }

    private static func values(_ row: Int) -> [Double] {
        (0..<width).map { column in
            switch column % 4 {
            case 0: 7
            case 1: Double(row * column)
            case 2: Double((row * 7919 + column * 104_729) % 1000) / 1000
            default: Double(row / 50)
            }
        }
    }
}
