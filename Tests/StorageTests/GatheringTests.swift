import Journal
import Storage
import Testing
import TimeSeries

/// An import, which comes series by series, is kept as the scrapes that it came from.
@Suite struct GatheringTests {
    private static let rows = 300

    private func open(_ disk: SimulatedDisk) throws -> Store {
        try Store(disk: disk, configuration: .unbounded, now: Timestamp(milliseconds: 0))
    }

    private func labels(_ target: String, _ number: Int) -> Labels {
        Labels([
            "__name__": number % 3 == 0 ? "a_seconds_total" : "b", "job": "j", "instance": target,
            "number": "\(number)", "text": "é\(number % 4)",
        ])
    }

    /// Odd numbers lack some of the times, each ninth series only comes late.
    private func samples(_ number: Int, shift: Int64) -> [Sample] {
        (0..<Self.rows).compactMap { row in
            if number % 2 == 1, row % 50 == number % 50 { return nil }
            if number % 9 == 0, row < 200 { return nil }
            let value = row == 77 ? Marker.stale : Double(number) + Double(row) / 4
            return Sample(Timestamp(milliseconds: Int64(row) * 5000 + shift), value)
        }
    }

    private func fill(_ store: Store, _ numbers: Range<Int> = 0..<60) -> AppendReport {
        var report = AppendReport()
        for (target, shift) in [("one", 0), ("two", 17)] {
            for number in numbers {
                let run = store.unknown(
                    SeriesSamples(
                        labels: labels(target, number), samples: samples(number, shift: Int64(shift))),
                    &report)
                let appended = store.append([run])
                report.accepted += appended.accepted
                report.repeated += appended.repeated
                report.duplicate += appended.duplicate
            }
        }
        return report
    }

    private func contents(_ store: Store) async throws -> [Labels: [Sample]] {
        var found: [Labels: [Sample]] = [:]
        for series in try await select(store, []) {
            #expect(found[series.labels] == nil)
            found[series.labels] = zip(series.times.milliseconds, series.values).map {
                Sample(Timestamp(milliseconds: $0), $1)
            }
        }
        return found
    }

    private func isSame(_ a: [Labels: [Sample]], _ b: [Labels: [Sample]]) -> Bool {
        a.count == b.count
            && a.allSatisfy { labels, samples in
                guard let others = b[labels], others.count == samples.count else { return false }
                return zip(samples, others).allSatisfy {
                    $0.timestamp == $1.timestamp && $0.value.bitPattern == $1.value.bitPattern
                }
            }
    }

    @Test func `series of one target become a table, and no sample changes`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        let report = fill(store)
        let before = try await contents(store)
        #expect(before.count == 120 && before.values.reduce(0) { $0 + $1.count } == report.accepted)
        let alone = SimulatedDisk()
        let copy = try open(alone)
        _ = fill(copy)
        try copy.snapshot()

        try store.gather()

        #expect(store.statistics().tables == 2 && store.statistics().layouts == 1)
        #expect(store.statistics().series == 120)
        #expect(try await isSame(contents(store), before))
        #expect(store.statistics().diskBytes < copy.statistics().diskBytes * 3 / 4)
        disk.crash()
        let again = try open(disk)
        #expect(again.statistics().tables == 2 && again.statistics().losses.isEmpty)
        #expect(try await isSame(contents(again), before))
        #expect(try StoreVerification.run(disk).isIntact)
    }

    @Test func `chunks of an import take fewer bytes than those of a service`() throws {
        func stored(dense: Bool) throws -> Int {
            let disk = SimulatedDisk()
            let store = try open(disk)
            _ = fill(store)
            try store.snapshot(isDense: dense)
            let path = try #require(disk.paths.first { $0.contains("/chunks-") })
            // The stored length of the first frame.
            return try #require(disk.contents(path))[48..<52].reversed().reduce(0) { $0 << 8 | Int($1) }
        }

        #expect(try stored(dense: true) < stored(dense: false))
    }

    @Test func `what tables have is known when it comes again, and more is added to it`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        let first = fill(store)
        try store.gather()
        let before = try await contents(store)

        let again = fill(store)
        #expect(again.accepted == 0 && again.repeated == first.accepted && again.duplicate == 0)
        var report = AppendReport()
        let other = store.unknown(
            SeriesSamples(labels: labels("one", 2), samples: [Sample(at(0), -1), Sample(at(3), 4)]), &report)
        #expect(report.duplicate == 1 && other.samples == [Sample(at(3), 4)])
        #expect(store.append([other]).accepted == 1)
        try store.gather()

        var expected = before
        expected[labels("one", 2)]?.insert(Sample(at(3), 4), at: 1)
        #expect(try await isSame(contents(store), expected))
        disk.crash()
        #expect(try await isSame(contents(try open(disk)), expected))
    }

    @Test func `series that share no times stay single, as those with histograms do`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        let histogram = FloatHistogram(
            schema: 0, count: 3, sum: 4.5, positiveRuns: [.init(offset: 0, length: 2)],
            positiveBuckets: [1, 2])
        for number in 0..<20 {
            let name = Labels(["__name__": "own", "number": "\(number)"])
            let samples = (0..<30).map {
                Sample(Timestamp(milliseconds: Int64($0 * 1000 + number * 7)), Double($0))
            }
            _ = store.append([SeriesSamples(labels: name, samples: samples)])
        }
        _ = store.append(
            (0..<8).map { number in
                SeriesSamples(
                    labels: Labels(["__name__": "h", "number": "\(number)"]), samples: [],
                    histograms: (0..<5).map { (at($0), histogram) })
            })
        let before = try await contents(store)

        try store.gather()

        #expect(store.statistics().tables == 0)
        #expect(try await isSame(contents(store), before))
        let series = try await select(store, [try Matcher("__name__", .equal, "h")])
        #expect(series.count == 8 && series.allSatisfy { $0.histograms?.count == 5 })
    }

    @Test func `when a counter started goes into the table with it`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        for number in 0..<10 {
            _ = store.append([
                SeriesSamples(
                    labels: labels("one", number), samples: (0..<5).map { Sample(at($0 + 100), Double($0)) },
                    startTimes: (0..<5).map { $0 < 3 ? 50_000 + Int64(number) : 102_500 })
            ])
        }

        try store.gather()
        disk.crash()

        for reader in [store, try open(disk)] {
            #expect(reader.statistics().tables == 1)
            let series = try await select(reader, [])
            #expect(series.count == 10)
            for found in series {
                let number = Int64(found.labels["number"] ?? "") ?? -1
                #expect(found.startTimes == [0, 1, 2].map { _ in 50_000 + number } + [102_500, 102_500])
            }
        }
    }

    @Test func `a service goes on with what was imported`() async throws {
        let disk = SimulatedDisk()
        let importer = try open(disk)
        _ = fill(importer)
        try importer.gather()
        let before = try await contents(importer)
        disk.crash()

        let store = try Store(disk: disk, now: at(1500))
        let target = Labels(["job": "j", "instance": "one"])
        let names = Array(target.pairs.map(\.name))
        let columns = (0..<60).map { labels("one", $0).removing(names) }
        let table = try store.openTable(target: target, columns: columns)
        _ = store.append(table, at: at(1600), row: (0..<60).map { Double($0) })
        try store.maintain(now: at(1601))

        var expected = before
        for number in 0..<60 { expected[labels("one", number)]?.append(Sample(at(1600), Double(number))) }
        #expect(try await isSame(contents(store), expected))
    }

    @Test func `series that were there before an import stay as they are for who pushes to them`()
        async throws
    {
        let disk = SimulatedDisk()
        let store = try open(disk)
        let pushed = (0..<20).map { Labels(["__name__": "p", "job": "j", "instance": "one", "n": "\($0)"]) }
        func push(_ second: Int, _ value: Double) -> AppendReport {
            store.append(pushed.map { SeriesSamples(labels: $0, samples: [Sample(at(second), value)]) })
        }
        for second in 0..<10 { _ = push(second, 1) }
        let mark = store.seriesMark

        _ = fill(store)
        try store.gather(from: mark)

        #expect(store.statistics().tables == 2)
        #expect(push(5, 2).duplicate == 20)
        #expect(push(5, 1).repeated == 20)
        #expect(push(10, 1).accepted == 20)
        #expect(
            try await select(store, [Matcher(equal: "__name__", "p")]).allSatisfy { $0.values.count == 11 })
    }

    @Test(arguments: [0, 600]) func `what is pushed to imported series is compared with what is there`(
        _ window: Int
    ) async throws {
        let disk = SimulatedDisk()
        let importer = try open(disk)
        _ = fill(importer)
        try importer.gather()
        let before = importer.statistics(limit: 0)
        disk.crash()
        var store = try Store(
            disk: disk, configuration: StoreConfiguration(outOfOrderWindow: .seconds(window)), now: at(1500))

        // New series to the store, then known ones.
        let first = fill(store)
        #expect(first.accepted == 0 && first.repeated == before.samples && first.duplicate == 0)
        let name = labels("one", 2)
        func push(_ samples: [Sample], _ handles: inout [UInt32]) -> AppendReport {
            let known = KnownSamples(handles: handles, ends: [samples.count], samples: samples)
            if handles.first != nil, let report = store.append(known) { return report }
            return store.append(
                SampleBatch([SeriesSamples(labels: name, samples: samples)]), handles: &handles)
        }
        var handles: [UInt32] = []
        for round in 0..<3 {
            if round == 2 {
                try store.sync()
                disk.crash()
                store = try Store(
                    disk: disk, configuration: StoreConfiguration(outOfOrderWindow: .seconds(window)),
                    now: at(1500))
                handles = []
            }
            let same = push([Sample(at(10), 2.5), Sample(at(15), 2.75), Sample(at(20), -1)], &handles)
            #expect(same.repeated == 2 && same.duplicate == 1 && same.accepted == 0, "\(round)")
        }
        #expect(store.statistics(limit: 0).samples == before.samples)

        // Between what is there and behind it, as of a series of which nothing is known.
        #expect(
            push([Sample(at(12), 7), Sample(at(1495), 76.75), Sample(at(1600), 8)], &handles).accepted
                == 2)
        let values = try #require(
            try await select(store, name.pairs.map { Matcher(equal: $0.name, $0.value) }).first)
        #expect(values.times.milliseconds.count == Self.rows + 2)
        #expect(values.times.milliseconds.contains(12_000) && values.times.milliseconds.last == 1_600_000)
    }

    @Test(arguments: [false, true], [false, true])
    func `what is pushed late is compared with a table that was empty, or not there, as the series came`(
        isOpened: Bool, isMaintained: Bool
    ) throws {
        let store = try Store(disk: SimulatedDisk(), now: at(0))
        let target = Labels(["job": "j"])
        let columns = [Labels(["__name__": "m"])]
        func push(_ second: Int, _ value: Double) -> AppendReport {
            let labels = columns[0].merging(target)
            return store.append([SeriesSamples(labels: labels, samples: [Sample(at(second), value)])])
        }
        if isOpened { _ = try store.openTable(target: target, columns: columns) }
        #expect(push(0, 1).accepted == 1)
        if isMaintained { try store.maintain(now: at(0)) }
        let table = try store.openTable(target: target, columns: columns)
        #expect(store.append(table, at: at(10), row: [5]).accepted == 1)
        if isMaintained { try store.maintain(now: at(10)) }
        #expect(push(20, 1).accepted == 1)

        #expect(push(10, 7).duplicate == 1)
        #expect(push(10, 5).repeated == 1)
        #expect(push(9, 7).accepted == 1)
    }

    @Test func `series of several imports count once`() throws {
        let disk = SimulatedDisk()
        // The newest first, so that none goes on with the table of another.
        for round in (0..<6).reversed() {
            let store = try open(disk)
            let mark = store.seriesMark
            _ = store.append(
                (0..<6).map { number in
                    SeriesSamples(
                        labels: labels("one", number),
                        samples: (0..<50).map { Sample(at(1000 * round + $0), Double($0 * number)) })
                })
            try store.gather(from: mark)
            #expect(store.statistics().tables == 6 - round && store.statistics().series == 6)
            disk.kill()
        }
        #expect(try open(disk).statistics().series == 6)
        let kept = try Store(
            disk: disk, configuration: StoreConfiguration(retention: .seconds(3000), rollups: []),
            now: at(5500))
        #expect(kept.statistics().tables < 6 && kept.statistics().series == 6)
    }
}
