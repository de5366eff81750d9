import Dispatch
import Journal
import Testing
import TimeSeries

@testable import Storage

/// Reading by several workers, within a limit.
@Suite struct ReadingTests {
    private static let moment: Int64 = 1_700_000_000_000
    private static let everything = Selection(
        [Matcher(equal: "job", "a")],
        in: Timestamp(milliseconds: 0)...Timestamp(milliseconds: moment * 2))

    /// Seven targets of five series and six single series, forty samples each.
    private func store(_ workers: Workers) throws -> Store {
        let store = try Store(
            disk: SimulatedDisk(), workers: workers, now: Timestamp(milliseconds: Self.moment))
        let columns = (0..<5).map { Labels(["__name__": "m\($0)"]) }
        for target in 0..<7 {
            let table = try store.openTable(
                target: Labels(["instance": "h\(target)", "job": "a"]), columns: columns)
            for row in 0..<40 {
                let time = Timestamp(milliseconds: Self.moment + Int64(row) * 15_000 + Int64(target))
                _ = store.append(table, at: time, row: (0..<5).map { Double($0 * row + target) })
            }
        }
        for number in 0..<6 {
            let samples = (0..<40).map {
                Sample(Timestamp(milliseconds: Self.moment + Int64($0) * 15_000), Double($0 * number))
            }
            _ = store.append([
                SeriesSamples(labels: Labels(["__name__": "single\(number)", "job": "a"]), samples: samples)
            ])
        }
        return store
    }

    @Test func `several workers read the same in the same order`() async throws {
        let eager = Workers(count: 3, isEager: true) { pieces, body in
            DispatchQueue.concurrentPerform(iterations: pieces, execute: body)
        }

        let expected = try await store(.one).select([Self.everything])[0]
        let read = try await store(eager).select([Self.everything])[0]

        #expect(expected.count == 7 * 5 + 6)
        #expect(read.map(\.labels) == expected.map(\.labels))
        #expect(read.map(\.values) == expected.map(\.values))
        #expect(read.map(\.times.milliseconds) == expected.map(\.times.milliseconds))
    }

    @Test(arguments: [(41 * 40, true), (41 * 40 - 1, false), (7 * 5 * 40 - 1, false), (0, false)])
    func `more samples than the limit are refused`(limit: Int, isEnough: Bool) async throws {
        let store = try store(.one)

        if isEnough {
            let read = try await store.select([Self.everything], sampleLimit: limit)[0]
            #expect(read.reduce(0) { $0 + $1.values.count } == 41 * 40)
        } else {
            await #expect(throws: TooManySamples.self) {
                try await store.select([Self.everything], sampleLimit: limit)
            }
        }
    }

    @Test func `all selections of a query share one limit`() async throws {
        let store = try store(.one)

        await #expect(throws: TooManySamples.self) {
            try await store.select([Self.everything, Self.everything], sampleLimit: 41 * 40 + 1)
        }
    }

    @Test func `a part of sealed rows is read as it is`() async throws {
        let first = Timestamp(milliseconds: Self.moment + 5 * 15_000 + 3)
        let range = first...(first + .milliseconds(20 * 15_000))
        let selection = Selection(
            [Matcher(equal: "__name__", "m1"), Matcher(equal: "instance", "h3")], in: range)

        let read = try await store(.one).select([selection])[0]

        #expect(read.map(\.values) == [(5...25).map { Double($0 + 3) }])
    }
}
