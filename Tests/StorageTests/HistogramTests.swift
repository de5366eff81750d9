import Journal
import Storage
import Testing
import TimeSeries

/// Native histograms: raw in tails, as columns in sealed parts.
@Suite struct HistogramTests {
    private let disk = SimulatedDisk()

    private func open(_ configuration: StoreConfiguration = StoreConfiguration()) throws -> Store {
        try Store(disk: disk, configuration: configuration, now: at(0))
    }

    private func labels(_ number: Int) -> Labels { Labels(["__name__": "h", "n": "\(number)"]) }

    /// A counter's histogram with buckets that go up slowly.
    private func slow(_ step: Int, _ number: Int = 0, buckets: Int = 40) -> FloatHistogram {
        let counts = (0..<buckets).map { Double((step + $0) * ($0 % 7) / 40 + number) }
        let count = counts.reduce(0, +)
        return FloatHistogram(
            schema: 3, zeroThreshold: 1e-128, count: count, sum: count * 0.25,
            positiveRuns: [.init(offset: -20, length: UInt32(buckets))], positiveBuckets: counts)
    }

    private func push(_ store: Store, _ step: Int, _ histograms: [FloatHistogram]) -> AppendReport {
        store.append(
            histograms.enumerated().map {
                SeriesSamples(labels: labels($0), samples: [], histograms: [(at(step), $1)])
            })
    }

    /// All bits of it: numbers that are not equal to themselves count too.
    private func bits(_ histogram: FloatHistogram?) -> [UInt64] {
        guard let histogram else { return [] }
        let numbers =
            [histogram.zeroThreshold, histogram.zeroCount, histogram.count, histogram.sum]
            + histogram.positiveBuckets + [-1] + histogram.negativeBuckets + [-1] + histogram.customBounds
        let runs = histogram.positiveRuns + [.init(offset: -1, length: 0)] + histogram.negativeRuns
        return numbers.map(\.bitPattern)
            + runs.flatMap { [UInt64(bitPattern: Int64($0.offset)), UInt64($0.length)] }
            + [UInt64(bitPattern: Int64(histogram.schema)), UInt64(histogram.resetHint.rawValue.utf8.count)]
    }

    // MARK: Bit for bit

    /// Any numbers, layouts that change, runs that say something else than the buckets.
    private func any(_ random: inout SplitMix, _ layout: Int) -> FloatHistogram {
        var shape = SplitMix(seed: UInt64(layout))
        let isCustom = Bool.random(using: &shape)
        let isGauge = Bool.random(using: &shape)
        let sizes = (0..<2).map { _ in Int.random(in: 0..<6, using: &shape) }
        func number() -> Double {
            switch Int.random(in: 0..<9, using: &random) {
            case 0: Double.random(in: 0...1, using: &random)
            case 1: [.nan, -0.0, .infinity, Marker.absent, Marker.stale].randomElement(using: &random)!
            case 2: Double(Int.random(in: 0..<1 << 40, using: &random))
            default: Double(Int.random(in: 0..<5, using: &random))
            }
        }
        func runs(_ size: Int) -> [FloatHistogram.BucketRun] {
            if layout % 11 == 3 { return [.init(offset: .max, length: .max), .init(offset: -5, length: 3)] }
            return (0..<size).map { _ in .init(offset: Int32.random(in: 0..<3, using: &shape), length: 1) }
        }
        var histogram = FloatHistogram(
            schema: isCustom ? -53 : 2, zeroThreshold: layout % 5 == 0 ? -0.0 : 1e-128, zeroCount: number(),
            count: Double(Int.random(in: 0..<100, using: &random)), sum: number(),
            positiveRuns: runs(sizes[0]), negativeRuns: runs(sizes[1]),
            positiveBuckets: (0..<sizes[0]).map { _ in number() },
            negativeBuckets: (0..<sizes[1]).map { _ in number() },
            customBounds: isCustom ? (0..<sizes[0]).map { Double($0) / 3 } : [])
        histogram.resetHint = isGauge ? .gauge : .unknown
        return histogram
    }

    @Test(arguments: 0..<4)
    func `histograms of changing layouts come back bit for bit, beside numbers and late ones`(seed: UInt64)
        async throws
    {
        let store = try open()
        var random = SplitMix(seed: seed)
        var expected: [Labels: [Int64: (value: Double, histogram: FloatHistogram?)]] = [:]
        for step in 0..<600 {
            var batch: [SeriesSamples] = []
            for number in 0..<6 {
                if number == 4, Int.random(in: 0..<9, using: &random) == 0 { continue }
                // Some samples come a little late, some series change between histograms and numbers.
                let isLate = Int.random(in: 0..<25, using: &random) == 0
                let time = Int64(10_000 * step) - (isLate ? Int64.random(in: 1..<90_000, using: &random) : 0)
                guard expected[labels(number)]?[time] == nil else { continue }
                let timestamp = Timestamp(milliseconds: time)
                if number == 0 || number == 3 && step / 50 % 2 == 0 {
                    expected[labels(number), default: [:]][time] = (Double(step), nil)
                    batch.append(
                        SeriesSamples(labels: labels(number), samples: [Sample(timestamp, Double(step))]))
                } else {
                    let layout = number == 5 ? Int.random(in: 0..<30, using: &random) : number + step / 70
                    let histogram = any(&random, layout)
                    expected[labels(number), default: [:]][time] = (histogram.count, histogram)
                    batch.append(
                        SeriesSamples(
                            labels: labels(number), samples: [], histograms: [(timestamp, histogram)]))
                }
            }
            #expect(store.append(batch).accepted == batch.count)
            if step % 150 == 100 { try store.snapshot() }
        }
        try store.sync()
        disk.crash()

        for store in [store, try open()] {
            let found = try await select(store, [])
            #expect(found.map(\.labels) == expected.keys.sorted())
            for series in found {
                let samples = (expected[series.labels] ?? [:]).sorted { $0.key < $1.key }
                #expect(series.times.milliseconds == samples.map(\.key))
                #expect(series.values == samples.map(\.value.value))
                #expect(
                    series.values.indices.map { bits(series.histograms?[$0]) }
                        == samples.map { bits($0.value.histogram) })
            }
            #expect(store.statistics().samples == expected.values.reduce(0) { $0 + $1.count })
            #expect(store.damagedChunkCount() == 0)
        }
    }

    @Test func `histograms of more buckets than a chunk has columns`() async throws {
        let store = try open()
        for step in 0..<20 {
            #expect(push(store, step, [slow(step, buckets: 700), slow(step, 3, buckets: 255)]).accepted == 2)
        }

        let found = try await select(store, [])
        #expect(found[0].histograms == Dictionary((0..<20).map { ($0, slow($0, buckets: 700)) }) { $1 })
        #expect(found[1].histograms == Dictionary((0..<20).map { ($0, slow($0, 3, buckets: 255)) }) { $1 })
    }

    // MARK: Size

    @Test func `slow buckets take little in memory and on disk, and all of it counts`() throws {
        let store = try open()
        for step in 0..<480 { _ = push(store, step, (0..<16).map { slow(step, $0) }) }
        let samples = 480 * 16

        let statistics = store.statistics()
        #expect(statistics.chunkBytes < 5 * samples)
        // Tails are raw: up to eight rows, with two bytes for most buckets.
        #expect(statistics.tailBytes < 16 * 8 * 300)
        try store.snapshot()
        try store.snapshot()
        let files = disk.paths.filter { $0.hasPrefix("snapshots/") }
        #expect(files.reduce(0) { $0 + (disk.contents($1)?.count ?? 0) } < 8 * samples)
        let contents = store.contents()
        #expect(contents.total.bytes > statistics.chunkBytes * 3 / 4)
        #expect(contents.total.bytes <= statistics.chunkBytes)
        // The columns of buckets too, not those of counts alone.
        #expect(contents.total.transforms.values.reduce(0, +) > 16 * 40)
    }

    @Test func `raw histograms of tails count against the memory limit`() throws {
        let store = try open()
        let before = store.statistics().memoryBytes
        _ = push(store, 1, (0..<200).map { slow(1, $0 + 10_000, buckets: 100) })

        // Each bucket takes two bytes at least.
        #expect(store.statistics().memoryBytes - before > 200 * 200)
    }

    @Test func `the memory limit holds for histograms`() throws {
        let limit = 150_000
        let store = try open(StoreConfiguration(memoryLimit: limit))
        var random = SplitMix(seed: 5)
        for step in 0..<400 {
            let histograms = (0..<8).map { _ in
                FloatHistogram(
                    schema: 3, count: 1e6, sum: Double.random(in: 0...1, using: &random),
                    positiveRuns: [.init(offset: 0, length: 60)],
                    positiveBuckets: (0..<60).map { _ in Double(Int.random(in: 0..<1000, using: &random)) })
            }
            #expect(push(store, 60 * step, histograms).accepted == 8)
            guard step % 20 == 19 else { continue }
            try store.maintain(now: at(60 * step))
            #expect(store.statistics(limit: 0).memoryBytes <= limit)
        }
        #expect(store.statistics().droppedSampleBytes > 0)
        #expect(store.statistics().samples > 8 * 60)
    }

    // MARK: Rules of samples

    @Test func `the same histogram again is no harm, another for its time is refused, sealed or not`() throws
    {
        let store = try open()
        for step in 0..<100 { _ = push(store, step, [slow(step), slow(step, 1)]) }

        for step in [0, 50, 99] {
            #expect(push(store, step, [slow(step)]).repeated == 1, "\(step)")
            var other = slow(step)
            other.positiveBuckets[3] += 1
            #expect(push(store, step, [other]).duplicate == 1, "\(step)")
            let number = SeriesSamples(labels: labels(0), samples: [Sample(at(step), slow(step).count)])
            #expect(store.append([number]).duplicate == 1, "\(step)")
        }
        // Not equal to itself, and yet the same.
        var stale = slow(100)
        stale.sum = Marker.stale
        #expect(push(store, 100, [stale]).accepted == 1)
        #expect(push(store, 100, [stale]).repeated == 1)
    }

    @Test func `deletion, cleaning and retention leave the other histograms whole`() async throws {
        let store = try open(StoreConfiguration(retention: .seconds(3600)))
        for step in 0..<400 { _ = push(store, 10 * step, (0..<3).map { slow(step, $0) }) }
        for step in 400..<403 { _ = push(store, 10 * step, (0..<3).map { slow(step, $0) }) }

        try store.delete([[Matcher(equal: "n", "1")]], in: at(1000)...at(1990))
        try store.removeDeleted()
        try store.maintain(now: at(4500))
        try store.snapshot()
        disk.crash()

        for store in [store, try open(StoreConfiguration(retention: .seconds(3600)))] {
            let found = try await select(store, [])
            #expect(found.count == 3)
            for (number, series) in found.enumerated() {
                let steps = series.times.milliseconds.map { Int($0 / 10_000) }
                #expect(steps.contains { 100..<200 ~= $0 } == (number != 1))
                #expect(Set(200..<403).isSubset(of: steps))
                #expect(steps.indices.allSatisfy { series.histograms?[$0] == slow(steps[$0], number) })
            }
        }
    }

    // MARK: Older files

    /// Written by a program that kept all histograms raw in the state: 240 rows in parts, three more in the log.
    @Test func `histograms of older states are read and move into parts`() async throws {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        let golden = try RealDisk(
            root: parts.dropLast().joined(separator: "/") + "/Golden/v2-raw-histograms")
        for folder in ["log", "snapshots"] {
            for name in try golden.list(folder) {
                let file = try golden.open(folder + "/" + name, create: false)
                disk.setContents(folder + "/" + name, try file.read(at: 0, count: try file.length()))
            }
        }
        let origin: Int64 = 1_795_940_003
        func histogram(_ step: Int, _ number: Int) -> FloatHistogram {
            let counts = (1...4).map { Double(step * $0 / 3 + number) }
            let count = counts.reduce(0, +)
            return FloatHistogram(
                schema: 3, zeroThreshold: 1e-128, count: count, sum: count * 0.25,
                positiveRuns: [.init(offset: -20, length: 4)], positiveBuckets: counts)
        }

        for round in 0..<4 {
            let store = try open()
            #expect(store.statistics().damage.isEmpty && store.statistics().losses.isEmpty)
            #expect(store.statistics().samples == 3 * 243)
            // Sixty bytes and more each where they stayed raw.
            #expect(store.statistics().memoryBytes < 12_000, "round \(round)")
            let found = try await select(store, [])
            #expect(found.map(\.labels.metricName) == ["h", "h", "plain"])
            for (number, series) in found.enumerated() {
                #expect(series.times.milliseconds == (0..<243).map { (origin + 10 * $0) * 1000 })
                for row in 0..<243 where number < 2 {
                    #expect(series.histograms?[row] == histogram(row, number))
                }
            }
            #expect(found[2].values == (0..<243).map(Double.init))
            if round < 3 { try store.snapshot() }
        }
    }

    // MARK: Many buckets

    /// Buckets at a place of its own.
    private func wide(_ step: Int, buckets: Int) -> FloatHistogram {
        let counts = (0..<buckets).map { Double($0 % 5 + step) }
        return FloatHistogram(
            schema: 8, count: counts.reduce(0, +), sum: 1,
            positiveRuns: [.init(offset: Int32(step * buckets), length: UInt32(buckets))],
            positiveBuckets: counts)
    }

    @Test func `histograms that share no bucket stay apart, and each comes back as it was`() async throws {
        var store = try open()
        let all = (0..<48).map { wide($0, buckets: 3000) }
        for (step, histogram) in all.enumerated() {
            #expect(push(store, step, [histogram]).accepted == 1)
            if step == 30 { #expect(push(store, 20, [wide(20, buckets: 3000)]).repeated == 1) }
        }
        for round in 0..<3 {
            if round == 1 { try store.snapshot() }
            if round > 0 {
                disk.crash()
                store = try open()
            } else {
                try store.sync()
            }
            let series = try #require(try await select(store, []).first)
            #expect(series.times.milliseconds.count == 48)
            for step in all.indices { #expect(bits(series.histograms?[step]) == bits(all[step]), "\(step)") }
        }
    }

    @Test func `those that share them are merged all the same behind one that does not`() async throws {
        let store = try open()
        for step in 0..<40 { _ = push(store, step, [wide(step, buckets: 3000)]) }
        for step in 40..<600 { _ = push(store, step, [slow(step)]) }

        let series = try #require(try await select(store, []).first)
        #expect(series.times.milliseconds.count == 600)
        #expect(bits(series.histograms?[599]) == bits(slow(599)))
        #expect(bits(series.histograms?[7]) == bits(wide(7, buckets: 3000)))
        try store.snapshot()
        #expect(disk.list("snapshots").contains { $0.contains("chunks-") })
    }

    @Test func `one with more buckets than anybody needs is refused`() throws {
        let store = try open()

        #expect(push(store, 0, [wide(0, buckets: FloatHistogram.mostBuckets)]).accepted == 1)
        let report = push(store, 1, [wide(0, buckets: FloatHistogram.mostBuckets + 1)])
        #expect(report.accepted == 0 && report.limited == 1)
        #expect(report.refusal?.contains("more than 10000 buckets") == true)
    }
}
