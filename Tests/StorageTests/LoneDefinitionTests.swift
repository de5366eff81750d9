import Journal
import Storage
import Testing
import TimeSeries

/// Damage to the log where it says what tables and series are, to which all records behind refer.
@Suite struct LoneDefinitionTests {
    private static let path = "log/0000000001.log"
    private let targets = ["a", "b"].map { Labels(["job": $0]) }

    private func columns(_ range: Range<Int>) -> [Labels] {
        range.map { Labels(["__name__": "m", "number": "\($0)"]) }
    }

    private func open(_ disk: SimulatedDisk) throws -> Store { try Store(disk: disk, now: at(0)) }

    /// No cell is that of the row before.
    private func value(_ number: Int, _ step: Int) -> Double { (Double(number) + 0.1) / (Double(step) + 0.7) }

    private func push(_ store: Store, _ range: Range<Int>, _ step: Int) {
        _ = store.append(
            range.map {
                SeriesSamples(
                    labels: Labels(["__name__": "p", "number": "\($0)"]),
                    samples: [Sample(at(step), value($0, step))])
            })
    }

    /// Tables, columns and series that come one after the other, a frame of the log each step.
    private func filled(_ disk: SimulatedDisk, steps: Int = 40) throws -> Store {
        let store = try open(disk)
        let first = try store.openTable(target: targets[0], columns: columns(0..<200))
        var second: TableID?
        for step in 0..<steps {
            if step == 5 { second = try store.openTable(target: targets[1], columns: columns(0..<30)) }
            if step == 12, let second { try store.extendTable(second, columns: columns(30..<50)) }
            _ = store.append(first, at: at(step), row: (0..<200).map { value($0, step) })
            if let second {
                let width = step < 12 ? 30 : 50
                _ = store.append(second, at: at(step), row: (0..<width).map { value($0, step) })
            }
            if step >= 7 { push(store, 0..<(step < 15 ? 3 : 6), step) }
            try store.sync()
        }
        disk.kill()
        return store
    }

    private func definitions(_ disk: SimulatedDisk) throws -> [[UInt8]] {
        var found: [[UInt8]] = []
        try Log(disk: disk, folder: "log").forEach { _, record in
            if [1, 2, 5].contains(record[0]) { found.append(record) }
        }
        return found
    }

    @Test func `a flipped bit anywhere in the log costs the samples of its frame and no others`() async throws
    {
        let disk = SimulatedDisk()
        let total = try filled(disk).statistics().samples
        let bytes = try #require(disk.contents(Self.path))
        for place in stride(from: 1, to: bytes.count, by: 131) {
            var damaged = bytes
            damaged[place] ^= 4
            disk.setContents(Self.path, damaged)
            let store = try open(disk)

            let found = try await select(store, [])
            let samples = found.reduce(0) { $0 + $1.values.count }
            #expect(total - samples <= 256, "byte \(place)")
            for series in found {
                let number = try #require(series.labels["number"].flatMap { Int($0) })
                let steps = series.times.milliseconds.map { Int($0 / 1000) }
                #expect(series.values == steps.map { value(number, $0) }, "byte \(place)")
            }
            #expect(store.statistics().unreadableRecords == 0, "byte \(place)")
            for loss in store.statistics().losses {
                if let from = loss.from, let to = loss.to {
                    #expect(to <= from + .seconds(2), "byte \(place)")
                }
            }
        }
    }

    @Test func `what is said twice is said no more often, over restarts and snapshots`() throws {
        let disk = SimulatedDisk()
        _ = try filled(disk)
        let said = try definitions(disk)
        // Two tables, columns, six series.
        #expect(Set(said).count == 9 && said.count == 18)

        let other = SimulatedDisk()
        _ = try filled(other, steps: 6)
        #expect(try Set(definitions(other)).count == 2)
        for round in 0..<3 {
            let store = try open(other)
            for step in 6..<12 {
                let step = 10 * round + step
                let table = try store.openTable(target: targets[0], columns: columns(0..<200))
                _ = store.append(table, at: at(step), row: (0..<200).map { value($0, step) })
                try store.sync()
            }
            other.kill()
            #expect(try definitions(other).count == 4)
        }

        let third = SimulatedDisk()
        let store = try open(third)
        let table = try store.openTable(target: targets[0], columns: columns(0..<200))
        try store.snapshot()
        for step in 0..<10 {
            _ = store.append(table, at: at(step), row: (0..<200).map { value($0, step) })
            try store.sync()
        }
        third.kill()
        #expect(try definitions(third).isEmpty)
    }

    @Test func `what refers to something lost is counted, and the gap reaches to its end`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        let table = try store.openTable(target: targets[0], columns: columns(0..<3))
        for step in 0..<10 {
            _ = store.append(table, at: at(step), row: [1, 2, Double(step)])
            try store.sync()
        }
        disk.kill()
        var bytes = try #require(disk.contents(Self.path))
        try #require(bytes.count < 4096)
        bytes[100] ^= 1
        disk.setContents(Self.path, bytes)

        let statistics = try open(disk).statistics()
        #expect(statistics.samples == 0)
        #expect(statistics.unreadableRecords == 9)
        #expect(statistics.losses.map(\.to) == [at(9)])
    }

    @Test func `a gap reaches over the rows that lack cells of a lost one before`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        let table = try store.openTable(target: targets[0], columns: columns(0..<3))
        var ends: [Int] = []
        for step in 0..<40 {
            _ = store.append(table, at: at(step), row: [1, 2, Double(step)])
            try store.sync()
            ends.append(try #require(disk.contents(Self.path)?.count))
        }
        disk.kill()
        var bytes = try #require(disk.contents(Self.path))
        bytes[ends[5] - 1] ^= 1
        disk.setContents(Self.path, bytes)

        let reopened = try open(disk)
        // Of the row lost three, of the rows up to the next whole one two each.
        #expect(reopened.statistics().samples == 120 - 3 - 2 * 10)
        #expect(reopened.statistics().unreadableRecords == 10)
        #expect(reopened.statistics().losses.map(\.from) == [at(4)])
        #expect(reopened.statistics().losses.map(\.to) == [at(15)])
    }

    /// A store with a deletion whose record is said again; the offset of its first frame, and how many samples are left.
    private func deleted(_ disk: SimulatedDisk, steps: Int = 60) throws -> (place: Int, left: Int) {
        let store = try open(disk)
        let table = try store.openTable(target: targets[0], columns: columns(0..<50))
        var place = 0
        for step in 0..<steps {
            _ = store.append(table, at: at(step), row: (0..<50).map { value($0, step) })
            try store.sync()
            if step == 20 {
                place = try #require(disk.contents(Self.path)).count
                try store.delete([[Matcher(equal: "number", "7")]], in: at(0)...at(20))
            }
        }
        disk.kill()
        return (place, 50 * steps - 21)
    }

    private func said(_ kind: UInt8, _ disk: SimulatedDisk) throws -> Int {
        var count = 0
        try Log(disk: disk, folder: "log").forEach { _, record in count += record[0] == kind ? 1 : 0 }
        return count
    }

    private func sampleCount(_ store: Store) async throws -> Int {
        try await select(store, []).reduce(0) { $0 + $1.values.count }
    }

    @Test func `damage to the frame of a deletion brings nothing back`() async throws {
        let disk = SimulatedDisk()
        let (place, left) = try deleted(disk)
        #expect(try said(32, disk) == 2)
        let bytes = try #require(disk.contents(Self.path))
        for offset in [place + 5, place + 45] {
            var damaged = bytes
            damaged[offset] ^= 1
            disk.setContents(Self.path, damaged)
            let store = try open(disk)
            #expect(try await sampleCount(store) == left)
            #expect(store.statistics().tombstones == 1)
            #expect(store.statistics().losses.count == 1)
        }
    }

    @Test func `a deletion that is said twice is one, over restarts, cleanings and snapshots`() async throws {
        let disk = SimulatedDisk()
        let (_, left) = try deleted(disk, steps: 24)
        // Not far enough yet.
        #expect(try said(32, disk) == 1)
        var store = try open(disk)
        let table = try store.openTable(target: targets[0], columns: columns(0..<50))
        for step in 24..<60 {
            _ = store.append(table, at: at(step), row: (0..<50).map { value($0, step) })
            try store.sync()
        }
        disk.kill()
        #expect(try said(32, disk) == 2)
        for _ in 0..<2 {
            store = try open(disk)
            #expect(store.statistics().tombstones == 1)
            try store.sync()
            disk.kill()
            #expect(try said(32, disk) == 2)
        }

        store = try open(disk)
        try store.removeDeleted()
        #expect(store.statistics().tombstones == 0)
        #expect(try await sampleCount(store) == left + 50 * 36)
        // What is pushed there now stays.
        let series = columns(7..<8)[0].merging(targets[0])
        _ = store.append([SeriesSamples(labels: series, samples: [Sample(at(3), 1)])])
        for step in 60..<90 {
            push(store, 0..<30, step)
            try store.sync()
        }
        disk.kill()
        #expect(try said(32, disk) == 0)
        store = try open(disk)
        #expect(store.statistics().tombstones == 0)
        #expect(
            try await select(store, [Matcher(equal: "number", "7"), Matcher(equal: "__name__", "m")])
                .contains { $0.times.milliseconds.contains(3000) })
    }

    @Test func `a deletion that was cleaned is not said again`() throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        push(store, 0..<30, 0)
        try store.delete([[Matcher(equal: "number", "7")]], in: at(0)...at(20))
        // The snapshot fails, so that the log has both records.
        disk.failCall(2, lasts: true)
        #expect(throws: (any Error).self) { try store.removeDeleted() }
        disk.heal()
        for step in 1..<30 {
            push(store, 0..<30, step)
            try store.sync()
        }
        #expect(try said(32, disk) == 1)
        #expect(try said(33, disk) == 1)
        disk.kill()
        let reopened = try open(disk)
        #expect(reopened.statistics().tombstones == 0)
        #expect(reopened.statistics().samples == 30 * 30 - 1)
    }
}
