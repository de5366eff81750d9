import Journal
import Testing
import TimeSeries

@testable import Storage

/// Lists of label values that are kept stay those of the series that there are.
@Suite struct ValueListTests {
    private let store: Store

    init() throws { store = try .ofTargets() }

    private func values(_ name: String, _ range: ClosedRange<Int>) async throws -> [String] {
        try await store.labelValues(name, [], in: at(range.lowerBound)...at(range.upperBound))
    }

    @Test func `a target that comes is in the next list, in order`() async throws {
        let b = try store.open("b")
        _ = store.append(b, at: at(10), row: [1])
        #expect(try await values("host", 0...100) == ["b"])
        #expect(try await values("host", 0...100) == ["b"])

        let a = try store.open("a")
        #expect(try await values("host", 0...100) == ["b"])
        _ = store.append(a, at: at(20), row: [1])

        #expect(try await values("host", 0...100) == ["a", "b"])
        #expect(try await values("host", 0...100) == ["a", "b"])
    }

    @Test func `only targets with a sample near the range are listed, whatever was listed before`()
        async throws
    {
        let (a, b) = (try store.open("a"), try store.open("b"))
        for second in 0..<10 { _ = store.append(a, at: at(second), row: [1]) }
        for second in 5..<30 { _ = store.append(b, at: at(second), row: [1]) }

        for _ in 0..<2 {
            #expect(try await values("host", 0...100) == ["a", "b"])
            #expect(try await values("host", 20...100) == ["b"])
            #expect(try await values("host", 0...3) == ["a"])
            #expect(try await values("host", 50...100) == [])
        }
        // What stopped goes on.
        _ = store.append(a, at: at(40), row: [1])
        #expect(try await values("host", 35...100) == ["a"])
        _ = store.append(b, at: at(41), row: [1])
        #expect(try await values("host", 35...100) == ["a", "b"])
    }

    @Test func `new columns bring new names, and dropped samples take theirs away`() async throws {
        let a = try store.open("a")
        _ = store.append(a, at: at(10), row: [1])
        #expect(try await values("__name__", 0...100) == ["up"])

        try store.extendTable(a, columns: [Labels(["__name__": "load"])])
        _ = store.append(a, at: at(20), row: [1, 2])
        #expect(try await values("__name__", 0...100) == ["load", "up"])

        _ = store.append([SeriesSamples(labels: Labels(["__name__": "pushed"]), samples: [Sample(at(20), 1)])]
        )
        #expect(try await values("__name__", 0...100) == ["load", "pushed", "up"])

        store.closeTable(a)
        try store.maintain(now: at(10_000_000))
        #expect(try await values("__name__", 0...10_000_000) == [])
    }
}

extension Store {
    /// An empty store without rollups, for lists of what targets have.
    static func ofTargets() throws -> Store {
        var configuration = StoreConfiguration()
        configuration.rollups = []
        return try Store(disk: SimulatedDisk(), configuration: configuration, now: at(0))
    }

    /// Opens the table of a host.
    func open(_ host: String, _ columns: [String] = ["up"]) throws -> TableID {
        try openTable(
            target: Labels(["host": host]), columns: columns.map { Labels(["__name__": $0]) })
    }
}
