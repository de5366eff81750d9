import PromQL
import Storage
import Testing
import TimeSeries

/// What queries see of rollups, beside the same queries over samples.
@Suite struct RollupQueryTests {
    private static let exact = [
        "count_over_time", "min_over_time", "max_over_time", "first_over_time", "last_over_time",
        "present_over_time", "ts_of_first_over_time", "ts_of_last_over_time",
    ]
    private static let rounded = ["sum_over_time", "avg_over_time", "rate", "increase", "delta"]
    private static let all = #"{job="node"}"#

    /// A store whose samples are all there and that makes no rollups.
    private func samples(_ way: RollupFixture.Way, hours: Int = 12) throws -> RollupFixture {
        let fixture = try RollupFixture(StoreConfiguration(rollups: []))
        try fixture.fill(0..<hours, way)
        return fixture
    }

    /// A store that keeps samples for two hours.
    private func rollups(
        _ way: RollupFixture.Way, _ rules: [RollupRule] = RollupRule.standard
    ) throws -> RollupFixture {
        let fixture = try RollupFixture(StoreConfiguration(retention: .seconds(7200), rollups: rules))
        try fixture.fill(0..<12, way)
        return fixture
    }

    private func expectEqual(
        _ a: [String: [Int64: Double]], _ b: [String: [Int64: Double]], tolerance: Double = 0, _ note: String
    ) {
        #expect(a.keys.sorted() == b.keys.sorted(), "\(note)")
        for (series, values) in a {
            let others = b[series] ?? [:]
            #expect(values.keys.sorted() == others.keys.sorted(), "\(note) \(series)")
            for (time, value) in values {
                guard let other = others[time] else { continue }
                let isEqual =
                    tolerance == 0
                    ? value.bitPattern == other.bitPattern
                    : abs(value - other) <= tolerance * max(abs(value), abs(other), 1e-9)
                #expect(isEqual, "\(note) \(series) at \(time): \(value), \(other)")
            }
        }
    }

    @Test(arguments: RollupFixture.Way.allCases)
    func `windows of whole buckets give what samples gave`(_ way: RollupFixture.Way) async throws {
        let (samples, rollups) = (try samples(way), try rollups(way))
        #expect(rollups.store.statistics().oldest! > RollupFixture.time(hours: 8))

        for (window, step) in [("5m", 1.0 / 12), ("10m", 1.0 / 6), ("1h", 0.5), ("2h30m", 1)] {
            for function in Self.exact {
                let query = "\(function)(\(Self.all)[\(window)])"
                // Across the end of the samples as well.
                let a = try await samples.values(query, from: 1, to: 12, step: step)
                let b = try await rollups.values(query, from: 1, to: 12, step: step)
                #expect(a.count >= 5)
                expectEqual(a, b, query)
            }
            for function in Self.rounded {
                let query = "\(function)(\(Self.all)[\(window)])"
                let a = try await samples.values(query, from: 1, to: 12, step: step)
                let b = try await rollups.values(query, from: 1, to: 12, step: step)
                expectEqual(a, b, tolerance: 1e-9, query)
            }
        }
    }

    @Test(arguments: RollupFixture.Way.allCases)
    func `quantiles keep within their documented error`(_ way: RollupFixture.Way) async throws {
        let (samples, rollups) = (try samples(way), try rollups(way))
        for quantile in [0, 0.01, 0.25, 0.5, 0.9, 0.99, 1] {
            // Where values of both signs are next to each other, an interpolation between them has no relative error.
            let query = "quantile_over_time(\(quantile), {job=\"node\",n!=\"negative\"}[1h])"
            let a = try await samples.values(query, from: 1, to: 12, step: 0.5)
            let b = try await rollups.values(query, from: 1, to: 12, step: 0.5)
            #expect(a.count >= 4)
            expectEqual(a, b, tolerance: QuantileSketch.relativeError, query)
        }
    }

    @Test func `where samples are there, rollups change not a bit of any result`() async throws {
        let samples = try samples(.table)
        let both = try RollupFixture(StoreConfiguration())
        try both.fill(0..<12)
        #expect(both.store.statistics().rollupBuckets > 0)
        let functions =
            Self.exact + Self.rounded + ["stddev_over_time", "changes", "deriv", "irate", "absent_over_time"]
        for (window, step) in [("5m", 1.0 / 12), ("1h", 1.0), ("7m13s", 0.13)] {
            for function in functions {
                let query = "\(function)(gauge[\(window)])"
                expectEqual(
                    try await samples.values(query, from: 0.5, to: 12, step: step),
                    try await both.values(query, from: 0.5, to: 12, step: step), query)
            }
        }
        for query in ["gauge", "gauge - gauge offset 1h", "max_over_time(gauge[1h]) - gauge"] {
            expectEqual(
                try await samples.values(query, from: 0.5, to: 12, step: 0.25),
                try await both.values(query, from: 0.5, to: 12, step: 0.25), query)
        }
    }

    @Test func `extremes over hours read buckets instead of samples`() async throws {
        let fixture = try RollupFixture(StoreConfiguration())
        try fixture.fill(0..<12)

        let buckets = try await fixture.query("max_over_time(gauge[2h])", from: 2, to: 12, step: 1)
        let samples = try await fixture.query("sum_over_time(gauge[2h])", from: 2, to: 12, step: 1)

        #expect(buckets.samplesRead < samples.samplesRead / 50)
    }

    @Test func `a moment of which the samples are gone has the last value before it`() async throws {
        let rules = [
            RollupRule(resolution: .seconds(300), retention: .seconds(4 * 3600)),
            RollupRule(resolution: .seconds(3600), retention: .seconds(365 * 86_400)),
        ]
        let fixture = try rollups(.table, rules)

        // Hours: only the last sample of each is left.
        let hourly = try await fixture.values("counter_total", from: 2, to: 5, step: 0.25)
        let values = hourly.values.first ?? [:]
        for (step, hours) in stride(from: 2.0, through: 5, by: 0.25).enumerated() {
            let expected = RollupFixture.row(240 * (2 + step / 4) - 1)[1]
            #expect(values[RollupFixture.time(hours: hours).milliseconds] == expected)
        }
        // Five minutes: the lookback spans them.
        let fine = try await fixture.values("counter_total", from: 8.25, to: 8.75, step: 1.0 / 12)
        let found = fine.values.first ?? [:]
        for (step, time) in found.keys.sorted().enumerated() {
            #expect(found[time] == RollupFixture.row(240 * 8 + 60 + 20 * step - 1)[1])
        }
        #expect(found.count == 7)
    }

    @Test func `hours take over where five minutes are gone`() async throws {
        let rules = [
            RollupRule(resolution: .seconds(300), retention: .seconds(4 * 3600)),
            RollupRule(resolution: .seconds(3600), retention: .seconds(365 * 86_400)),
        ]
        let (samples, fixture) = (try samples(.table), try rollups(.table, rules))
        for function in ["max_over_time", "count_over_time", "increase"] {
            let query = "\(function)(\(Self.all)[2h])"
            expectEqual(
                try await samples.values(query, from: 2, to: 12, step: 1),
                try await fixture.values(query, from: 2, to: 12, step: 1), tolerance: 1e-9, query)
        }
    }

    @Test(arguments: RollupFixture.Way.allCases)
    func `other lengths go on beside those that there are, there and back`(_ way: RollupFixture.Way)
        async throws
    {
        func configuration(_ lengths: [Int64]) -> StoreConfiguration {
            StoreConfiguration(
                retention: .seconds(7200),
                rollups: lengths.map { RollupRule(resolution: .seconds($0), retention: .seconds(1 << 30)) })
        }
        var fixture = try RollupFixture(configuration([300, 3600]))
        for (part, lengths) in [[300, 3600], [600, 7200], [3600], [300, 3600]].enumerated() {
            if part > 0 {
                try fixture.store.snapshot()
                try fixture.reopen(
                    now: Double(6 * part), configuration: configuration(lengths.map { Int64($0) }))
            }
            try fixture.fill(6 * part..<6 * part + 6, way)
        }
        try fixture.store.snapshot()
        try fixture.reopen(now: 24)
        let samples = try samples(way, hours: 24)

        for function in ["count_over_time", "max_over_time", "sum_over_time", "last_over_time"] {
            let query = "\(function)(\(Self.all)[2h])"
            expectEqual(
                try await samples.values(query, from: 2, to: 24, step: 2),
                try await fixture.values(query, from: 2, to: 24, step: 2), tolerance: 1e-9, query)
        }
    }

    @Test(arguments: RollupFixture.Way.allCases, [[300, 3600], [3600]])
    func `a series that ended does not come back when its samples become windows`(
        _ way: RollupFixture.Way, lengths: [Int]
    ) async throws {
        let rules = lengths.map { RollupRule(resolution: .seconds($0), retention: .seconds(1 << 30)) }
        let (samples, others) = (try samples(way), try rollups(way, rules))
        var fixture = others
        let expected = try await samples.values("ended", from: 4, to: 6, step: 1.0 / 60)
        let times = try #require(expected.values.first).keys.sorted()
        #expect(times.count == 11)

        for round in 0..<2 {
            if round == 1 {
                try fixture.store.snapshot()
                try fixture.reopen(now: 12)
            }
            let found = try await fixture.values("ended", from: 4, to: 6, step: 1.0 / 60)
            #expect(found.values.first?.keys.sorted() == times)
        }
    }

    @Test func `a window that cuts buckets gets its share of them`() async throws {
        let fixture = try rollups(
            .table, [RollupRule(resolution: .seconds(3600), retention: .seconds(1 << 30))])
        let rates = try await fixture.values("rate(counter_total[10m])", from: 2.5, to: 2.5, step: 1)
        let counts = try await fixture.values("count_over_time(constant[30m])", from: 3.25, to: 3.25, step: 1)
        let sums = try await fixture.values("sum_over_time(constant[30m])", from: 3.25, to: 3.25, step: 1)

        // Three a row of 15 s; the counter's eighths rise and fall by less than one.
        #expect(abs(rates.values.first!.values.first! - 0.2) < 0.02)
        #expect(counts.values.first?.values.first == 120)
        #expect(sums.values.first?.values.first == 120 * 7.25)
    }

    @Test(arguments: RollupFixture.Way.allCases)
    func `rollups are there after a crash and after a snapshot`(_ way: RollupFixture.Way) async throws {
        var fixture = try rollups(way)
        try fixture.store.sync()
        let queries = Self.exact.map { "\($0)(\(Self.all)[1h])" } + ["quantile_over_time(0.5, gauge[1h])"]
        var before: [[String: [Int64: Double]]] = []
        for query in queries { before.append(try await fixture.values(query, from: 1, to: 12, step: 1)) }

        for round in 0..<3 {
            if round > 0 { try fixture.store.snapshot() }
            try fixture.reopen(crashing: round < 2, now: 12)
            for (query, values) in zip(queries, before) {
                let after = try await fixture.values(query, from: 1, to: 12, step: 1)
                expectEqual(values, after, "\(query) after round \(round)")
            }
        }
        // What was made goes on where it was.
        try fixture.fill(12..<14, way)
        let whole = try samples(way, hours: 14)
        expectEqual(
            try await whole.values("count_over_time(\(Self.all)[1h])", from: 1, to: 14, step: 1),
            try await fixture.values("count_over_time(\(Self.all)[1h])", from: 1, to: 14, step: 1), "later")
    }

    @Test(arguments: RollupFixture.Way.allCases)
    func `a series of which only rollups are left is found, until these go as well`(
        _ way: RollupFixture.Way
    ) async throws {
        let rules = [RollupRule(resolution: .seconds(300), retention: .seconds(86_400))]
        let fixture = try rollups(way, rules)
        let store = fixture.store
        try store.maintain(now: RollupFixture.time(hours: 20))
        let range = RollupFixture.time(hours: 0)...RollupFixture.time(hours: 20)
        #expect(store.statistics().samples == 0 || way == .table)

        let found = try await fixture.values("max_over_time(gauge[1h])", from: 2, to: 12, step: 1)
        #expect(found.values.first?.count == 11)
        #expect(try await store.series([[Matcher(equal: "__name__", "gauge")]], in: range).count == 1)

        try store.maintain(now: RollupFixture.time(hours: 60))
        #expect(try await fixture.values("max_over_time(gauge[1h])", from: 2, to: 8, step: 1).isEmpty)
        #expect(store.statistics().rollupBuckets == 0)
    }

    @Test func `late samples of a scraped series are part of its buckets`() async throws {
        let samples = try RollupFixture(StoreConfiguration(rollups: []))
        let rollups = try RollupFixture(StoreConfiguration(retention: .seconds(7200)))
        let late = RollupFixture.column("gap").merging(RollupFixture.target)
        for fixture in [samples, rollups] {
            for hour in 0..<12 {
                try fixture.fill(hour..<hour + 1)
                // Where the column has gaps, five minutes before its newest sample.
                let time = RollupFixture.time(hours: Double(hour + 1)) - .seconds(300) - .milliseconds(1)
                _ = fixture.store.append([SeriesSamples(labels: late, samples: [Sample(time, 99)])])
            }
        }
        for function in ["count_over_time", "max_over_time", "sum_over_time"] {
            let query = "\(function)(gap[1h])"
            expectEqual(
                try await samples.values(query, from: 1, to: 8, step: 1),
                try await rollups.values(query, from: 1, to: 8, step: 1), query)
        }
    }

    @Test func `what a series was rolled up to before it came again stays, over a crash as well`()
        async throws
    {
        var fixture = try RollupFixture(StoreConfiguration(retention: .seconds(7200)))
        // As of a backfill in several requests, between which the series is gone with its samples.
        for first in [0, 20, 40] {
            try fixture.fill(first..<first + 3, .single, maintaining: false)
            try fixture.store.maintain(now: RollupFixture.time(hours: Double(first + 10)))
            #expect(fixture.store.statistics().series == 0)
        }
        let queries = ["count", "min", "max", "sum"].map { "\($0)_over_time({job=\"node\"}[1h])" }
        var before: [[String: [Int64: Double]]] = []
        for query in queries { before.append(try await fixture.values(query, from: 1, to: 44, step: 1)) }
        #expect(before[0].count == 6)

        try fixture.store.sync()
        try fixture.reopen(now: 50)

        for (query, expected) in zip(queries, before) {
            expectEqual(
                expected, try await fixture.values(query, from: 1, to: 44, step: 1), tolerance: 1e-9, query)
        }
    }
}
