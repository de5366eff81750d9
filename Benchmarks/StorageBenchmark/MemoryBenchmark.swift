import Journal
import Storage
import TimeSeries

/// Targets whose samples move as those of a machine do, appended to a store in memory.
enum MemoryBenchmark {
    static func run(_ numbers: [Int]) async throws {
        let targets = numbers.first ?? 200
        let series = numbers.dropFirst().first ?? 1021
        let rows = numbers.dropFirst(2).first ?? 120
        let distinct = numbers.dropFirst(3).first == 1
        let empty = residentBytes()
        // A disk that forgets: only memory is measured.
        let store = try Store(disk: NullDisk(), now: Timestamp(milliseconds: 0))
        var fleet = try Fleet(store, targets: targets, series: series, distinctLayouts: distinct)
        let opened = residentBytes()
        var appending = 0.0
        for row in 0..<rows {
            for target in 0..<targets {
                fleet.step(target)
                let start = processorTime()
                _ = store.append(fleet.tables[target], at: fleet.time(target, row), row: fleet.values[target])
                appending += processorTime() - start
            }
            try store.sync()
        }
        fleet.values = []
        let resident = residentBytes()
        let statistics = store.statistics()
        let count = Double(targets * series)
        print("\(targets) targets x \(series) series x \(rows) rows, \(statistics.layouts) layouts")
        print("append, seal and merge: \(text(appending / Double(statistics.samples), 1)) ns/sample")
        print("resident: \(text(Double(resident - empty) / count, 0)) bytes/series above an empty process")
        print("  layouts, index, tables: \(text(Double(opened - empty) / count, 0))")
        print("  chunks: \(text(Double(statistics.chunkBytes) / count, 0))")
        print("  raw tails: \(text(Double(statistics.tailBytes) / count, 0))")
        let sealed = Double(statistics.samples) - Double(statistics.tailBytes) / 8
        print("bytes/sample in chunks: \(text(Double(statistics.chunkBytes) / sealed))")
        let start = wallTime()
        let all = try await store.select([
            Selection([], in: Timestamp(milliseconds: 0)...Timestamp(milliseconds: 1 << 50))
        ])
        let read = all[0].reduce(0) { $0 + $1.values.count }
        print("select of everything: \(text((wallTime() - start) / Double(read), 2)) ns/sample")
    }
}

/// Synthetic targets: of each kind of series about as many as node_exporter has.
struct Fleet {
    var tables: [TableID] = []
    var values: [[Double]] = []
    private var random = Generator(state: 42)
    private let series: Int

    init(_ store: Store, targets: Int, series: Int, distinctLayouts: Bool) throws {
        self.series = series
        var columns = Fleet.columns(series, "")
        for target in 0..<targets {
            let labels = Labels(["instance": "host\(target):9100", "job": "node"])
            if distinctLayouts { columns = Fleet.columns(series, "\(target)") }
            tables.append(try store.openTable(target: labels, columns: columns))
            values.append((0..<series).map { Double(($0 * 7919) % 100_000) })
        }
    }

    static func columns(_ count: Int, _ suffix: String) -> [Labels] {
        (0..<count).map { number in
            Labels([
                "__name__": "node_metric_number_\(number / 8)_total",
                "device": "device\(number % 8)\(suffix)",
                "mode": ["idle", "user", "system"][number % 3],
            ])
        }
    }

    func time(_ target: Int, _ row: Int) -> Timestamp {
        Timestamp(milliseconds: 1_700_000_000_000 + Int64(row) * 15_000 + Int64(target) * 7)
    }

    mutating func step(_ target: Int) {
        for index in 0..<series {
            switch index % 16 {
            case 0..<9: break
            case 9, 10: values[target][index] += Double(random.next() % 10)
            case 11: values[target][index] += 0.01 * Double(random.next() % 1500)
            case 12: values[target][index] += Double(Int(random.next() % 200)) * 4096 - 409_600
            case 13: values[target][index] = Double(random.next() % 400) / 100
            case 14: if random.next() % 12 == 0 { values[target][index] += 1 }
            default: values[target][index] += 15
            }
            if index % 16 == 11 { values[target][index] = (values[target][index] * 100).rounded() / 100 }
        }
    }
}

struct Generator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state >> 11
    }
}
