import Journal
import Storage
import Testing
import TimeSeries

@Suite struct StoreTests {
    private let disk = SimulatedDisk()
    private let target = Labels(["job": "node", "instance": "a:9100"])
    private let columns = [
        Labels(["__name__": "load"]), Labels(["__name__": "cpu", "mode": "idle"]),
        Labels(["__name__": "cpu", "mode": "user"]),
    ]

    private func open(_ configuration: StoreConfiguration = StoreConfiguration()) throws -> Store {
        try Store(disk: disk, configuration: configuration, now: at(0))
    }

    @Test func `rows of a scrape come back as series ordered by their labels`() async throws {
        let store = try open()
        let table = try store.openTable(target: target, columns: columns)
        for step in 0..<40 {
            let report = store.append(table, at: at(step * 15), row: [Double(step), 1, Double(2 * step)])
            #expect(report.accepted == 3)
        }

        let series = try await select(store, [Matcher(equal: "__name__", "cpu")])

        #expect(series.map { $0.labels["mode"] } == ["idle", "user"])
        #expect(series[1].values == (0..<40).map { Double(2 * $0) })
        #expect(series[0].times === series[1].times)
        #expect(series[0].times.milliseconds == (0..<40).map { Int64($0) * 15_000 })
        #expect(series[0].labels["instance"] == "a:9100")
    }

    @Test func `the target's labels win over those of a line`() async throws {
        let store = try open()
        let line = Labels(["__name__": "x", "job": "line", "other": "1"])
        let table = try store.openTable(target: target, columns: [line])
        _ = store.append(table, at: at(1), row: [1])

        #expect(try await select(store, [Matcher(equal: "job", "line")]).isEmpty)
        let found = try await select(store, [Matcher(equal: "job", "node"), Matcher(equal: "other", "1")])
        #expect(found.map(\.labels) == [line.merging(target)])
    }

    @Test func `absent cells are not returned and stale markers are`() async throws {
        let store = try open()
        let table = try store.openTable(target: target, columns: columns)
        _ = store.append(table, at: at(0), row: [1, Marker.absent, 3])
        _ = store.append(table, at: at(1), row: [Marker.stale, 5, Marker.absent])

        let series = try await select(store, [])

        let cells = series.map {
            zip($0.times.milliseconds, $0.values.map(\.bitPattern)).map { "\($0) \($1)" }
        }
        #expect(cells[0] == ["1000 \(5.0.bitPattern)"])
        #expect(cells[1] == ["0 \(3.0.bitPattern)"])
        #expect(cells[2] == ["0 \(1.0.bitPattern)", "1000 \(Marker.stale.bitPattern)"])
    }

    @Test func `every kind of matcher selects as its definition says`() async throws {
        let store = try open()
        let table = try store.openTable(target: target, columns: columns)
        _ = store.append(table, at: at(0), row: [1, 2, 3])
        _ = store.append([SeriesSamples(labels: Labels(["__name__": "loose"]), samples: [Sample(at(0), 4)])])
        let all = try await select(store, [])
        #expect(all.count == 4)

        for text in [
            "mode=", "mode=idle", "mode!=idle", "mode!=", "mode=~idle|user", "mode=~id.*", "mode=~.*",
            "mode=~.+",
            "mode!~idle", "mode!~.+", "job=~no.+", "job!~no.+", "job=", "job!=", "absent=", "absent=x",
            "absent!=x",
            "mode=~|idle", "__name__=~c.u|loose",
        ] {
            let matcher = try parse(text)
            let found = try await select(store, [matcher])
            let expected = all.filter { matcher.matches($0.labels) }.map(\.labels)
            #expect(found.map(\.labels) == expected, "\(text)")
        }
    }

    @Test func `a table that is extended keeps its samples and takes new columns`() async throws {
        let store = try open()
        let table = try store.openTable(target: target, columns: columns)
        for step in 0..<20 { _ = store.append(table, at: at(step), row: [1, 2, 3]) }
        try store.extendTable(table, columns: [Labels(["__name__": "new"])])
        for step in 20..<40 { _ = store.append(table, at: at(step), row: [1, 2, 3, Double(step)]) }

        let new = try await select(store, [Matcher(equal: "__name__", "new")])
        #expect(new.map(\.values) == [(20..<40).map(Double.init)])
        #expect(try await select(store, [Matcher(equal: "__name__", "load")])[0].values.count == 40)
    }

    @Test func `repeated, conflicting, late and too old samples are told apart`() async throws {
        let store = try open()
        let labels = Labels(["__name__": "x"])
        func append(_ seconds: Int, _ value: Double) -> AppendReport {
            store.append([SeriesSamples(labels: labels, samples: [Sample(at(seconds), value)])])
        }
        #expect(append(1000, 1).accepted == 1)
        #expect(append(1000, 1).repeated == 1)
        #expect(append(1000, 2).duplicate == 1)
        #expect(append(900, 3).accepted == 1)
        #expect(append(900, 4).duplicate == 1)
        #expect(append(399, 5).tooOld == 1)

        let series = try await select(store, [])
        #expect(series[0].values == [3, 1])
    }

    @Test func `a row older than the last one adds what is missing and changes nothing`() async throws {
        let store = try open()
        let table = try store.openTable(target: target, columns: columns)
        _ = store.append(table, at: at(10), row: [1, Marker.absent, 3])
        _ = store.append(table, at: at(20), row: [4, 5, 6])

        let same = store.append(table, at: at(10), row: [1, 2, 9])
        #expect(same.repeated == 1)
        #expect(same.accepted == 1)
        #expect(same.duplicate == 1)
        #expect(store.append(table, at: at(15), row: [7, 8, 9]).accepted == 3)
        #expect(store.append(table, at: at(-600), row: [7, 8, 9]).tooOld == 3)

        let series = try await select(store, [])
        #expect(series.map(\.values) == [[2, 8, 5], [3, 9, 6], [1, 7, 4]])
    }

    @Test func `native histograms come back exactly, with their count as the value`() async throws {
        let store = try open()
        let histogram = FloatHistogram(
            schema: 3, zeroThreshold: 1e-128, zeroCount: 2, count: 7, sum: 18.5,
            positiveRuns: [.init(offset: -2, length: 2)], positiveBuckets: [3, 2])
        let labels = Labels(["__name__": "h"])
        _ = store.append([SeriesSamples(labels: labels, samples: [], histograms: [(at(5), histogram)])])
        try store.sync()
        disk.crash()

        let series = try await select(try open(), [])
        #expect(series[0].histograms == [0: histogram])
        #expect(series[0].values == [7])
    }

    @Test func `limits refuse what is above them`() throws {
        var configuration = StoreConfiguration()
        configuration.limits.series = 4
        configuration.limits.labelValueLength = 5
        let store = try open(configuration)
        _ = try store.openTable(target: Labels(["job": "a"]), columns: columns)

        #expect(throws: SinkError.seriesLimit(limit: 4)) {
            try store.openTable(target: Labels(["job": "b"]), columns: columns)
        }
        #expect(throws: SinkError.self) {
            try store.openTable(target: Labels(["job": "too long"]), columns: [])
        }
        let batch = (0..<3).map {
            SeriesSamples(labels: Labels(["__name__": "s\($0)"]), samples: [Sample(at(0), 1)])
        }
        #expect(store.append(batch).accepted == 1)
    }

    @Test func `samples older than the retention go, and with them their series`() async throws {
        let configuration = StoreConfiguration(retention: .seconds(3600), rollups: [])
        let store = try open(configuration)
        let table = try store.openTable(target: target, columns: columns)
        for step in 0..<256 { _ = store.append(table, at: at(step * 60), row: [1, 2, 3]) }
        _ = store.append([SeriesSamples(labels: Labels(["__name__": "x"]), samples: [Sample(at(0), 4)])])

        // All of the first merged part is too old, the rest is not.
        try store.maintain(now: at(240 * 60 + 3600))
        #expect(try await select(store, [Matcher(equal: "__name__", "x")]).isEmpty)
        #expect(try await select(store, []).allSatisfy { $0.times.milliseconds[0] > 0 })

        store.closeTable(table)
        try store.maintain(now: at(100_000))
        #expect(store.statistics().series == 0)
        #expect(store.statistics().samples == 0)
    }

    @Test func `above the memory limit the oldest rows go first`() async throws {
        let store = try open(StoreConfiguration(memoryLimit: 20_000))
        let table = try store.openTable(target: target, columns: columns)
        var random = SplitMix(seed: 1)
        for step in 0..<3000 {
            let row = (0..<3).map { _ in Double.random(in: 0...1, using: &random) }
            _ = store.append(table, at: at(step), row: row)
        }

        try store.maintain(now: at(3000))

        let statistics = store.statistics()
        #expect(statistics.chunkBytes < 20_000)
        #expect(statistics.newest == at(2999))
        #expect(try await select(store, [])[0].times.milliseconds.last == 2_999_000)
    }

    @Test func `series that come and go free what they used, and those that stay are still found`()
        async throws
    {
        let store = try open(StoreConfiguration(retention: .seconds(600)))
        let stays = Labels(["__name__": "stays", "kind": "loose"])
        let table = try store.openTable(target: target, columns: columns)
        for round in 0..<20 {
            let batch = (0..<500).map {
                SeriesSamples(
                    labels: Labels(["__name__": "pod", "name": "\(round)-\($0)"]),
                    samples: [Sample(at(round * 300), 1)])
            }
            _ = store.append(batch + [SeriesSamples(labels: stays, samples: [Sample(at(round * 300), 2)])])
            _ = store.append(table, at: at(round * 300), row: [1, 2, 3])
            try store.maintain(now: at(round * 300))
        }

        #expect(store.statistics().series < 3 * 500 + 10)
        #expect(try await select(store, [Matcher(equal: "kind", "loose")]).count == 1)
        #expect(try await select(store, [Matcher(equal: "mode", "user")])[0].values.count > 2)
        #expect(try await select(store, [Matcher(equal: "name", "19-7")]).count == 1)
        #expect(try await select(store, [Matcher(equal: "name", "1-7")]).isEmpty)
        let all = at(0)...at(10_000)
        #expect(try await store.labelValues("name", [], in: all).count == 3 * 500)
    }

    @Test func `nothing is called durable that nobody waited for`() throws {
        let store = try open(StoreConfiguration(sync: .none))
        _ = store.append([SeriesSamples(labels: Labels(["__name__": "m"]), samples: [Sample(at(5), 1)])])

        try store.sync()
        #expect(store.statistics().durableTimestamp == nil)
        try store.snapshot()
        #expect(store.statistics().durableTimestamp == at(5))
    }

    @Test func `statistics count what is there`() throws {
        let store = try open()
        let table = try store.openTable(target: target, columns: columns)
        for step in 0..<20 { _ = store.append(table, at: at(step), row: [1, 2, 3]) }

        let before = store.statistics()
        #expect(before.series == 3)
        #expect(before.samples == 60)
        #expect(before.durablePosition == 0)
        #expect(before.seriesByMetric.map { "\($0.name) \($0.value)" } == ["cpu 2", "load 1"])
        #expect(before.seriesByPair.first.map { "\($0.name) \($0.value)" } == "instance=a:9100 3")

        try store.sync()
        let after = store.statistics()
        #expect(after.durablePosition == after.appendPosition)
        #expect(after.durableTimestamp == at(19))
    }

    private func parse(_ text: String) throws -> Matcher {
        let operation = [Matcher.Operation.regex, .notRegex, .notEqual, .equal].first {
            text.contains($0.rawValue)
        }!
        let name = text.prefix { $0 != "=" && $0 != "!" }
        return try Matcher(
            String(name), operation, String(text.dropFirst(name.count + operation.rawValue.count)))
    }
}

func at(_ seconds: Int) -> Timestamp { Timestamp(milliseconds: Int64(seconds) * 1000) }

func select(_ store: Store, _ matchers: [Matcher]) async throws -> [SeriesColumns] {
    let all = Timestamp(milliseconds: -(1 << 50))...Timestamp(milliseconds: 1 << 50)
    return try await store.select([Selection(matchers, in: all)])[0]
}
