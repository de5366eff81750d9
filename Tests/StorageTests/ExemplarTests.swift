import Journal
import PromQL
import Testing
import TimeSeries

@testable import Storage

/// Exemplars and start timestamps.
@Suite struct ExemplarTests {
    private let disk = SimulatedDisk()
    private let bucket = Labels(["__name__": "latency_bucket", "le": "1", "job": "j"])

    private func open(_ maxExemplars: Int = 100_000) throws -> Store {
        try Store(disk: disk, configuration: StoreConfiguration(maxExemplars: maxExemplars), now: at(0))
    }

    private func exemplar(_ second: Int, _ trace: String) -> Exemplar {
        Exemplar(labels: Labels(["trace_id": trace]), value: Double(second) / 10, timestamp: at(second))
    }

    private func all(_ store: Store, _ matchers: [Matcher] = []) -> [SeriesExemplars] {
        store.exemplars([matchers], in: at(0)...at(10_000))
    }

    @Test func `exemplars come back by series and time, within the range`() throws {
        let store = try open()
        let other = bucket.setting("le", to: "2")
        store.append([SeriesExemplars(labels: other, exemplars: [exemplar(20, "c")])])
        store.append([SeriesExemplars(labels: bucket, exemplars: [exemplar(10, "a"), exemplar(30, "b")])])

        #expect(
            all(store) == [
                SeriesExemplars(labels: bucket, exemplars: [exemplar(10, "a"), exemplar(30, "b")]),
                SeriesExemplars(labels: other, exemplars: [exemplar(20, "c")]),
            ])
        #expect(
            store.exemplars([[Matcher(equal: "le", "1")]], in: at(20)...at(40)).map(\.exemplars.count) == [1])
        #expect(store.exemplars([], in: at(0)...at(100)).isEmpty)
    }

    @Test func `one that is repeated, older or too long is left out`() throws {
        let store = try open()
        func append(_ exemplar: Exemplar) {
            store.append([SeriesExemplars(labels: bucket, exemplars: [exemplar])])
        }
        append(exemplar(10, "a"))
        append(exemplar(10, "a"))
        append(exemplar(9, "b"))
        append(exemplar(20, String(repeating: "x", count: 121)))

        #expect(all(store).map(\.exemplars) == [[exemplar(10, "a")]])
        #expect(store.statistics().refusedExemplars == 2)
        append(exemplar(21, String(repeating: "x", count: 120)))
        #expect(all(store)[0].exemplars.count == 2)
    }

    @Test func `one without a time of its own is taken once, however often it is scraped`() throws {
        var store = try open()
        func append(_ second: Int, _ trace: String) {
            var untimed = exemplar(second, trace)
            untimed.value = 0.5
            untimed.isTimed = false
            store.append([SeriesExemplars(labels: bucket, exemplars: [untimed])])
        }
        for second in 1...5 { append(second, "a") }
        try store.sync()
        disk.crash()
        store = try open()
        append(6, "a")
        append(7, "b")
        append(8, "a")

        #expect(all(store)[0].exemplars.map(\.timestamp) == [at(1), at(7), at(8)])
    }

    @Test func `the newest stay where there is no room for all`() throws {
        let store = try open(10)
        for second in 0..<25 {
            store.append([
                SeriesExemplars(
                    labels: bucket.setting("n", to: "\(second % 5)"), exemplars: [exemplar(second, "t")])
            ])
        }

        #expect(all(store).flatMap(\.exemplars).map(\.timestamp).sorted() == (15..<25).map(at))
        #expect(store.statistics().exemplars == 10)
        #expect(store.statistics().appendedExemplars == 25)
    }

    @Test func `exemplars and starts survive a crash and a snapshot`() async throws {
        var store = try open()
        let counter = Labels(["__name__": "c_total"])
        let table = try store.openTable(target: Labels(["job": "j"]), columns: [counter])
        for step in 0..<40 {
            _ = store.append(table, at: at(15 * step), row: [Double(step)])
            if step % 20 == 0 {
                store.append(
                    table, at: at(15 * step), starts: [ColumnStart(column: 0, start: at(15 * step - 5))])
            }
        }
        let pushed = Labels(["__name__": "pushed_total"])
        _ = store.append([
            SeriesSamples(
                labels: pushed, samples: [Sample(at(10), 1), Sample(at(20), 2), Sample(at(30), 1)],
                startTimes: [5000, 5000, 25_000])
        ])
        let native = Labels(["__name__": "sizes"])
        let histograms = (1...3).map {
            (timestamp: at(10 * $0), histogram: FloatHistogram(count: Double($0)))
        }
        _ = store.append([
            SeriesSamples(
                labels: native, samples: [], histograms: histograms, histogramStarts: [0, 5000, 5000])
        ])
        store.append([SeriesExemplars(labels: bucket, exemplars: [exemplar(10, "a")])])
        try store.sync()

        for round in 0..<3 {
            if round == 1 { try store.snapshot() }
            disk.crash()
            store = try open()
            #expect(all(store).map(\.exemplars) == [[exemplar(10, "a")]], "round \(round)")
            let series = try await select(store, [])
            #expect(series[0].startTimes == (0..<40).map { $0 < 20 ? -5000 : 295_000 }, "round \(round)")
            #expect(series[1].startTimes == [5000, 5000, 25_000], "round \(round)")
            #expect(series[2].startTimes == [0, 5000, 5000], "round \(round)")
        }
    }

    @Test func `rates use start timestamps where the feature is on`() async throws {
        let store = try open()
        let table = try store.openTable(
            target: Labels(["job": "j"]), columns: [Labels(["__name__": "c_total"])])
        store.append(table, at: at(60), starts: [ColumnStart(column: 0, start: at(30))])
        for step in 4..<8 { _ = store.append(table, at: at(15 * step), row: [Double(step)]) }

        func increase(_ features: QueryFeatures) async throws -> Double? {
            let engine = LocalEngine(source: store, features: features)
            let result = try await engine.evaluate(try Expression.parse("increase(c_total[2m])"), at: at(105))
            guard case .vector(let elements) = result.value else { return nil }
            return elements.first?.value
        }
        // From nothing at 30 s to 7 at 105 s, which is what the window covers.
        #expect(try await increase(.startTimestamps) == 7)
        #expect(try await increase([]) != 7)
        let plain = try await select(store, [])
        #expect(plain[0].startTimes == [30_000, 30_000, 30_000, 30_000])
    }

    @Test func `they take a sixteenth of memory at most, and no NaN stays behind`() throws {
        let limit = 1 << 20
        let store = try Store(
            disk: disk, configuration: StoreConfiguration(memoryLimit: limit, maxExemplars: 1000), now: at(0))
        let before = store.statistics().memoryBytes
        func append(_ second: Int, _ series: Labels, _ value: Double) {
            store.append([
                SeriesExemplars(
                    labels: series,
                    exemplars: [
                        Exemplar(labels: Labels(["trace_id": "t"]), value: value, timestamp: at(second))
                    ])
            ])
        }
        for second in 0..<500 {
            append(second, bucket.setting("long", to: "\(second)" + String(repeating: "x", count: 4096)), 1)
        }
        let taken = store.statistics().memoryBytes - before
        #expect(taken > limit / 32 && taken <= limit / 16)
        #expect(store.statistics().exemplars == 14)

        for second in 500..<3000 { append(second, bucket.setting("n", to: "\(second)"), .nan) }
        let some = store.statistics().memoryBytes - before
        #expect(some <= limit / 16 && store.statistics().exemplars >= limit / 16 / 500)
        for second in 3000..<6000 { append(second, bucket, .nan) }
        // All of one series.
        #expect(store.statistics().memoryBytes - before < limit / 16)
        #expect(all(store).allSatisfy { $0.labels == bucket })
    }

    @Test func `starts that change with each scrape count, and go with their samples`() throws {
        let limit = 1 << 20
        let store = try Store(
            disk: disk, configuration: StoreConfiguration(memoryLimit: limit, rollups: []), now: at(0))
        let columns = (0..<50).map { Labels(["__name__": "c_total", "n": "\($0)"]) }
        let table = try store.openTable(target: Labels(["job": "j"]), columns: columns)
        for row in 0..<1000 {
            let time = at(15 * row)
            _ = store.append(table, at: time, row: columns.map { _ in Double(row) })
            store.append(
                table, at: time, starts: columns.indices.map { ColumnStart(column: $0, start: time) })
            if row == 500 { #expect(store.statistics().memoryBytes > 50 * 16 * 500) }
        }
        #expect(store.statistics().memoryBytes < limit)
        for row in 1000..<3000 {
            let time = at(15 * row)
            _ = store.append(table, at: time, row: columns.map { _ in Double(row) })
            store.append(
                table, at: time, starts: columns.indices.map { ColumnStart(column: $0, start: time) })
            if row % 4 == 0 { try store.maintain(now: time) }
        }

        try store.maintain(now: at(15 * 3000))
        let statistics = store.statistics()
        #expect(statistics.memoryBytes <= limit && statistics.droppedSampleBytes > 0)
        // No more goes than it takes.
        #expect(statistics.samples > 50 * 600)
    }

    @Test func `the start of a sample is found among many`() {
        var starts = StartTimes()
        for step in [3, 1, 2, 5, 4] { starts.note(Int64(step), at: Int64(10 * step)) }
        #expect((0...60).map { starts.start(at: $0) } == (0...60).map { min($0 / 10, 5) })
        starts.note(7, at: 20)
        #expect(starts.start(at: 25) == 7 && starts.changes.count == 5)
        starts.drop(before: 29)
        #expect(starts.changes.map(\.time) == [20, 30, 40, 50])
        starts.drop(before: 10)
        #expect(starts.changes.count == 4)
    }
}
