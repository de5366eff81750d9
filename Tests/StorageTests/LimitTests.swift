import Journal
import Storage
import Testing
import TimeSeries

/// What bounds series and labels, in the store's defaults and set lower.
@Suite struct LimitTests {
    private func store(_ change: (inout StoreConfiguration.Limits) -> Void = { _ in }) throws -> Store {
        var configuration = StoreConfiguration()
        change(&configuration.limits)
        return try Store(disk: SimulatedDisk(), configuration: configuration, now: at(0))
    }

    private func pushed(_ labels: [String: String], to store: Store) -> AppendReport {
        var labels = labels
        labels["__name__"] = labels["__name__"] ?? "m"
        return store.append([SeriesSamples(labels: Labels(labels), samples: [Sample(at(0), 1)])])
    }

    @Test func `limits are on unless told otherwise`() throws {
        let store = try store()

        #expect(pushed(["a": String(repeating: "x", count: 16 << 10)], to: store).accepted == 1)
        #expect(pushed(["a": String(repeating: "x", count: 16 << 10 + 1)], to: store).limited == 1)
        #expect(pushed([String(repeating: "n", count: 1025): "x"], to: store).limited == 1)
        let many = Dictionary(uniqueKeysWithValues: (0..<64).map { ("l\($0)", "1") })
        #expect(pushed(many, to: store).limited == 1)
        #expect(store.configuration.limits.series == 5_000_000)
        #expect(throws: SinkError.targetSeriesLimit(limit: 100_000)) {
            try store.openTable(
                target: Labels(["job": "a"]),
                columns: (0...100_000).map { Labels(["__name__": "m", "n": "\($0)"]) })
        }
        #expect(store.statistics().series == 1)
    }

    @Test func `a series that is pushed and stands in a table, or in two of its target, counts once`() throws
    {
        let store = try store { $0.series = 5 }
        let columns = ["x", "y"].map { Labels(["__name__": $0]) }
        let table = try store.openTable(target: Labels(["job": "a"]), columns: columns)
        _ = store.append(table, at: at(0), row: [1, 2])
        _ = pushed(["__name__": "x", "job": "a"], to: store)
        #expect(store.statistics().series == 2)
        _ = pushed(["__name__": "z", "job": "b"], to: store)
        _ = try store.openTable(target: Labels(["job": "b"]), columns: [Labels(["__name__": "z"])])
        _ = try store.openTable(target: Labels(["job": "a"]), columns: [columns[1]])

        try store.maintain(now: at(60))

        #expect(store.statistics().series == 3)
        #expect(["1", "2", "3"].map { pushed(["n": $0], to: store).limited } == [0, 0, 1])
        try store.maintain(now: at(30 * 86_400))
        #expect(store.statistics().series == 3)
    }

    @Test func `a target may not have more series than its limit, not later either`() throws {
        let store = try store { $0.seriesPerTarget = 3 }
        let columns = (0..<5).map { Labels(["__name__": "m\($0)"]) }
        let target = Labels(["job": "a"])

        #expect(throws: SinkError.targetSeriesLimit(limit: 3)) {
            try store.openTable(target: target, columns: Array(columns[..<4]))
        }
        let table = try store.openTable(target: target, columns: Array(columns[..<3]))
        #expect(throws: SinkError.targetSeriesLimit(limit: 3)) {
            try store.extendTable(table, columns: Array(columns[3...]))
        }
        #expect(store.append(table, at: at(0), row: [1, 2, 3]).accepted == 3)
    }

    @Test func `series above the limit are refused, and there is room again when others end`() throws {
        let store = try store { $0.series = 10 }
        for number in 0..<12 { _ = pushed(["n": "\(number)"], to: store) }
        #expect(store.statistics().series == 10)
        #expect(store.statistics().rejectedSamples == 2)

        try store.maintain(now: at(30 * 86_400))
        #expect(store.statistics().series == 0)
        let late = SeriesSamples(
            labels: Labels(["__name__": "late"]), samples: [Sample(at(30 * 86_400), 1)])
        #expect(store.append([late]).accepted == 1)
    }

    @Test func `other bounds count from the moment on at which they are put to use`() throws {
        let store = try store { $0.series = 2 }
        for number in 0..<3 { _ = pushed(["n": "\(number)"], to: store) }
        #expect(store.statistics().series == 2)

        var wider = StoreConfiguration(retention: .seconds(3600), outOfOrderWindow: .seconds(60))
        wider.limits.labelValueLength = 5
        store.apply(wider)
        store.note(now: at(0))

        #expect(store.configuration == wider)
        #expect(pushed(["n": "2"], to: store).accepted == 1)
        #expect(pushed(["n": "longer"], to: store).limited == 1)
        let labels = Labels(["__name__": "m", "n": "2"])
        #expect(store.append([SeriesSamples(labels: labels, samples: [Sample(at(-61), 1)])]).tooOld == 1)
        #expect(store.append([SeriesSamples(labels: labels, samples: [Sample(at(-59), 1)])]).accepted == 1)
        try store.maintain(now: at(3602))
        #expect(store.statistics().series == 0)
    }

    @Test func `another memory limit counts at once`() throws {
        let store = try store()
        for number in 0..<100 { _ = pushed(["n": "\(number)"], to: store) }

        store.apply(StoreConfiguration(memoryLimit: 1024))
        #expect(pushed(["n": "new"], to: store).limited == 1)
        #expect(store.statistics().memoryLimit == 1024)

        store.apply(StoreConfiguration(memoryLimit: 1 << 30))
        #expect(pushed(["n": "new"], to: store).accepted == 1)
    }

    @Test func `what is only written is not called durable`() throws {
        let store = try Store(
            disk: SimulatedDisk(), configuration: StoreConfiguration(sync: .none), now: at(0))
        _ = pushed(["n": "0"], to: store)
        try store.sync()
        #expect(store.statistics().durableTimestamp == nil)
    }

    @Test func `what the log has no room for is refused with the reason, and taken once it was written`()
        throws
    {
        let store = try Store(
            disk: SimulatedDisk(), configuration: StoreConfiguration(pendingLogSize: 400), now: at(0))
        let table = try store.openTable(target: Labels(["job": "j"]), columns: [Labels(["__name__": "m"])])
        let filler = Labels(["__name__": "m", "filler": String(repeating: "x", count: 300)])
        #expect(
            store.append([SeriesSamples(labels: filler, samples: [Sample(at(1), 1)])]).accepted == 1)
        let long = String(repeating: "y", count: 300)

        let reports = [
            pushed(["n": long], to: store),
            store.describe(["m": MetricMetadata(kind: .gauge, help: long, unit: "")]),
            store.append([
                SeriesExemplars(
                    labels: filler,
                    exemplars: [Exemplar(labels: Labels(["id": "1"]), value: 1, timestamp: at(1))])
            ]),
        ]
        var rows = AppendReport()
        for step in 1..<20 where !rows.isFull {
            rows = store.append(table, at: at(step), row: [Double(step)])
        }
        for report in reports + [rows] {
            #expect(report.isFull)
            #expect(report.refusal?.contains("wait to be written") == true)
            #expect(report.position > 0)
        }
        #expect(rows.limited == 1 && reports[0].limited == 1)

        try store.sync()
        #expect(pushed(["n": long], to: store).accepted == 1)
    }

    @Test func `labels above a limit cost their series only`() throws {
        let store = try store {
            $0.labels = 3
            $0.labelNameLength = 8
            $0.labelValueLength = 5
        }

        #expect(pushed(["a": "1", "b": "2"], to: store).accepted == 1)
        #expect(pushed(["a": "1", "b": "2", "c": "3"], to: store).limited == 1)
        #expect(pushed(["longer_than_it": "1"], to: store).limited == 1)
        #expect(pushed(["a": "longer"], to: store).limited == 1)
    }

    @Test func `descriptions of metrics take a share of memory, and make room for those that have series`()
        async throws
    {
        let disk = SimulatedDisk()
        let limit = 4 << 20
        let configuration = StoreConfiguration(memoryLimit: limit)
        var store = try Store(disk: disk, configuration: configuration, now: at(0))
        _ = pushed(["__name__": "used_total"], to: store)
        let described = MetricMetadata(kind: .counter, help: "Uses.", unit: "")
        store.describe(["used": described])
        let before = store.statistics().memoryBytes
        let help = String(repeating: "h", count: 100)
        for round in 0..<20 {
            store.describe(
                Dictionary(
                    uniqueKeysWithValues: (0..<100).map {
                        ("unused_\(round)_\($0)", MetricMetadata(kind: .gauge, help: help, unit: ""))
                    }))
        }
        let taken = store.statistics().memoryBytes - before
        #expect(taken > limit / 40 && taken <= limit / 32)
        let long = MetricMetadata(kind: .counter, help: help + help, unit: "")
        store.describe(["late_total": long])
        #expect(await store.metadata(of: "late_total").isEmpty)

        _ = pushed(["__name__": "late_total"], to: store)
        try store.maintain(now: at(1))
        store.describe(["late_total": described])
        #expect(await store.metadata(of: nil) == ["used": [described], "late_total": [described]])

        try store.sync()
        disk.crash()
        store = try Store(disk: disk, configuration: configuration, now: at(0))
        #expect(store.statistics().memoryBytes - before <= limit / 32 + 4096)
        #expect(await store.metadata(of: "used")["used"] == [described])
    }

    @Test func `the greatest number is a limit of labels as any other`() throws {
        let store = try store { $0.labels = .max }

        #expect(throws: Never.self) {
            try store.openTable(target: Labels(["job": "a"]), columns: [Labels(["__name__": "m"])])
        }
    }

    @Test func `labels of the target count as those of its series do`() throws {
        let store = try store { $0.labels = 4 }
        let target = Labels(["instance": "a:1", "job": "a"])

        #expect(throws: SinkError.labelLimit("storage.limits: a series of m has 5 labels, labels is 4")) {
            try store.openTable(target: target, columns: [Labels(["__name__": "m", "x": "1", "y": "2"])])
        }
        _ = try store.openTable(target: target, columns: [Labels(["__name__": "m", "x": "1"])])
        #expect(pushed(["a": "1", "b": "2", "c": "3", "d": "4"], to: store).limited == 1)
    }
}
