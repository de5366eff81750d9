import Journal
import Storage
import Testing
import TimeSeries

/// The store against a dictionary that does the same in the most obvious way, on random operations.
@Suite struct ModelTests {
    /// What a store should hold: per series the samples by time, and what it accepts.
    private struct Model {
        var series: [Labels: [Int64: Double]] = [:]
        var newest: [Labels: Int64] = [:]

        enum Outcome { case accepted, repeated, duplicate, tooOld }

        mutating func append(_ labels: Labels, _ time: Int64, _ value: Double) -> Outcome {
            if let existing = series[labels]?[time] {
                return existing.bitPattern == value.bitPattern ? .repeated : .duplicate
            }
            if let newest = newest[labels], time < newest - 600_000 { return .tooOld }
            series[labels, default: [:]][time] = value
            newest[labels] = max(newest[labels] ?? .min, time)
            return .accepted
        }
    }

    /// A target with the columns that it has so far.
    private struct Target {
        var labels: Labels
        var columns: [Labels]
        var table: TableID
        var time: Int64 = 1_700_000_000_000
    }

    @Test(arguments: 0..<40) func `random appends, crashes and snapshots leave what the model has`(
        seed: UInt64
    ) async throws {
        var random = SplitMix(seed: seed)
        let disk = SimulatedDisk()
        var store = try Store(disk: disk, now: at(0))
        var model = Model()
        var durable = model
        var targets = try (0..<3).map { try target($0, store) }
        var durableTargets = targets

        for _ in 0..<400 {
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<12:
                try scrape(&targets[Int.random(in: 0..<3, using: &random)], store, &model, &random)
            case 12..<15: push(store, &model, &random)
            case 15, 16:
                try store.sync()
                durable = model
                durableTargets = targets
            case 17:
                try store.snapshot()
                durable = model
                durableTargets = targets
            case 18:
                if Bool.random(using: &random) { disk.crash() } else { disk.kill() }
                store = try Store(disk: disk, now: at(0))
                model = durable
                targets = durableTargets
                for index in targets.indices {
                    targets[index].table = try store.openTable(
                        target: targets[index].labels, columns: targets[index].columns)
                }
            default: try await compare(store, model, seed)
            }
        }
        try await compare(store, model, seed)
    }

    private func target(_ number: Int, _ store: Store) throws -> Target {
        let labels = Labels(["job": "j", "instance": "\(number)"])
        let columns = (0..<3).map { Labels(["__name__": "m\($0)"]) }
        return Target(
            labels: labels, columns: columns, table: try store.openTable(target: labels, columns: columns))
    }

    private func scrape(
        _ target: inout Target, _ store: Store, _ model: inout Model, _ random: inout SplitMix
    ) throws {
        if Int.random(in: 0..<25, using: &random) == 0, target.columns.count < 30 {
            let added = (0..<2).map { Labels(["__name__": "m\(target.columns.count + $0)"]) }
            try store.extendTable(target.table, columns: added)
            target.columns += added
        }
        let isLate = Int.random(in: 0..<15, using: &random) == 0
        if !isLate { target.time += Int64.random(in: 1...30_000, using: &random) }
        let time = isLate ? target.time - Int64.random(in: 0...700_000, using: &random) : target.time
        let row = target.columns.indices.map { column -> Double in
            switch Int.random(in: 0..<12, using: &random) {
            case 0: Marker.absent
            case 1: Marker.stale
            case 2: Double.random(in: 0...1, using: &random)
            default: Double(column * 10 + Int.random(in: 0..<2, using: &random))
            }
        }
        let report = store.append(target.table, at: Timestamp(milliseconds: time), row: row)
        var expected = AppendReport()
        // Whether a row is too old is decided by the table's newest row, for all its cells at once.
        for (column, value) in row.enumerated() where !Marker.isAbsent(value) {
            let labels = target.columns[column].merging(target.labels)
            if isLate { model.newest[labels] = target.time }
            count(model.append(labels, time, value), &expected)
        }
        expected.position = report.position
        #expect(report == expected)
    }

    private func push(_ store: Store, _ model: inout Model, _ random: inout SplitMix) {
        var expected = AppendReport()
        let batch = (0..<3).map { _ in
            let labels = Labels(["__name__": "pushed\(Int.random(in: 0..<6, using: &random))"])
            let newest = model.newest[labels] ?? 1_700_000_000_000
            let samples = (0..<4).map { _ in
                Sample(
                    Timestamp(milliseconds: newest + Int64.random(in: -650_000...40_000, using: &random)),
                    Double(Int.random(in: 0..<3, using: &random)))
            }
            for sample in samples {
                count(model.append(labels, sample.timestamp.milliseconds, sample.value), &expected)
            }
            return SeriesSamples(labels: labels, samples: samples)
        }
        let report = store.append(batch)
        expected.position = report.position
        #expect(report == expected)
    }

    private func count(_ outcome: Model.Outcome, _ report: inout AppendReport) {
        switch outcome {
        case .accepted: report.accepted += 1
        case .repeated: report.repeated += 1
        case .duplicate: report.duplicate += 1
        case .tooOld: report.tooOld += 1
        }
    }

    private func compare(_ store: Store, _ model: Model, _ seed: UInt64) async throws {
        let found = try await select(store, [])
        let expected = model.series.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
        try #require(found.map(\.labels) == expected.map(\.key), "seed \(seed)")
        for (series, samples) in zip(found, expected.map(\.value)) {
            let sorted = samples.sorted { $0.key < $1.key }
            #expect(series.times.milliseconds == sorted.map(\.key), "seed \(seed) \(series.labels)")
            #expect(series.values.map(\.bitPattern) == sorted.map(\.value.bitPattern), "seed \(seed)")
        }
        try await compareNewest(store, expected.map { ($0.key, $0.value.sorted { $0.key < $1.key }) }, seed)
    }

    /// Who reads only the newest sample of a range may get more, but always that one.
    private func compareNewest(
        _ store: Store, _ model: [(labels: Labels, samples: [(key: Int64, value: Double)])], _ seed: UInt64
    ) async throws {
        guard let last = model.compactMap({ $0.samples.last?.key }).max() else { return }
        for back: Int64 in [0, 20_000, 300_000] {
            let range = last - back - 400_000...last - back
            let expected = model.compactMap { labels, samples in
                samples.last { range.contains($0.key) }.map { "\(labels) \($0.key) \($0.value.bitPattern)" }
            }
            let moments =
                Timestamp(milliseconds: range.lowerBound)...Timestamp(milliseconds: range.upperBound)
            let found = try await store.select([Selection([], in: moments, use: .newest)])[0].map {
                "\($0.labels) \($0.times.milliseconds.last ?? 0) \($0.values.last?.bitPattern ?? 0)"
            }
            #expect(found == expected, "seed \(seed)")
        }
    }
}
