import Journal
import Storage
import Testing
import TimeSeries

/// Clocks that jump, and windows that change: what was taken stays taken.
@Suite struct ClockJumpTests {
    private let target = Labels(["instance": "a"])
    private let columns = [Labels(["__name__": "load"])]
    private let pushed = Labels(["__name__": "pushed"])

    private func push(_ store: Store, _ second: Int, _ value: Double) -> AppendReport {
        store.append([SeriesSamples(labels: pushed, samples: [Sample(at(second), value)])])
    }

    private func times(_ store: Store) async throws -> [[Int]] {
        try await select(store, []).map { $0.times.milliseconds.map { Int($0 / 1000) } }
    }

    @Test func `after an hour ahead and back, samples of the right time are taken at once, and survive`()
        async throws
    {
        let disk = SimulatedDisk()
        let store = try Store(disk: disk, now: at(0))
        let table = try store.openTable(target: target, columns: columns)
        for second in [0, 15, 30, 3645, 3660] {
            store.note(now: at(second))
            #expect(store.append(table, at: at(second), row: [Double(second)]).accepted == 1)
            #expect(push(store, second, Double(second)).accepted == 1)
        }

        // Before the store knows the time, what comes is too old.
        #expect(push(store, 60, 60).tooOld == 1)
        for second in [75, 90, 105] {
            store.note(now: at(second))
            #expect(store.append(table, at: at(second), row: [Double(second)]).accepted == 1)
            #expect(push(store, second, Double(second)).accepted == 1)
        }
        let expected = [0, 15, 30, 75, 90, 105, 3645, 3660]
        #expect(try await times(store) == [expected, expected])
        try store.sync()
        disk.crash()

        #expect(try await times(try Store(disk: disk, now: at(0))) == [expected, expected])
    }

    @Test func `a clock ten years ahead or behind stops nothing and overflows nothing`() async throws {
        let store = try Store(disk: SimulatedDisk(), now: at(0))
        let years = 10 * 365 * 86_400
        for second in [100, 100 + years, 115, 130, -years, 145] {
            store.note(now: at(second))
            #expect(push(store, second, 1).accepted == 1, "\(second)")
        }
        for now in [Timestamp.distantPast, .distantFuture] {
            store.note(now: now)
            #expect(push(store, 100 + years, 1).repeated == 1)
        }
    }

    @Test func `late samples that were acknowledged survive a restart with a smaller window`() async throws {
        let disk = SimulatedDisk()
        var configuration = StoreConfiguration(outOfOrderWindow: .seconds(3600))
        let store = try Store(disk: disk, configuration: configuration, now: at(0))
        for second in [5000, 2000, 3000] { #expect(push(store, second, 1).accepted == 1) }
        #expect(push(store, 1000, 1).tooOld == 1)
        try store.sync()
        disk.crash()

        configuration.outOfOrderWindow = .seconds(60)
        let reopened = try Store(disk: disk, configuration: configuration, now: at(0))
        #expect(try await times(reopened) == [[2000, 3000, 5000]])
        #expect(push(reopened, 4000, 1).tooOld == 1)
        #expect(push(reopened, 4950, 1).accepted == 1)
        try reopened.snapshot()
        #expect(push(reopened, 4960, 1).accepted == 1)
        try reopened.sync()
        disk.crash()

        // And a larger one takes nothing that was refused.
        configuration.outOfOrderWindow = .seconds(7200)
        let last = try Store(disk: disk, configuration: configuration, now: at(0))
        #expect(try await times(last) == [[2000, 3000, 4950, 4960, 5000]])
        #expect(push(last, 1000, 1).accepted == 1)
    }

    @Test func `moments that no clock tells are refused, of rows and of single series`() throws {
        let store = try Store(disk: SimulatedDisk(), now: at(0))
        let labels = Labels(["__name__": "m"])
        let table = try store.openTable(target: Labels(["instance": "a"]), columns: [labels])
        for milliseconds in [Int64.min, -(1 << 50) - 1, (1 << 50) + 1, .max] {
            let moment = Timestamp(milliseconds: milliseconds)
            #expect(store.append(table, at: moment, row: [1]).limited == 1)
            let single = store.append([SeriesSamples(labels: labels, samples: [Sample(moment, 1)])])
            #expect(single.accepted == 0)
        }
        #expect(store.statistics().samples == 0)
    }
}
