import Journal
import PromQL
import Testing
import TimeSeries

@testable import Storage

/// Deleting series as Prometheus' admin API does, and copies of a store.
@Suite struct DeletionTests {
    private let gauge = [[Matcher(equal: "__name__", "gauge")]]

    private func hours(_ from: Double, _ to: Double) -> ClosedRange<Timestamp> {
        RollupFixture.time(hours: from)...RollupFixture.time(hours: to)
    }

    private func count(_ fixture: RollupFixture, _ name: String) async throws -> Int {
        try await select(fixture.store, [Matcher(equal: "__name__", name)]).reduce(0) { $0 + $1.values.count }
    }

    @Test(arguments: RollupFixture.Way.allCases)
    func `deleted samples are gone at once, after a crash, a snapshot and a cleaning`(
        _ way: RollupFixture.Way
    ) async throws {
        var fixture = try RollupFixture(StoreConfiguration())
        try fixture.fill(0..<6, way)
        let before = try await count(fixture, "gauge")

        try fixture.store.delete(gauge, in: hours(2, 3.5))

        let left = before - 361
        #expect(try await count(fixture, "gauge") == left)
        #expect(try await count(fixture, "constant") == before)
        for round in 0..<4 {
            if round == 1 { try fixture.store.snapshot() }
            if round == 2 {
                try fixture.store.removeDeleted()
                #expect(fixture.store.statistics().tombstones == 0)
            }
            try fixture.reopen(crashing: round != 3, now: 6)
            #expect(try await count(fixture, "gauge") == left, "round \(round)")
            #expect(try await count(fixture, "constant") == before, "round \(round)")
            #expect(fixture.store.statistics().damage.isEmpty)
        }
    }

    /// How a deletion that was refused at first becomes durable.
    enum Settlement: CaseIterable { case sync, snapshot, again, never }

    @Test(arguments: Settlement.allCases)
    func `a deletion that the disk refuses hides nothing before it is durable`(_ way: Settlement) async throws
    {
        let disk = SimulatedDisk()
        let store = try Store(disk: disk, now: at(0))
        let series = ["a", "b"].map { name in
            SeriesSamples(
                labels: Labels(["__name__": name]), samples: (0..<100).map { Sample(at($0), 1) })
        }
        _ = store.append(series)
        try store.sync()
        let sets = [[Matcher(equal: "__name__", "a")]]
        let range = at(0)...at(1000)
        disk.failSynchronization()

        #expect(throws: LogError.self) { try store.delete(sets, in: range) }
        #expect(throws: LogError.self) { try store.delete(sets, in: range) }
        #expect(try await select(store, []).count == 2)
        #expect(store.statistics().tombstones == 0)

        disk.heal()
        switch way {
        case .sync: try store.sync()
        case .snapshot: try store.snapshot()
        case .again: try store.delete(sets, in: range)
        case .never: break
        }
        let left = way == .never ? 2 : 1
        #expect(try await select(store, []).count == left)
        disk.crash()
        #expect(try await select(try Store(disk: disk, now: at(0)), []).count == left)
    }

    @Test func `a series of which nothing is left is none any more once it was cleaned`() async throws {
        let disk = SimulatedDisk()
        let store = try Store(disk: disk, now: at(0))
        func push(_ name: String, _ second: Int) -> AppendReport {
            store.append([
                SeriesSamples(labels: Labels(["__name__": name]), samples: [Sample(at(second), 1)])
            ])
        }
        for name in ["a", "b", "c"] { _ = push(name, 0) }

        try store.delete([[Matcher(equal: "__name__", "b")]], in: at(0)...at(10))
        try store.removeDeleted()

        #expect(store.statistics().series == 2)
        // It may come again.
        #expect(push("b", 20).accepted == 1)
        try store.sync()
        disk.crash()
        let reopened = try Store(disk: disk, now: at(0))
        #expect(reopened.statistics().series == 3 && reopened.statistics().samples == 3)
    }

    @Test func `buckets with deleted samples count no more`() async throws {
        let fixture = try RollupFixture(StoreConfiguration(retention: .seconds(7200)))
        try fixture.fill(0..<10)

        try fixture.store.delete(gauge, in: hours(2, 2.5))

        for cleans in [false, true] {
            if cleans { try fixture.store.removeDeleted() }
            let counts = try await fixture.values(
                "count_over_time(gauge[5m])", from: 1, to: 4, step: 1.0 / 12)
            let times = counts.values.first?.keys.sorted() ?? []
            let gone = (0...6).map { RollupFixture.time(hours: 2 + Double($0) / 12).milliseconds }
            #expect(Set(times).isDisjoint(with: gone), "cleaned: \(cleans)")
            #expect(times.count == 37 - 7)
        }
    }

    @Test func `what comes after a deletion is not deleted`() async throws {
        let fixture = try RollupFixture(StoreConfiguration())
        try fixture.fill(0..<1)
        try fixture.store.delete(gauge, in: .distantPast ... .distantFuture)
        #expect(try await count(fixture, "gauge") == 0)

        try fixture.fill(1..<2)

        #expect(try await count(fixture, "gauge") == 240)
        try fixture.store.removeDeleted()
        #expect(try await count(fixture, "gauge") == 240)
    }

    @Test func `what comes after a deletion is not deleted, though others are ahead of it`() async throws {
        let disk = SimulatedDisk()
        let store = try Store(disk: disk, now: at(1000))
        func append(_ name: String, _ seconds: Range<Int>) {
            let samples = seconds.map { Sample(at($0), Double($0)) }
            _ = store.append([SeriesSamples(labels: Labels(["__name__": name]), samples: samples)])
        }
        let table = try store.openTable(
            target: Labels(["host": "a"]), columns: [Labels(["__name__": "scraped"])])
        append("ahead", 1200..<1201)
        append("pushed", 900..<940)
        for second in 900..<1000 { _ = store.append(table, at: at(second), row: [1]) }
        let names = ["pushed", "scraped"]
        try store.delete(names.map { [Matcher(equal: "__name__", $0)] }, in: at(0)...at(5000))

        // A sender that lags, as all do, and a clock that was ahead.
        append("pushed", 940..<950)
        for second in 1000..<1020 { _ = store.append(table, at: at(second), row: [1]) }
        try store.sync()

        let left = ["pushed": 10, "scraped": 20]
        func counts(_ store: Store) async throws -> [String: Int] {
            var counts: [String: Int] = [:]
            for name in names {
                let series = try await select(store, [Matcher(equal: "__name__", name)])
                counts[name] = series.reduce(0) { $0 + $1.values.count }
            }
            return counts
        }
        #expect(try await counts(store) == left)
        disk.crash()
        let reopened = try Store(disk: disk, now: at(1020))
        #expect(try await counts(reopened) == left)
        try reopened.removeDeleted()
        #expect(try await counts(reopened) == left)
    }

    /// How samples come into the range of a deletion.
    enum Arrival: CaseIterable { case batch, handles, row, newSeries }

    @Test(arguments: Arrival.allCases)
    func `what comes into the range of a deletion later stays, and nothing else comes back`(
        _ way: Arrival
    ) async throws {
        let disk = SimulatedDisk()
        let store = try Store(disk: disk, now: at(1000))
        let labels = ["a", "b"].map { Labels(["__name__": "m", "id": $0]) }
        var handles: [UInt32] = []
        let batch = labels.map { one in
            SeriesSamples(labels: one, samples: (400..<600).map { Sample(at($0), 1) })
        }
        _ = store.append(SampleBatch(batch), handles: &handles)
        let all = [[Matcher(equal: "__name__", "m")]]
        try store.snapshot()
        try store.delete(all, in: at(0)...at(5000))
        #expect(try await select(store, []).isEmpty)

        var expected = labels[0]
        switch way {
        case .batch:
            _ = store.append([SeriesSamples(labels: expected, samples: [Sample(at(500), 7)])])
        case .handles:
            let sample = KnownSamples(handles: [handles[0]], ends: [1], samples: [Sample(at(500), 7)])
            // Its series is gone with all of its samples: the sender's labels are read again.
            #expect(store.append(sample) == nil)
            _ = store.append([SeriesSamples(labels: expected, samples: [Sample(at(500), 7)])])
        case .row:
            expected = Labels(["__name__": "m", "host": "x"])
            let table = try store.openTable(
                target: Labels(["host": "x"]), columns: [Labels(["__name__": "m"])])
            _ = store.append(table, at: at(500), row: [7])
        case .newSeries:
            expected = Labels(["__name__": "m", "id": "c"])
            _ = store.append([SeriesSamples(labels: expected, samples: [Sample(at(500), 7)])])
        }
        try store.sync()

        var current = store
        for round in 0..<4 {
            let found = try await select(current, [])
            #expect(found.map(\.labels) == [expected], "round \(round)")
            #expect(found.first?.values == [7], "round \(round)")
            #expect(current.statistics().tombstones == 0)
            if round == 1 { try current.snapshot() }
            if round == 2 { try current.removeDeleted() }
            disk.crash()
            current = try Store(disk: disk, now: at(1000))
        }
    }

    @Test func `series of which all is deleted are not listed`() async throws {
        let fixture = try RollupFixture(StoreConfiguration())
        try fixture.fill(0..<2)
        let store = fixture.store
        let all = hours(0, 2)
        #expect(try await store.labelValues("__name__", [], in: all).contains("gauge"))

        try store.delete(gauge, in: .distantPast ... .distantFuture)

        #expect(try await store.series(gauge, in: all).isEmpty)
        #expect(try await !store.labelValues("__name__", [], in: all).contains("gauge"))
        #expect(try await store.series([], in: all).count == RollupFixture.names.count - 1)
    }

    @Test func `after a cleaning no file holds what was deleted`() async throws {
        let secret = Double(bitPattern: 0x4123_4567_89ab_cdef)
        let fixture = try RollupFixture(StoreConfiguration())
        let labels = Labels(["__name__": "secret"])
        for row in 0..<600 {
            let time = RollupFixture.time(hours: Double(row) / 240)
            _ = fixture.store.append([
                SeriesSamples(labels: labels, samples: [Sample(time, row == 300 ? secret : 1)])
            ])
        }
        try fixture.store.snapshot()
        try fixture.store.snapshot()

        try fixture.store.delete([[Matcher(equal: "__name__", "secret")]], in: hours(1.2, 1.3))
        try fixture.store.removeDeleted()

        let chunks = fixture.disk.list("snapshots").filter { $0.hasPrefix("chunks-") }
        #expect(chunks.count == 1)
        #expect(fixture.disk.list("snapshots").filter { $0.hasPrefix("manifest-") }.count == 2)
        #expect(fixture.disk.list("log").count <= 1)
        #expect(try await count(fixture, "secret") == 600 - 25)
    }

    @Test(arguments: RollupFixture.Way.allCases)
    func `a cleaning of what was prepared before later appends is one of all of it`(
        _ way: RollupFixture.Way
    ) async throws {
        var fixture = try RollupFixture(StoreConfiguration())
        try fixture.fill(0..<6, way)
        let constant = [[Matcher(equal: "__name__", "constant")]]
        try fixture.store.delete(gauge, in: hours(2, 5.99))
        var times = 0
        try fixture.store.removeDeleted {
            times += 1
            // Only this one has it begin anew.
            if times == 1 { try fixture.store.delete(constant, in: hours(0, 1)) }
            if times == 2 { try fixture.fill(6..<8, way) }
        }
        #expect(times == 2)
        #expect(fixture.store.statistics().tombstones == 0)
        try fixture.store.delete(constant, in: hours(7, 8))
        try fixture.store.removeDeleted()

        for round in 0..<3 {
            #expect(fixture.store.statistics().tombstones == 0, "round \(round)")
            #expect(try await count(fixture, "gauge") == 8 * 240 - 958, "round \(round)")
            #expect(try await count(fixture, "constant") == 8 * 240 - 241 - 240, "round \(round)")
            #expect(try await count(fixture, "negative") == 8 * 240, "round \(round)")
            if round == 1 { try fixture.store.snapshot() }
            try fixture.reopen(now: 8)
        }
    }

    @Test(arguments: RollupFixture.Way.allCases)
    func `windows made while deleted samples go do not bring them back`(
        _ way: RollupFixture.Way
    ) async throws {
        let fixture = try RollupFixture(StoreConfiguration())
        try fixture.fill(0..<4, way, maintaining: false)
        try fixture.store.delete(gauge, in: hours(1, 2))
        var failure: (any Error)?
        var times = 0

        fixture.store.rollUp {
            times += 1
            guard times == 1 else { return }
            do {
                try fixture.store.removeDeleted()
            } catch {
                failure = error
            }
        }

        #expect(failure == nil && times == 2)
        #expect(fixture.store.statistics().tombstones == 0)
        #expect(fixture.store.statistics().rollupBuckets > 0)
        let counts = try await fixture.values("count_over_time(gauge[1h])", from: 2, to: 3, step: 1)
        #expect(counts.values.map(\.values.count) == [1])
        #expect(counts.values.first?[RollupFixture.time(hours: 3).milliseconds] == 240)
    }

    @Test func `a deletion that becomes durable behind a cleaning takes nothing that came later`()
        async throws
    {
        let columns = (0..<8).map { Labels(["__name__": "m\($0)"]) }
        // Most cells stand still, so that the log does not say them again.
        let row = { (step: Int) in columns.indices.map { $0 == 0 ? Double(step) : 7 } }
        for call in 1...40 {
            let disk = SimulatedDisk()
            let store = try Store(disk: disk, now: at(0))
            let table = try store.openTable(target: Labels(["job": "a"]), columns: columns)
            for step in 0..<10 { _ = store.append(table, at: at(step), row: row(step)) }
            try store.sync()
            try store.delete([[Matcher(equal: "__name__", "m1")]], in: at(0)...at(9))
            var times = 0
            try? store.removeDeleted {
                times += 1
                guard times == 1 else { return }
                disk.failSynchronization()
                try? store.delete([[Matcher(equal: "__name__", "m2")]], in: at(0)...at(9))
                disk.heal()
                disk.failCall(call, lasts: true)
            }
            disk.heal()
            for step in 10..<14 { _ = store.append(table, at: at(step), row: row(step)) }
            try store.sync()
            let before = try await select(store, [])

            disk.crash()

            let after = try await select(try Store(disk: disk, now: at(0)), [])
            #expect(before.map(\.values.count) == [14, 4, 4, 14, 14, 14, 14, 14], "call \(call)")
            #expect(after.map(\.values) == before.map(\.values), "call \(call)")
        }
    }

    @Test func `what was deleted of the raw tail and of late samples is gone too`() async throws {
        let store = try Store(disk: SimulatedDisk(), now: at(0))
        let name = Labels(["__name__": "a"])
        for second in [0, 10, 20, 30, 40, 5, 15, 25] {
            _ = store.append([SeriesSamples(labels: name, samples: [Sample(at(second), Double(second))])])
        }
        try store.delete([[Matcher(equal: "__name__", "a")]], in: at(10)...at(25))

        try store.removeDeleted()

        #expect(try await select(store, []).map(\.values) == [[0, 5, 30, 40]])
        _ = store.append([SeriesSamples(labels: name, samples: [Sample(at(50), 50)])])
        #expect(try await select(store, []).map(\.values) == [[0, 5, 30, 40, 50]])
    }

    @Test func `a copy opens as a store with the same samples and rollups`() async throws {
        let fixture = try RollupFixture(StoreConfiguration(retention: .seconds(7200)))
        try fixture.fill(0..<10)
        try fixture.store.snapshot()
        let single = SeriesSamples(
            labels: Labels(["__name__": "single"]), samples: [Sample(RollupFixture.time(hours: 10), 1)])
        _ = fixture.store.append([single])
        let (whole, sealed) = (SimulatedDisk(), SimulatedDisk())

        try fixture.store.copy(to: whole)
        try fixture.store.copy(to: sealed, sealedOnly: true)

        let now = RollupFixture.time(hours: 10)
        let copy = try Store(disk: whole, configuration: fixture.configuration, now: now)
        let (a, b) = (fixture.store.statistics(), copy.statistics())
        #expect(a.samples == b.samples && a.rollupBuckets == b.rollupBuckets && a.series == b.series)
        let short = try Store(disk: sealed, configuration: fixture.configuration, now: now)
        #expect(short.statistics().samples > 0 && short.statistics().samples < a.samples)
    }

    @Test func `with policy none too a deletion is durable when it is told`() async throws {
        let disk = SimulatedDisk()
        let configuration = StoreConfiguration(sync: .none)
        let store = try Store(disk: disk, configuration: configuration, now: at(0))
        let samples = (0..<10).map { Sample(at($0), 1) }
        _ = store.append([SeriesSamples(labels: Labels(["__name__": "m"]), samples: samples)])
        try store.snapshot()
        try store.delete([[Matcher(equal: "__name__", "m")]], in: at(0)...at(100))

        disk.crash()

        let found = try await select(try Store(disk: disk, configuration: configuration, now: at(0)), [])
        #expect(found.allSatisfy { $0.values.isEmpty })
    }
}
