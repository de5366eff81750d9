import Journal
import Storage
import Testing
import TimeSeries

/// The end of the log behind a snapshot, gone or cut off: what stood there was acknowledged, and no record behind shows it.
@Suite struct LostLogTests {
    private let labels = Labels(["__name__": "m"])

    private func fill(_ store: Store, _ steps: Range<Int>) throws {
        for step in steps {
            _ = store.append([SeriesSamples(labels: labels, samples: [Sample(at(step), Double(step))])])
            try store.sync()
        }
    }

    /// Snapshots, and a log of one file with samples behind the newest.
    private func filled(_ disk: SimulatedDisk) throws -> String {
        let store = try Store(disk: disk, now: at(0))
        for steps in [0..<60, 60..<100] {
            try fill(store, steps)
            try store.snapshot()
        }
        try fill(store, 100..<140)
        disk.kill()
        let paths = disk.paths.filter { $0.hasPrefix("log/") }
        #expect(paths.count == 1)
        return paths[0]
    }

    @Test func `a log that ends before the snapshot is a loss, from its newest sample to the start`() throws {
        let disk = SimulatedDisk()
        let path = try filled(disk)
        let whole = try #require(disk.contents(path))
        #expect(try StoreVerification.run(disk).isIntact)
        #expect(try Store(disk: disk.durableCopy(), now: at(140)).statistics().losses.isEmpty)

        for left in [nil, [], Array(whole.prefix(40)), Array(whole.prefix(60))] {
            disk.setContents(path, left)
            #expect(!(try StoreVerification.run(disk).isIntact), "\(left?.count ?? -1)")
            let copy = disk.durableCopy()
            let store = try Store(disk: copy, now: at(140))
            store.note(now: at(200))

            let losses = store.statistics().losses
            #expect(losses.map(\.path) == ["log"], "\(left?.count ?? -1)")
            #expect(losses.first?.from == at(99) && losses.first?.to == at(200))
            // It is told once: the next snapshot knows of the new log.
            try fill(store, 200..<210)
            try store.snapshot()
            copy.kill()
            let reopened = try Store(disk: copy, now: at(210))
            #expect(reopened.statistics().losses.isEmpty)
            #expect(reopened.statistics().samples == 110)
        }
    }

    @Test func `a damaged header of a log without records is no loss`() throws {
        let disk = SimulatedDisk()
        let store = try Store(disk: disk, now: at(0))
        try fill(store, 0..<60)
        try store.snapshot()
        disk.kill()
        let path = try #require(disk.paths.first { $0.hasPrefix("log/") })
        var bytes = try #require(disk.contents(path))
        try #require(bytes.count == 40)
        bytes[20] ^= 1
        disk.setContents(path, bytes)

        let reopened = try Store(disk: disk, now: at(60))
        #expect(reopened.statistics().losses.isEmpty && !reopened.statistics().isIncomplete)
        #expect(reopened.statistics().samples == 60)
    }

    @Test func `where the first records of all are lost, the gap is about as long as as many behind took`()
        throws
    {
        let disk = SimulatedDisk()
        let store = try Store(disk: disk, now: at(0))
        try fill(store, 1000..<1060)
        disk.kill()
        let path = "log/0000000001.log"
        var bytes = try #require(disk.contents(path))
        // The frame behind the header of the file.
        bytes[60] ^= 1
        disk.setContents(path, bytes)

        let statistics = try Store(disk: disk, now: at(1060)).statistics()
        let loss = try #require(statistics.losses.first)
        let count = try #require(loss.sequences?.count)
        #expect(statistics.losses.count == 1 && loss.sequences?.lowerBound == 1 && (1...4).contains(count))
        #expect(loss.from == at(1001 - count))
        #expect((1.0...70).contains(statistics.gapSeconds))

        // Nothing tells how fast they came.
        let only = SimulatedDisk()
        try fill(try Store(disk: only, now: at(0)), 1000..<1002)
        only.kill()
        var few = try #require(only.contents(path))
        few[60] ^= 1
        only.setContents(path, few)
        let reopened = try Store(disk: only, now: at(1002))
        #expect(reopened.statistics().losses.map(\.from) == [nil])
        #expect(reopened.statistics().gapSeconds == 15 * 86_400)
    }

    @Test func `a copy has no log and misses none`() throws {
        let disk = SimulatedDisk()
        _ = try filled(disk)
        let copy = SimulatedDisk()
        try Store(disk: disk, now: at(140)).copy(to: copy)

        #expect(try StoreVerification.run(copy).isIntact)
        let store = try Store(disk: copy, now: at(140))
        #expect(store.statistics().losses.isEmpty)
        #expect(store.statistics().samples == 140)
    }

    @Test(arguments: [false, true])
    func `a next file of the log in which nothing can be read costs none before it`(hasSnapshot: Bool) throws
    {
        let disk = SimulatedDisk()
        let path: String
        if hasSnapshot {
            path = try filled(disk)
        } else {
            try fill(try Store(disk: disk, now: at(0)), 0..<140)
            disk.kill()
            path = "log/0000000001.log"
        }
        let own = try #require(disk.contents(path))
        let number = try #require(Int(path.dropFirst(4).prefix(10)))
        let next = "log/" + String(String(10_000_000_000 + number + 1).dropFirst()) + ".log"
        let contents = [
            [], [7, 7], [UInt8](repeating: 120, count: 100), [UInt8](repeating: 0, count: 4096), own,
        ]
        for content in contents {
            let copy = disk.durableCopy()
            copy.setContents(next, content)
            let store = try Store(disk: copy, now: at(140))
            #expect(store.statistics().samples == 140, "\(content.count)")
            #expect(store.statistics().losses.isEmpty, "\(content.count)")
            // It goes on behind that, and nothing is taken for superfluous.
            try fill(store, 140..<160)
            copy.kill()
            let again = try Store(disk: copy, now: at(160))
            #expect(again.statistics().samples == 160, "\(content.count)")
            try again.snapshot()
            try again.snapshot()
            copy.kill()
            let last = try Store(disk: copy, now: at(160))
            #expect(last.statistics().samples == 160 && last.statistics().losses.isEmpty, "\(content.count)")
        }
    }
}
