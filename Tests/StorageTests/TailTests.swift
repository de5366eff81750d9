import Journal
import Testing
import TimeSeries

@testable import Storage

/// Raw tails, whose first lengths differ from table to table and from group to group.
struct TailTests {
    private let disk = SimulatedDisk()

    @Test func `pages hold rows as they came, and columns as they are sealed`() {
        var tail = TailRows(width: 3)
        for row in 0..<10 { tail.append([Double(row), Marker.absent, Double(10 * row)]) }

        #expect(tail.count == 10)
        #expect(tail.sampleCount == 20)
        #expect(tail[7, 2] == 70)
        #expect(Array(tail[9])[0] == 9)
        #expect(tail.cells.count == 30)
        let columns = tail.transposed()
        #expect(Array(columns[..<10]) == (0..<10).map(Double.init))
        #expect(Array(columns[20...]) == (0..<10).map { Double(10 * $0) })
        #expect(TailRows(tail.cells, width: 3).transposed()[25] == 50)
    }

    @Test func `tables and single series that begin together keep every sample at every length`() async throws
    {
        let store = try Store(disk: disk, now: at(0))
        let tables = try (0..<5).map {
            try store.openTable(
                target: Labels(["instance": "\($0)"]),
                columns: [Labels(["__name__": "a"]), Labels(["__name__": "b"])])
        }
        let single = (0..<80).map { Labels(["__name__": "single", "number": "\($0)"]) }
        for step in 1...70 {
            for table in tables { _ = store.append(table, at: at(step), row: [Double(step), Double(-step)]) }
            _ = store.append(
                single.map { SeriesSamples(labels: $0, samples: [Sample(at(step), Double(step))]) })
            guard step % 7 == 0 else { continue }
            let expected = (1...step).map(Double.init)
            let found = try await select(store, [Matcher(equal: "__name__", "a")])
            #expect(found.count == 5 && found.allSatisfy { $0.values == expected })
            let ones = try await select(store, [Matcher(equal: "__name__", "single")])
            #expect(ones.count == 80 && ones.allSatisfy { $0.values == expected })
            #expect(store.statistics(limit: 0).samples == step * 90)
        }
        try store.sync()

        let second = try Store(disk: disk, now: at(0))
        let found = try await select(second, [Matcher(equal: "__name__", "b")])
        #expect(found.count == 5 && found.allSatisfy { $0.values == (1...70).map { Double(-$0) } })
        #expect(second.statistics(limit: 0).samples == 70 * 90)
    }

    @Test func `samples by handle are those by labels, and an unknown handle takes nothing`() async throws {
        let store = try Store(disk: disk, now: at(0))
        let names = (0..<3).map { Labels(["__name__": "metric", "number": "\($0)"]) }
        var handles: [UInt32] = []
        _ = store.append(
            SampleBatch(names.map { SeriesSamples(labels: $0, samples: [Sample(at(1), 1)]) }),
            handles: &handles)

        let report = store.append(
            KnownSamples(
                handles: [handles[2], handles[0]], ends: [2, 3],
                samples: [
                    Sample(at(2), 5), Sample(at(3), 6), Sample(at(2), 7),
                ]))
        let refused = store.append(
            KnownSamples(
                handles: [handles[1], 1000], ends: [1, 2], samples: [Sample(at(2), 8), Sample(at(2), 9)]))

        #expect(report?.accepted == 3)
        #expect(refused == nil)
        try store.sync()
        for store in [store, try Store(disk: disk, now: at(0))] {
            let found = try await select(store, [Matcher(equal: "__name__", "metric")])
            #expect(found.map(\.values) == [[1, 7], [1], [1, 5, 6]])
        }
    }
}
