import Journal
import PromQL
import Testing
import TimeSeries

@testable import Storage

/// Series of a table are listed where they have samples, as they are read, though their columns are there for good.
@Suite struct VacancyTests {
    private let disk = SimulatedDisk()
    private let store: Store
    private let all = try! Matcher("__name__", .regex, ".+")

    init() throws {
        var configuration = StoreConfiguration()
        configuration.rollups = []
        store = try Store(disk: disk, configuration: configuration, now: at(0))
    }

    private func listed(_ range: ClosedRange<Int>, _ store: Store? = nil) async throws -> [String] {
        let range = at(range.lowerBound)...at(range.upperBound)
        return try await (store ?? self.store).series([[all]], in: range).map(\.metricName)
    }

    private func read(_ range: ClosedRange<Int>) async throws -> [String] {
        let selection = Selection([all], in: at(range.lowerBound)...at(range.upperBound))
        return try await store.select([selection])[0].map(\.labels.metricName)
    }

    @Test func `series are listed by any range as they are read, in raw rows, short parts and long ones`()
        async throws
    {
        var random = SplitMix(seed: 1)
        let table = try store.open("a", (0..<70).map { "m\($0)" })
        // Each column has samples from one row to another, the first none at all.
        let lives = (0..<70).map { column in
            let first = Int.random(in: 0..<600, using: &random)
            return column == 0 ? 0..<0 : first..<min(620, first + Int.random(in: 1...200, using: &random))
        }
        for row in 0..<620 {
            let cells = lives.map { $0.contains(row) ? Double(row) : Marker.absent }
            _ = store.append(table, at: at(row), row: cells)
            if row % 50 == 0 { try store.maintain(now: at(row)) }
        }

        for _ in 0..<200 {
            let first = Int.random(in: 0..<640, using: &random)
            let range = first...first + Int.random(in: 0..<100, using: &random)
            let expected = lives.indices.filter { lives[$0].overlaps(range) }.map { "m\($0)" }.sorted()
            let listed = try await listed(range)
            let names = try await store.labelValues(
                "__name__", [[all]], in: at(range.lowerBound)...at(range.upperBound))
            #expect(listed == expected, "\(range)")
            #expect(names == expected, "\(range)")
            #expect(try await read(range) == expected, "\(range)")
        }
    }

    @Test func `what was deleted is listed neither before nor after it is cleaned, until it comes again`()
        async throws
    {
        let table = try store.open("a", ["gone", "stays"])
        for row in 0..<300 { _ = store.append(table, at: at(row), row: [1, 2]) }
        let range = at(0)...at(1000)
        try store.delete([[Matcher(equal: "__name__", "gone")]], in: range)

        for isClean in [false, true] {
            if isClean { try store.removeDeleted() }
            #expect(try await listed(0...1000) == ["stays"])
            #expect(try await store.labelValues("__name__", [], in: range) == ["stays"])
            #expect(try await store.labelValues("__name__", [], in: range) == ["stays"])
            #expect(try await store.labelNames([], in: range) == ["__name__", "host"])
        }
        #expect(store.contents().metrics.keys.sorted() == ["stays"])
        disk.crash()
        let reopened = try Store(disk: disk, now: at(300))
        #expect(try await listed(0...1000, reopened) == ["stays"])
        #expect(try await reopened.labelValues("__name__", [], in: range) == ["stays"])

        _ = store.append(table, at: at(400), row: [1, 2])
        #expect(try await listed(0...1000) == ["gone", "stays"])
        #expect(try await store.labelValues("__name__", [], in: range) == ["gone", "stays"])
    }

    @Test func `a target of which all was deleted and cleaned leaves no values of labels`() async throws {
        for host in ["a", "b"] {
            let table = try store.open(host)
            for row in 0..<20 { _ = store.append(table, at: at(row), row: [1]) }
        }

        try store.delete([[Matcher(equal: "host", "a")]], in: at(0)...at(1000))
        try store.removeDeleted()

        #expect(try await store.labelValues("host", [], in: at(0)...at(1000)) == ["b"])
        #expect(try await listed(0...1000) == ["up"])
    }

    @Test func `of samples that are gone, windows tell which series there were`() async throws {
        var configuration = StoreConfiguration()
        configuration.retention = .seconds(3600)
        let fixture = try RollupFixture(configuration)
        try fixture.fill(0..<10)
        func listed(_ from: Double, _ to: Double) async throws -> [String] {
            let range = RollupFixture.time(hours: from)...RollupFixture.time(hours: to)
            return try await fixture.store.series([[all]], in: range).map(\.metricName)
        }
        let others = RollupFixture.names.filter { $0 != "ended" }.sorted()
        #expect(
            fixture.store.statistics().oldest ?? RollupFixture.time(hours: 0) > RollupFixture.time(hours: 6))

        #expect(try await listed(1, 2) == RollupFixture.names.sorted())
        #expect(try await listed(4.1, 4.2) == RollupFixture.names.sorted())
        #expect(try await listed(5, 6) == others)
        #expect(try await listed(9.5, 10) == others)
        #expect(try await listed(0, 10) == RollupFixture.names.sorted())
    }
}
