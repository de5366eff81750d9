import Journal
import Storage
import Testing
import TimeSeries

/// One import after the other into the same folder.
@Suite struct RepeatedImportTests {
    private func open(_ disk: SimulatedDisk) throws -> Store {
        try Store(disk: disk, configuration: .unbounded, now: Timestamp(milliseconds: 0))
    }

    private func labels(_ number: Int, _ target: String = "one") -> Labels {
        Labels(["__name__": "m\(number % 5)", "job": "j", "instance": target, "n": "\(number)"])
    }

    /// Ten bits that no transform packs.
    private func value(_ number: Int, _ row: Int) -> Double {
        Double((UInt64(211 * row + number) &* 0x9e37_79b9_7f4a_7c15) >> 54)
    }

    /// Rows of series in one import; every seventh series lacks each tenth row.
    private func run(
        _ disk: SimulatedDisk, _ numbers: [Int], _ rows: Range<Int>, target: String = "one",
        start: ((Int) -> Int64)? = nil
    ) throws {
        let store = try open(disk)
        let mark = store.seriesMark
        var report = AppendReport()
        for number in numbers {
            let own = rows.filter { number % 7 != 0 || $0 % 10 != 3 }
            let all = SeriesSamples(
                labels: labels(number, target),
                samples: own.map { Sample(at(15 * $0), value(number, $0)) },
                startTimes: start.map { start in own.map { _ in start(number) } } ?? [])
            let unknown = store.unknown(all, &report)
            if !unknown.samples.isEmpty { _ = store.append([unknown]) }
        }
        try store.sync()
        try store.gather(from: mark)
        disk.crash()
    }

    private func byteCount(_ disk: SimulatedDisk) -> Int {
        disk.paths.reduce(0) { $0 + (disk.contents($1)?.count ?? 0) }
    }

    /// Whether the store has exactly these rows of the series.
    private func check(_ disk: SimulatedDisk, _ rows: [Int: Range<Int>], target: String = "one") async throws
    {
        let series = try await select(try open(disk), [Matcher(equal: "instance", target)])
        #expect(series.count == rows.count)
        for found in series {
            let number = try #require(found.labels["n"].flatMap { Int($0) })
            let own = try #require(rows[number]).filter { number % 7 != 0 || $0 % 10 != 3 }
            #expect(found.times.milliseconds == own.map { Int64(15_000 * $0) }, "\(number)")
            #expect(found.values == own.map { value(number, $0) }, "\(number)")
        }
        #expect(try StoreVerification.run(disk).isIntact)
    }

    @Test(arguments: [100, 500]) func `an import that adds nothing changes no file`(rows: Int) async throws {
        let disk = SimulatedDisk()
        try run(disk, Array(0..<40), 0..<rows)
        let before = disk.paths.map { ($0, disk.contents($0)) }

        for _ in 0..<2 { try run(disk, Array(0..<40), 0..<rows) }

        let after = disk.paths.map { ($0, disk.contents($0)) }
        #expect(after.map(\.0) == before.map(\.0))
        #expect(zip(after, before).allSatisfy { $0.1 == $1.1 })
    }

    @Test func `an import is in one snapshot, whatever was there before`() async throws {
        let disk = SimulatedDisk()
        try run(disk, Array(0..<400), 0..<20)
        try run(disk, Array(0..<400), 0..<30)

        #expect(disk.paths.filter { $0.contains("/state-") }.count == 1)
        try await check(disk, Dictionary(uniqueKeysWithValues: (0..<400).map { ($0, 0..<30) }))
    }

    @Test func `one that a crash ended before its snapshot is in one the next time`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        for number in 0..<10 {
            _ = store.append([
                SeriesSamples(
                    labels: labels(number),
                    samples: (0..<20).filter { number % 7 != 0 || $0 % 10 != 3 }
                        .map { Sample(at(15 * $0), value(number, $0)) })
            ])
        }
        try store.sync()
        disk.crash()
        #expect(!disk.paths.contains { $0.contains("/state-") })

        try run(disk, Array(0..<10), 0..<20)

        #expect(disk.paths.contains { $0.contains("/state-") })
        try await check(disk, Dictionary(uniqueKeysWithValues: (0..<10).map { ($0, 0..<20) }))
    }

    @Test(arguments: [(48, 12), (130, 5), (600, 2)])
    func `nightly imports of the same series cost about what one does`(
        rows: Int, nights: Int
    ) async throws {
        let numbers = Array(0..<200)
        let disk = SimulatedDisk()
        for night in 0..<nights { try run(disk, numbers, night * rows..<(night + 1) * rows) }
        let once = SimulatedDisk()
        try run(once, numbers, 0..<nights * rows)

        let (many, one) = (try open(disk).statistics(), try open(once).statistics())
        #expect(many.tables == 1 && many.series == 200 && many.samples == one.samples)
        #expect(many.memoryBytes < one.memoryBytes * 3 / 2)
        #expect(byteCount(disk) < byteCount(once) * 8 / 5)
        try await check(
            disk, Dictionary(uniqueKeysWithValues: numbers.map { ($0, 0..<nights * rows) }))
    }

    @Test func `series that come and go stay in the table of those that share their times`() async throws {
        let disk = SimulatedDisk()
        try run(disk, Array(0..<30), 0..<100)
        try run(disk, Array(5..<40), 100..<200)
        try run(disk, Array(0..<40), 200..<300)
        // Overlaps with what is there.
        try run(disk, Array(0..<40), 250..<320)

        #expect(try open(disk).statistics().tables == 1)
        var store = try open(disk)
        #expect(store.statistics().series == 40)
        let rows = try await select(store, [Matcher(equal: "n", "1")])
        #expect(rows.map(\.values) == [((0..<100).map { $0 } + (200..<320)).map { value(1, $0) }])
        let late = try await select(store, [Matcher(equal: "n", "36")])
        #expect(late.map(\.values) == [(100..<320).map { value(36, $0) }])

        // Others of the target go on as well, older ones and such with times between the rows get a table.
        try run(disk, Array(0..<40), 320..<330, target: "two")
        try run(disk, Array(50..<60), 310..<330)
        #expect(try open(disk).statistics().tables == 3)
        try run(disk, Array(0..<60), 330..<340)
        store = try open(disk)
        #expect(store.statistics().tables == 3 && store.statistics().series == 100)
        try await check(
            disk, Dictionary(uniqueKeysWithValues: (0..<40).map { ($0, 320..<330) }), target: "two")
    }

    @Test func `a service's table goes on with an import, raw rows and all`() async throws {
        let disk = SimulatedDisk()
        let service = try Store(disk: disk, now: at(0))
        let target = Labels(["job": "j", "instance": "one"])
        let names = target.pairs.map(\.name)
        let table = try service.openTable(
            target: target, columns: (1..<7).map { labels($0).removing(names) })
        for row in 0..<90 {
            _ = service.append(table, at: at(15 * row), row: (1..<7).map { value($0, row) })
        }
        try service.snapshot()
        disk.crash()

        try run(disk, Array(1..<7), 60..<400)

        #expect(try open(disk).statistics().tables == 1)
        try await check(disk, Dictionary(uniqueKeysWithValues: (1..<7).map { ($0, 0..<400) }))
        let again = try Store(disk: disk, now: at(15 * 400))
        let reopened = try again.openTable(
            target: target, columns: (1..<7).map { labels($0).removing(names) })
        _ = again.append(reopened, at: at(15 * 400), row: (1..<7).map { value($0, 400) })
        try again.sync()
        disk.crash()
        try await check(disk, Dictionary(uniqueKeysWithValues: (1..<7).map { ($0, 0..<401) }))
    }

    @Test func `when a counter started stays with its samples`() async throws {
        let disk = SimulatedDisk()
        try run(disk, Array(1..<6), 10..<20) { 5000 + Int64($0) }
        try run(disk, Array(1..<6), 20..<30) { 5000 + Int64($0) }
        try run(disk, Array(1..<6), 30..<40)
        try run(disk, Array(1..<6), 40..<50) { 500_000 + Int64($0) }

        let store = try open(disk)
        #expect(store.statistics().tables == 1)
        for found in try await select(store, []) {
            let number = try #require(found.labels["n"].flatMap { Int64($0) })
            let starts = [5000 + number, 5000 + number, 0, 500_000 + number]
            #expect(found.startTimes == starts.flatMap { repeatElement($0, count: 10) })
        }
    }
}
