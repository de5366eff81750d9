import Journal
import PromQL
import Storage
import Testing
import TimeSeries

/// Sketches, and what rollups cost.
@Suite struct RollupTests {
    @Test func `a value comes back from its bin within the relative error`() {
        var random = SplitMix(seed: 3)
        for _ in 0..<10_000 {
            let exponent = Int.random(in: -300...300, using: &random)
            let significand = Double.random(in: 1..<2, using: &random)
            let value = Double(
                sign: exponent % 2 == 0 ? .plus : .minus, exponent: exponent, significand: significand)
            let back = QuantileSketch.value(QuantileSketch.bin(value))
            #expect(abs(back - value) <= QuantileSketch.relativeError * abs(value))
        }
        #expect(QuantileSketch.value(QuantileSketch.bin(0)) == 0)
        #expect(QuantileSketch.value(QuantileSketch.bin(-.infinity)) == -.infinity)
        #expect(QuantileSketch.bin(-2) < QuantileSketch.bin(-1))
        #expect(QuantileSketch.bin(-1) < 0 && 0 < QuantileSketch.bin(1e-300))
    }

    @Test func `merging sketches is adding up what they counted`() {
        var random = SplitMix(seed: 4)
        let values = (0..<500).map { _ in Double.random(in: -10...1000, using: &random) }
        func sketch(_ values: [Double]) -> QuantileSketch {
            var sketch = QuantileSketch()
            for value in values { sketch.add(QuantileSketch.bin(value), 1) }
            return sketch
        }
        var merged = sketch(Array(values[..<200]))
        merged.merge(sketch(Array(values[200...])))

        #expect(merged == sketch(values))
        #expect(merged.count == 500)
    }

    /// A retention shorter than the five minutes after which a series has gone.
    @Test func `series that go as a whole with a short retention leave no windows, those that live do`()
        throws
    {
        let store = try Store(
            disk: SimulatedDisk(), configuration: StoreConfiguration(retention: .seconds(120)), now: at(0))
        func push(_ name: String, _ second: Int) {
            _ = store.append([
                SeriesSamples(labels: Labels(["__name__": name]), samples: [Sample(at(second), 1)])
            ])
        }
        for number in 0..<1000 { push("short_\(number)", 0) }
        let before = store.statistics().memoryBytes
        for step in 0..<300 {
            push("living", 15 * step)
            if step % 4 == 3 { try store.maintain(now: at(15 * step)) }
        }

        let after = store.statistics()
        #expect(after.series == 1)
        // Those of the living one.
        #expect((10...100).contains(after.rollupBuckets), "\(after.rollupBuckets)")
        #expect(after.memoryBytes < before / 2)
    }

    @Test func `buckets of a scraped series take few bytes`() throws {
        let store = try Store(disk: SimulatedDisk(), now: at(0))
        let columns = (0..<200).map { Labels(["__name__": "m\($0)"]) }
        let table = try store.openTable(target: Labels(["job": "j"]), columns: columns)
        for row in 0..<5760 {
            let values = columns.indices.map { column -> Double in
                switch column % 4 {
                case 0, 1: Double(column)
                case 2: Double(row * (column + 1))
                default: Double((row * 7919 + column * 104_729) % 211)
                }
            }
            _ = store.append(table, at: at(15 * (row + 1)), row: values)
            if row % 240 == 239 { try store.maintain(now: at(15 * (row + 1))) }
        }

        let statistics = store.statistics()
        // A day of windows of five minutes and of an hour.
        #expect(statistics.rollupBuckets == 200 * (288 + 24))
        #expect(statistics.rollupBytes < 12 * statistics.rollupBuckets)
    }

    @Test
    func `windows of a length that is not made any more are told of and stay, for the longest time named`()
        throws
    {
        let disk = SimulatedDisk()
        func open(_ lengths: [Int]) throws -> Store {
            let rules = lengths.map {
                RollupRule(resolution: .seconds($0), retention: .seconds(90 * 86_400))
            }
            return try Store(disk: disk, configuration: StoreConfiguration(rollups: rules), now: at(0))
        }
        let first = try open([300, 3600])
        let table = try first.openTable(
            target: Labels(["job": "j"]), columns: [Labels(["__name__": "m"])])
        for row in 0..<1440 { _ = first.append(table, at: at(15 * (row + 1)), row: [Double(row)]) }
        try first.maintain(now: at(15 * 1440))
        #expect(first.statistics().unmadeRollups.isEmpty)
        let windows = first.statistics().rollupBuckets
        #expect(windows > 0)
        try first.snapshot()
        disk.crash()

        let other = try open([600])
        #expect(other.statistics().unmadeRollups == [.seconds(300), .seconds(3600)])
        #expect(other.statistics().rollupBuckets == windows)
        try other.snapshot()
        disk.crash()
        let back = try open([300, 3600])
        #expect(back.statistics().rollupBuckets == windows)
        #expect(back.statistics().unmadeRollups.isEmpty)
        disk.crash()
        let late = try open([600])
        try late.maintain(now: at(80 * 86_400))
        #expect(late.statistics().rollupBuckets >= windows)
        try late.maintain(now: at(92 * 86_400))
        #expect(late.statistics().rollupBuckets == 0)
        disk.crash()
        // Who names none wants none.
        #expect(try open([]).statistics().rollupBuckets == 0)
    }

    @Test func `series that live shorter than an hour leave no rollups`() throws {
        let store = try Store(
            disk: SimulatedDisk(), configuration: StoreConfiguration(retention: .seconds(600)), now: at(0))
        for round in 0..<40 {
            let batch = (0..<100).map { number in
                SeriesSamples(
                    labels: Labels(["__name__": "pod", "name": "\(round)-\(number)"]),
                    samples: (0..<20).map { Sample(at(round * 300 + 15 * $0), Double($0)) })
            }
            _ = store.append(batch)
            try store.maintain(now: at(round * 300 + 300))
        }

        #expect(store.statistics().rollupBuckets == 0)
        #expect(store.statistics().series < 500)
    }

    @Test(arguments: RollupFixture.Way.allCases)
    func `a pass over more windows than one block takes keeps all of them for all functions`(
        _ way: RollupFixture.Way
    ) async throws {
        let disk = SimulatedDisk()
        let configuration = StoreConfiguration(retention: .seconds(7200))
        var store = try Store(disk: disk, configuration: configuration, now: at(0))
        // Twenty days of windows of five minutes, a sample each.
        let count = 20 * 288
        if way == .table {
            let table = try store.openTable(
                target: Labels(["job": "j"]), columns: [Labels(["__name__": "x"])])
            for step in 1...count { _ = store.append(table, at: at(300 * step), row: [Double(step % 7)]) }
        } else {
            let samples = (1...count).map { Sample(at(300 * $0), Double($0 % 7)) }
            _ = store.append([SeriesSamples(labels: Labels(["__name__": "x", "job": "j"]), samples: samples)])
        }
        let now = at(300 * count)
        try store.maintain(now: now)
        #expect(store.statistics().samples < 300)

        for round in 0..<2 {
            for text in [
                "avg_over_time(x[1h])", "x", "quantile_over_time(1, x[1h])", "stddev_over_time(x[1d])",
            ] {
                let result = try await LocalEngine(source: store).evaluate(
                    try Expression.parse(text),
                    over: EvaluationRange(start: at(86_400), end: at(19 * 86_400), step: .seconds(6 * 3600)),
                    limits: QueryLimits())
                guard case .matrix(let rows) = result.value else { continue }
                let samples = try #require(rows.first, "\(text) round \(round)").samples
                #expect(samples.count == 4 * 18 + 1, "\(text) round \(round)")
                guard text.hasPrefix("avg") else { continue }
                for sample in samples {
                    let last = Int(sample.timestamp.milliseconds / 300_000)
                    let expected = Double((last - 11...last).reduce(0) { $0 + $1 % 7 }) / 12
                    #expect(abs(sample.value - expected) < 1e-9)
                }
            }
            try store.snapshot()
            disk.crash()
            store = try Store(disk: disk, configuration: configuration, now: now)
        }
    }

    @Test func `a damaged rollup file costs what it holds and no sample`() async throws {
        var fixture = try RollupFixture(StoreConfiguration(retention: .seconds(7200)))
        try fixture.fill(0..<30)
        try fixture.store.snapshot()
        let names = fixture.disk.list("snapshots").filter { $0.hasPrefix("rollups-300000") }
        let name = try #require(names.first)
        var contents = fixture.disk.contents("snapshots/" + name) ?? []
        contents[contents.count / 2] ^= 1
        fixture.disk.setContents("snapshots/" + name, contents)

        try fixture.reopen(crashing: false, now: 30)

        #expect(!fixture.store.statistics().damage.isEmpty)
        let counts = try await fixture.values("count_over_time(gauge[1h])", from: 29, to: 30, step: 1)
        #expect(counts.values.first?.values.sorted() == [240, 240])
    }

    @Test
    func `series that live on in other tables of their target leave windows, those that do not leave none`()
        async throws
    {
        let fixture = try RollupFixture(StoreConfiguration(retention: .seconds(5400)))
        for number in 0..<7 {
            let table = try fixture.store.openTable(
                target: RollupFixture.target, columns: ["short\(number)", "steady"].map(RollupFixture.column))
            for row in 0..<200 {
                let second = 15 * (200 * number + row + 1)
                let time = RollupFixture.time(hours: Double(second) / 3600)
                _ = fixture.store.append(table, at: time, row: [1, Double(row)])
                if row % 40 == 39 { try fixture.store.maintain(now: time) }
            }
        }

        let counts = try await fixture.values(
            "count_over_time({__name__=~\"steady|short.\"}[9h])", from: 6, to: 6, step: 1)
        let found = counts.values.flatMap(\.values).sorted()
        #expect(found.last == 1400)
        // Two that have all of their samples, and one of which some are left.
        #expect(found.count(where: { $0 == 200 }) <= 2)
        #expect(found.count <= 4, "\(found)")
    }
}
