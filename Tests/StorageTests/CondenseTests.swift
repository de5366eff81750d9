import Journal
import Storage
import Testing
import TimeSeries

/// Imports and copies, which may stay as they are for long, take few bytes.
@Suite struct CondenseTests {
    private func open(_ disk: SimulatedDisk) throws -> Store {
        try Store(disk: disk, configuration: .unbounded, now: at(0))
    }

    private func labels(_ number: Int, job: String = "j") -> Labels {
        Labels(["__name__": "m", "job": job, "number": "\(number)"])
    }

    private func value(_ number: Int, _ step: Int) -> Double { Double(number * 100 + step * step % 7) }

    private func push(
        _ store: Store, _ numbers: Range<Int>, _ steps: some Sequence<Int>, apart: Int = 0
    ) {
        for step in steps {
            _ = store.append(
                numbers.map { number in
                    let moment = at(15 * step + apart * (number % 5))
                    return SeriesSamples(
                        labels: labels(number), samples: [Sample(moment, value(number, step))])
                })
        }
    }

    private func contents(_ store: Store) async throws -> [Labels: [Int64: UInt64]] {
        var found: [Labels: [Int64: UInt64]] = [:]
        for series in try await select(store, []) {
            let samples = zip(series.times.milliseconds, series.values.map(\.bitPattern))
            found[series.labels] = Dictionary(uniqueKeysWithValues: samples)
        }
        return found
    }

    private func bytes(_ disk: SimulatedDisk) -> Int {
        disk.paths.reduce(0) { $0 + (disk.contents($1)?.count ?? 0) }
    }

    @Test(arguments: [0, 1]) func `tails of a copy are sealed, late samples and histograms with them`(
        apart: Int
    ) async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        push(store, 0..<100, 0..<20, apart: apart)
        push(store, 0..<100, [25, 23, 24, 22], apart: apart)
        let histogram = FloatHistogram(
            schema: 2, count: 3, sum: 4.5, positiveRuns: [.init(offset: 0, length: 2)],
            positiveBuckets: [1, 2])
        _ = store.append([
            SeriesSamples(
                labels: labels(7), samples: [], histograms: [(at(700), histogram), (at(705), histogram)])
        ])
        let table = try store.openTable(
            target: Labels(["job": "t"]),
            columns: (0..<40).map { Labels(["__name__": "m", "number": "\($0)"]) })
        for step in 0..<7 { _ = store.append(table, at: at(step), row: (0..<40).map { value($0, step) }) }
        let before = try await contents(store)
        let copy = SimulatedDisk()

        try store.copy(to: copy)

        let opened = try open(copy)
        #expect(try await contents(opened) == before)
        // Of the table the room for its next row.
        #expect(opened.statistics().tailBytes == 8 * 40)
        let found = try await select(opened, [Matcher(equal: "number", "7"), Matcher(equal: "job", "j")])
        #expect(found.first?.histograms?.count == 2)
        // 2,400 of single series and 280 in rows, labels and all.
        #expect(bytes(copy) < 2680 * 2)
        #expect(try StoreVerification.run(copy).isIntact)
        // It goes on like any.
        push(opened, 0..<100, 60..<90, apart: apart)
        for step in 7..<40 { _ = opened.append(table, at: at(step), row: (0..<40).map { value($0, step) }) }
        #expect(opened.statistics().samples == store.statistics().samples + 3000 + 33 * 40)
        // Nothing happened to the one that was copied.
        #expect(store.statistics().tailBytes > 8000)
    }

    @Test func `an import of series at times of their own is kept in few parts`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        for number in 0..<60 {
            let samples = (0..<60).map { Sample(at(15 * $0 + number % 20), value(number, $0)) }
            _ = store.append([SeriesSamples(labels: labels(number, job: "\(number % 20)"), samples: samples)])
        }
        let before = try await contents(store)

        try store.gather()

        #expect(try await contents(store) == before)
        disk.crash()
        let opened = try open(disk)
        #expect(try await contents(opened) == before)
        #expect(opened.statistics().tailBytes == 0)
        #expect(bytes(disk) < 5000)
        _ = opened.append([
            SeriesSamples(labels: labels(3, job: "3"), samples: [Sample(at(2000), 1), Sample(at(1999), 2)])
        ])
        try opened.sync()
        try opened.snapshot()
        disk.crash()
        #expect(try open(disk).statistics().samples == 3602)
    }

    @Test func `a long single series is in few parts, and more of it comes behind`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        for run in 0..<2 {
            let samples = (2000 * run..<2000 * (run + 1)).map { Sample(at(15 * $0), value(1, $0)) }
            _ = store.append([SeriesSamples(labels: labels(1), samples: samples)])
            try store.gather()
        }

        #expect(store.statistics().samples == 4000)
        #expect(bytes(disk) < 4000 * 4 / 8 + 700)
        disk.crash()
        let series = try await select(try open(disk), [])
        #expect(series.map(\.values) == [(0..<4000).map { value(1, $0) }])
    }

    @Test func `a small import takes little beside its chunks, and any file of two may be lost`() async throws
    {
        let disk = SimulatedDisk()
        let store = try open(disk)
        for number in 0..<5 {
            var random = SplitMix(seed: UInt64(number))
            var sum = 0.0
            let samples = (0..<240).map { step in
                sum += Double(Int.random(in: 0..<100, using: &random))
                return Sample(at(15 * step), sum)
            }
            _ = store.append([SeriesSamples(labels: labels(number), samples: samples)])
        }
        try store.gather()
        let before = try await contents(store)
        disk.crash()

        #expect(bytes(disk) < 2700)
        for path in disk.paths where path.contains("/state-") || path.contains("/manifest-") {
            let whole = try #require(disk.contents(path))
            for place in [nil] + whole.indices.map({ $0 }) where place.map({ $0 % 7 == 0 }) ?? true {
                var damaged = whole
                if let place { damaged[place] ^= 4 }
                let copy = disk.durableCopy()
                copy.setContents(path, place == nil ? nil : damaged)
                let opened = try open(copy)
                #expect(try await contents(opened) == before, "\(path) \(place ?? -1)")
                #expect(!opened.statistics().isIncomplete, "\(path) \(place ?? -1)")
            }
        }
    }
}
