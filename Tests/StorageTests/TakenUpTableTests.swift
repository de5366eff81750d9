import Journal
import Storage
import Testing
import TimeSeries

/// Tables that go on after a restart, though lines came, went or moved meanwhile.
@Suite struct TakenUpTableTests {
    private let target = Labels(["job": "node", "instance": "a:9100"])
    private let disk = SimulatedDisk()

    private func column(_ number: Int) -> Labels { Labels(["__name__": "m\(number)"]) }

    private func open(series limit: Int = 1000) throws -> Store {
        try Store(disk: disk, configuration: configuration(limit), now: at(0))
    }

    private func configuration(_ limit: Int) -> StoreConfiguration {
        var configuration = StoreConfiguration(rollups: [])
        configuration.limits.series = limit
        return configuration
    }

    private func append(_ store: Store, _ table: TableID, _ numbers: [Int], at step: Int) -> AppendReport {
        store.append(table, at: at(step), row: numbers.map { Double(1000 * step + $0) })
    }

    /// Leaves the scrape of twenty series behind.
    private func crashAfterOneScrape() throws {
        let store = try open()
        let table = try store.openTable(target: target, columns: (0..<20).map(column))
        _ = append(store, table, Array(0..<20), at: 0)
        try store.sync()
        disk.crash()
    }

    /// What each series has, by its number: the steps. Fails where a value is another's.
    private func steps(_ store: Store) async throws -> [Int: [Int]] {
        var found: [Int: [Int]] = [:]
        for series in try await select(store, []) {
            let number = try #require(Int(series.labels.metricName.dropFirst()))
            let steps = series.times.milliseconds.map { Int($0 / 1000) }
            #expect(series.values == steps.map { Double(1000 * $0 + number) }, "m\(number)")
            #expect(found.updateValue(steps, forKey: number) == nil, "m\(number) is there twice")
        }
        return found
    }

    @Test func `restarts with other lines go on with the table of before`() async throws {
        var random = SplitMix(seed: 3)
        var expected: [Int: [Int]] = [:]
        var step = 0
        for round in 0..<8 {
            let store = try open()
            // Some of the lines of before, one that is new, in another order.
            let numbers = (Array(0..<20).filter { $0 != round } + [100 + round]).shuffled(using: &random)
            let more = [200 + round, round]
            let table = try store.openTable(target: target, columns: numbers.map(column))
            for _ in 0..<30 {
                #expect(append(store, table, numbers, at: step).accepted == 20)
                for number in numbers { expected[number, default: []].append(step) }
                step += 1
            }
            try store.extendTable(table, columns: more.map(column))
            for _ in 0..<3 {
                #expect(append(store, table, numbers + more, at: step).accepted == 22)
                for number in numbers + more { expected[number, default: []].append(step) }
                step += 1
            }
            #expect(try await steps(store) == expected)
            #expect(store.statistics().series == expected.count)
            #expect(store.statistics().tables == 1)
            if round % 3 == 1 { try store.snapshot() } else { try store.sync() }
            if round % 2 == 0 { disk.crash() } else { disk.kill() }
        }
        #expect(try await steps(try open()) == expected)
        // A target like it has the columns for itself.
        let store = try open()
        let other = try store.openTable(target: Labels(["job": "other"]), columns: [column(1), column(0)])
        #expect(append(store, other, [1, 0], at: step).accepted == 2)
        #expect(store.statistics().tables == 2)
    }

    @Test func `a target that is down at the restart finds its series when it comes back`() async throws {
        let first = try open()
        let report = Array(0..<5)
        let lines = Array(5..<200)
        let table = try first.openTable(target: target, columns: (report + lines).map(column))
        _ = append(first, table, report + lines, at: 0)
        try first.sync()
        disk.crash()

        let second = try open()
        let again = try second.openTable(target: target, columns: report.map(column))
        _ = append(second, again, report, at: 1)
        let moved = Array(lines.reversed().dropLast(3)) + [300]
        try second.extendTable(again, columns: moved.map(column))
        _ = append(second, again, report + moved, at: 2)

        #expect(second.statistics().series == 201)
        #expect(second.statistics().tables == 1)
        let found = try await steps(second)
        #expect(found[0] == [0, 1, 2] && found[7] == [0] && found[199] == [0, 2] && found[300] == [2])
    }

    @Test func `at the limit of series those that are there go on, and others come when there is room`()
        async throws
    {
        try crashAfterOneScrape()

        let second = try open(series: 20)
        let numbers = [50] + (0..<20).reversed()
        let again = try second.openTable(target: target, columns: numbers.map(column))
        let report = append(second, again, numbers, at: 1)
        #expect(report.accepted == 20 && report.limited == 1)
        #expect(report.refusal?.contains("limit of 20 series") == true)
        #expect(throws: SinkError.seriesLimit(limit: 20)) {
            try second.extendTable(again, columns: [column(51)])
        }
        #expect(append(second, again, numbers, at: 2).accepted == 20)
        second.apply(StoreConfiguration())
        #expect(append(second, again, numbers, at: 3).accepted == 21)
        try second.sync()
        disk.crash()

        let found = try await steps(try open())
        #expect(found[50] == [3] && found[0] == [0, 1, 2, 3])
        #expect(found.count == 21)
    }

    @Test func `a table of mostly other lines, or one that is open, is not taken up`() throws {
        let store = try open()
        let table = try store.openTable(target: target, columns: (0..<20).map(column))
        _ = append(store, table, Array(0..<20), at: 0)
        #expect(try store.openTable(target: target, columns: (1..<21).map(column)) != table)
        let other = Labels(["job": "other"])
        let closed = try store.openTable(target: other, columns: (0..<20).map(column))
        _ = append(store, closed, Array(0..<20), at: 0)
        store.closeTable(closed)
        #expect(try store.openTable(target: other, columns: (15..<40).map(column)) != closed)
    }

    @Test func `only what is new of a table that takes the place of another counts, and needs room`()
        async throws
    {
        try crashAfterOneScrape()

        // Six of them are there: 14 are new.
        let numbers = Array(14..<34)
        let roomy = try Store(disk: disk.durableCopy(), configuration: configuration(34), now: at(0))
        let next = try roomy.openTable(target: target, columns: numbers.map(column))
        #expect(append(roomy, next, numbers, at: 1).accepted == 20)
        #expect(roomy.statistics().tables == 2 && roomy.statistics().series == 34)
        #expect(roomy.statistics().rejectedSamples == 0)
        #expect(throws: SinkError.seriesLimit(limit: 34)) {
            try roomy.extendTable(next, columns: [column(60)])
        }
        // What the first one has is not new.
        try roomy.extendTable(next, columns: [column(3)])
        #expect(roomy.statistics().series == 34)
        // With the first table its series go, and count with the second.
        try roomy.sync()
        try roomy.maintain(now: at(16 * 86_400))
        #expect(roomy.statistics().series == 21)

        let full = try open(series: 33)
        let again = try full.openTable(target: target, columns: numbers.map(column))
        let report = append(full, again, numbers, at: 1)
        #expect(report.accepted == 6 && report.limited == 14)
        #expect(full.statistics().tables == 1 && full.statistics().series == 20)
        #expect(throws: SinkError.seriesLimit(limit: 33)) {
            try full.openTable(target: Labels(["job": "other"]), columns: numbers.map(column))
        }
    }

    @Test func `a target above its own limit goes on after a restart with what is known`() async throws {
        try crashAfterOneScrape()

        var configuration = configuration(1000)
        configuration.limits.seriesPerTarget = 20
        let second = try Store(disk: disk, configuration: configuration, now: at(0))
        let numbers = Array(0..<21)
        let again = try second.openTable(target: target, columns: numbers.map(column))
        let report = append(second, again, numbers, at: 1)
        #expect(report.accepted == 20 && report.limited == 1)
        #expect(report.refusal?.contains("20") == true)
        #expect(second.statistics().tables == 1)
        #expect(throws: SinkError.targetSeriesLimit(limit: 20)) {
            try second.extendTable(again, columns: [column(30)])
        }
        #expect(append(second, again, numbers, at: 2).accepted == 20)
    }

    @Test func `start timestamps stay with their series`() async throws {
        let first = try open()
        let table = try first.openTable(target: target, columns: (0..<3).map(column))
        _ = append(first, table, [0, 1, 2], at: 10)
        try first.sync()
        disk.crash()

        let second = try open()
        let again = try second.openTable(target: target, columns: [2, 0, 1].map(column))
        _ = append(second, again, [2, 0, 1], at: 11)
        second.append(again, at: at(11), starts: [ColumnStart(column: 0, start: at(5))])
        let series = try await select(second, [Matcher(equal: "__name__", "m2")])
        #expect(series.first?.startTimes == [0, 5000])
    }
}
