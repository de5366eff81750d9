import Journal
import PromQL
import Storage
import Testing
import TimeSeries

/// The memory limit, reached step by step.
@Suite struct MemoryLimitTests {
    private let columns = (0..<40).map { Labels(["__name__": "m", "n": "\($0)"]) }
    private let target = Labels(["job": "j"])
    private let origin: Int64 = 1_700_006_400_000

    private func time(_ row: Int) -> Timestamp { Timestamp(milliseconds: origin + 15_000 * Int64(row + 1)) }

    @Test func `samples that are rolled up go first, then new series, then rollups, never the newest`()
        async throws
    {
        let limit = 900_000
        let store = try Store(
            disk: SimulatedDisk(), configuration: StoreConfiguration(memoryLimit: limit), now: time(0))
        let table = try store.openTable(target: target, columns: columns)
        var random = SplitMix(seed: 1)
        var stages: [String] = []
        func note(_ stage: String, _ isReached: Bool) {
            if isReached, !stages.contains(stage) { stages.append(stage) }
        }
        for row in 0..<60 * 240 {
            let report = store.append(
                table, at: time(row), row: columns.map { _ in Double.random(in: 0...1, using: &random) })
            #expect(report.accepted == columns.count)
            guard row % 60 == 59 else { continue }
            try store.maintain(now: time(row))
            let now = store.statistics(limit: 0)
            #expect(now.memoryBytes <= limit, "after \(row) rows, \(stages)")
            #expect(now.newest == time(row))
            if now.droppedSampleBytes > 0, stages.isEmpty {
                // What went is in the rollups, and nothing else is missing.
                let counts = try await count(store, hours: (row + 1) / 240)
                #expect(counts == Double((row + 1) / 240 * 240 * columns.count))
                #expect(throws: Never.self) { try open(store, "\(row)") }
            }
            note("samples", now.droppedSampleBytes > 0)
            note("series", now.refusesNewSeries)
            note("rollups", now.droppedRollupBytes > 0)
            if now.refusesNewSeries {
                #expect(throws: SinkError.self) { try open(store, "refused") }
                let single = SeriesSamples(
                    labels: Labels(["__name__": "single"]), samples: [Sample(time(row), 1)])
                #expect(store.append([single]).limited == 1)
            }
        }
        #expect(stages.prefix(2) == ["samples", "series"] && stages.last == "rollups")
        // The newest hour is there sample for sample.
        let newest = try await store.select([Selection([], in: time(59 * 240)...time(60 * 240))])[0]
        #expect(newest.first { $0.labels["n"] == "7" }?.values.count == 240)
    }

    @Test(arguments: [(8 << 20, true), (64 << 20, false)])
    func `a log that would take much of the memory limit when it is replayed is due for a snapshot`(
        limit: Int, isDue: Bool
    ) throws {
        let disk = SimulatedDisk()
        let store = try Store(
            disk: disk, configuration: StoreConfiguration(memoryLimit: limit), now: time(0))
        let table = try store.openTable(target: target, columns: columns)
        var random = SplitMix(seed: 1)
        for row in 0..<8000 {
            _ = store.append(
                table, at: time(row), row: columns.map { _ in Double.random(in: 0...1, using: &random) })
            if row % 100 == 99 { try store.sync() }
        }
        let log = disk.paths.filter { $0.hasPrefix("log/") }.reduce(0) {
            $0 + (disk.contents($1)?.count ?? 0)
        }
        try #require((2 << 20..<16 << 20).contains(log))

        try store.maintain(now: time(8000))

        #expect(disk.paths.contains { $0.hasPrefix("snapshots/manifest-") } == isDue)
        // The second lets the log go that the first one kept, and that is all.
        for _ in 0..<2 { try store.maintain(now: time(8000)) }
        let manifests = disk.paths.filter { $0.hasPrefix("snapshots/manifest-") }
        for _ in 0..<3 { try store.maintain(now: time(8000)) }
        #expect(disk.paths.filter { $0.hasPrefix("snapshots/manifest-") } == manifests)
    }

    @Test func `a burst of new series is stopped before anybody looks`() throws {
        let limit = 1_000_000
        let store = try Store(
            disk: SimulatedDisk(), configuration: StoreConfiguration(memoryLimit: limit), now: time(0))
        var accepted = 0
        for number in 0..<100 {
            let batch = (0..<100).map {
                SeriesSamples(
                    labels: Labels(["__name__": "burst", "n": "\(number)-\($0)"]),
                    samples: [Sample(time(0), 1)])
            }
            accepted += store.append(batch).accepted
        }

        // As many as there is room for, not as the guess before the first look would have it.
        #expect(accepted > 2000 && accepted < 10_000)
        #expect(store.statistics(limit: 0).refusesNewSeries)
        #expect(store.statistics(limit: 0).memoryBytes < limit)
        #expect(store.isMaintenanceDue)
    }

    @Test func `many series with a sample each leave no windows where the newest hour has to go`() throws {
        let limit = 2_000_000
        let store = try Store(
            disk: SimulatedDisk(), configuration: StoreConfiguration(memoryLimit: limit), now: time(0))
        var random = SplitMix(seed: 2)
        func push(_ numbers: Range<Int>, _ moment: Timestamp) -> AppendReport {
            store.append(
                numbers.map {
                    SeriesSamples(
                        labels: Labels(["__name__": "churn", "n": "\($0)"]),
                        samples: [Sample(moment, Double.random(in: 0...1, using: &random))])
                })
        }
        var series = 0
        while push(series..<series + 500, time(0) + .milliseconds(series)).limited == 0 { series += 500 }
        try store.maintain(now: time(1))
        let before = store.statistics(limit: 0)
        #expect(before.series >= series)

        for second in 0..<600 { _ = push(0..<200, time(2) + .seconds(second)) }
        try store.maintain(now: time(2) + .seconds(600))

        let after = store.statistics(limit: 0)
        #expect(after.droppedSampleBytes > 0)
        #expect(after.memoryBytes <= limit)
        #expect(after.rollupBuckets == 0)
        // Only as many as it took.
        #expect(after.series > series / 3)
        #expect(push(0..<200, time(2) + .seconds(700)).accepted == 200)
    }

    /// - Parameter spread: milliseconds from one batch to the next.
    @Test(arguments: [0, 1, 700]) func `of series with long labels only those go that it takes`(
        spread: Int
    ) throws {
        let limit = 4_000_000
        let store = try Store(
            disk: SimulatedDisk(), configuration: StoreConfiguration(memoryLimit: limit), now: time(0))
        func push(_ number: Int, _ moment: Timestamp) -> AppendReport {
            store.append(
                (0..<20).map { index in
                    let id = "\(number)-\(index)-" + String(repeating: "x", count: 900)
                    let others = (0..<8).map {
                        ("l\($0)", "\(number * 31 + index * 7 + $0)" + id.prefix(150))
                    }
                    return SeriesSamples(
                        labels: Labels([("__name__", "long"), ("id", id)] + others),
                        samples: [Sample(moment, 1)])
                })
        }
        var batches = 0
        while push(batches, time(0) + .milliseconds(spread * batches)).limited == 0 { batches += 1 }
        let before = store.statistics()
        #expect(before.memoryBytes <= limit)
        #expect(before.memoryBytes > limit * 3 / 4)

        // What others keep takes a tenth of the limit.
        try store.maintain(now: time(1), outsideBytes: limit / 10)

        let after = store.statistics()
        #expect(after.memoryBytes <= limit)
        #expect(after.memoryBytes > limit * 9 / 10)
        #expect(after.series > before.series * 3 / 4)
        // And once they do not, there is room at once.
        try store.maintain(now: time(1), outsideBytes: 0)
        #expect(!store.statistics().refusesNewSeries)
        #expect(push(batches + 1, time(2)).limited == 0)
    }

    @Test func `new series are taken as long as older samples can make room for them`() throws {
        let limit = 600_000
        let store = try Store(
            disk: SimulatedDisk(), configuration: StoreConfiguration(memoryLimit: limit), now: time(0))
        var random = SplitMix(seed: 3)
        var refused = 0
        // Series that live for a quarter of an hour, five new ones a minute.
        for minute in 0..<400 {
            let moment = time(0) + .seconds(60 * minute)
            let report = store.append(
                (max(0, minute - 15)...minute).flatMap { wave in
                    (0..<5).map { number in
                        SeriesSamples(
                            labels: Labels([
                                "__name__": "short", "pod": "\(wave)-\(number)",
                                "pad": "\(wave)" + String(repeating: "p", count: 200),
                            ]), samples: [Sample(moment, Double.random(in: 0...1, using: &random))])
                    }
                })
            refused += report.limited
            try store.maintain(now: moment)
            #expect(store.statistics().memoryBytes <= limit)
        }
        #expect(store.statistics().droppedSampleBytes > 0)
        #expect(refused < 400 * 80 / 100, "\(refused)")
    }

    @Test(arguments: [8, 40]) func `what the store counts stays within the limit, known series go on`(
        columnCount: Int
    ) throws {
        let limit = 4_000_000
        let store = try Store(
            disk: SimulatedDisk(), configuration: StoreConfiguration(memoryLimit: limit), now: time(0))
        let columns = Array(columns.prefix(columnCount))
        let tables = try (0..<400 / columnCount).map {
            try store.openTable(target: Labels(["instance": "\($0)"]), columns: columns)
        }
        var random = SplitMix(seed: 4)
        var (most, accepted) = (0, 0)
        // New series come all the time, and what is pushed is late but for a tenth.
        for step in 0..<1500 {
            let moment = time(0) + .seconds(10 * step)
            for table in tables {
                let row = columns.map { _ in Double.random(in: 0...1, using: &random) }
                accepted += store.append(table, at: moment, row: row).accepted
            }
            let pushed = (0..<100).map { number in
                let late = number % 10 == 0 ? 0 : 100 + (number + 7 * step) % 300
                return SeriesSamples(
                    labels: Labels(["__name__": "known", "n": "\(number)"]),
                    samples: [
                        Sample(moment - .seconds(late), Double.random(in: 0...1, using: &random))
                    ])
            }
            #expect(store.append(pushed).limited == 0)
            _ = store.append([
                SeriesSamples(
                    labels: Labels(["__name__": "new", "n": "\(step)"]), samples: [Sample(moment, 1)])
            ])
            most = max(most, store.statistics(limit: 0).memoryBytes)
            if step % 6 == 5 || store.isMaintenanceDue { try store.maintain(now: moment) }
        }
        #expect(accepted == 1500 * 400)
        #expect(most <= limit)
        #expect(most > limit * 15 / 16)
        #expect(store.statistics().droppedSampleBytes > 0)
    }

    private func open(_ store: Store, _ name: String) throws {
        _ = try store.openTable(target: Labels(["job": "other", "instance": name]), columns: [columns[0]])
    }

    private func count(_ store: Store, hours: Int) async throws -> Double? {
        let query = "sum(count_over_time({job=\"j\"}[\(hours)h]))"
        let end = Timestamp(milliseconds: origin + Int64(hours) * 3_600_000)
        let result = try await LocalEngine(source: store).evaluate(try Expression.parse(query), at: end)
        guard case .vector(let elements) = result.value else { return nil }
        return elements.first?.value
    }

    @Test func `what others keep beside the store counts to the limit`() throws {
        let store = try Store(
            disk: SimulatedDisk(), configuration: StoreConfiguration(memoryLimit: 1 << 20), now: at(0))
        let before = store.statistics()

        try store.maintain(now: at(0), outsideBytes: 2 << 20)

        #expect(store.statistics().memoryBytes == before.memoryBytes + (2 << 20))
        #expect(store.statistics().refusesNewSeries)
        try store.maintain(now: at(0), outsideBytes: 0)
        #expect(!store.statistics().refusesNewSeries)
    }
}
