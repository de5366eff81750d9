import Journal
import Storage
import Testing
import TimeSeries

/// What a snapshot promises once it is written, and which of several is taken.
@Suite struct SnapshotOrderTests {
    private let labels = Labels(["__name__": "a"])

    private func open(_ disk: SimulatedDisk) throws -> Store { try Store(disk: disk, now: at(0)) }

    private func fill(_ store: Store, _ steps: Range<Int>) {
        for step in steps {
            _ = store.append([SeriesSamples(labels: labels, samples: [Sample(at(step), Double(step))])])
        }
    }

    private func count(_ store: Store) async throws -> Int {
        try await select(store, []).first?.values.count ?? 0
    }

    /// Two snapshots, after 300 and after 400 samples, whose log is gone.
    private func twoSnapshots() throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        let store = try open(disk)
        fill(store, 0..<300)
        try store.snapshot()
        fill(store, 300..<400)
        try store.snapshot()
        disk.kill()
        for path in disk.paths where path.hasPrefix("log/") { disk.setContents(path, nil) }
        return disk
    }

    @Test func `a snapshot that was written is whole after a power cut`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        for round in 1...3 {
            fill(store, (round - 1) * 300..<round * 300)
            try store.snapshot()

            let reopened = try open(disk.durableCopy())

            // A file of it that was not synchronised would be told here, though the one before stands in for it.
            #expect(reopened.statistics().damage.isEmpty, "round \(round)")
            #expect(try await count(reopened) == round * 300, "round \(round)")
        }
    }

    @Test(arguments: [SimulatedDisk.NamesKept.synchronised, .renamed, .all])
    func `whichever names a power cut leaves, no manifest counts files that are not there`(
        names: SimulatedDisk.NamesKept
    ) async throws {
        var call = 0
        var isDone = false
        while !isDone {
            call += 1
            let disk = SimulatedDisk()
            let store = try open(disk)
            for round in 0..<3 {
                fill(store, round * 300..<round * 300 + 300)
                if round < 2 { try store.snapshot() }
            }
            try store.sync()
            let before = disk.calls
            disk.failCall(call, lasts: true)
            try? store.snapshot()
            isDone = disk.calls - before < call

            disk.crash(names: names)

            let found = try StoreVerification.run(disk)
            #expect(found.isIntact, "call \(call): \(found.findings.map { "\($0.path) \($0.what)" })")
            let reopened = try open(disk)
            #expect(try await count(reopened) == 900, "call \(call)")
            #expect(reopened.statistics().damage.isEmpty, "call \(call)")
        }
        #expect(call > 10)
    }

    @Test func `of two manifests the newest is taken`() async throws {
        #expect(try await count(try open(try twoSnapshots())) == 400)
    }

    @Test func `of two manifests the older is taken where the newest is torn at any byte`() async throws {
        let disk = try twoSnapshots()
        let newest = try #require(disk.paths.last { $0.contains("/manifest-") })
        let bytes = try #require(disk.contents(newest))
        // Behind its frame only what would mend it may be missing.
        let recordEnd = 80 + Int(bytes[48])

        for length in 0..<bytes.count {
            let torn = disk.durableCopy()
            torn.setContents(newest, Array(bytes[..<length]))
            let store = try open(torn)
            let samples = try await count(store)
            #expect(samples == 300 || samples == 400 && length >= recordEnd, "\(length) bytes")
            #expect(store.statistics().damage.contains { $0.path == newest }, "\(length) bytes")
        }
    }

    @Test func `rollups are there again where all manifests are missing`() async throws {
        var fixture = try RollupFixture(StoreConfiguration(retention: .seconds(7200)))
        for hours in [0..<8, 8..<16, 16..<30] {
            try fixture.fill(hours)
            try fixture.store.snapshot()
        }
        let before = fixture.store.statistics()
        try #require(before.rollupBuckets > 0)
        let files = fixture.disk.paths
        try #require(files.contains { $0.hasPrefix("snapshots/rollups-") })
        fixture.disk.kill()
        for path in files where path.contains("/manifest-") { fixture.disk.setContents(path, nil) }

        try fixture.reopen(now: 30)

        let after = fixture.store.statistics()
        #expect(after.rollupBuckets == before.rollupBuckets)
        #expect(after.samples == before.samples)
        let whole = try await fixture.values("count_over_time(gauge[1h])", from: 1, to: 20, step: 1)
        #expect(whole.values.first?.count == 20)
        // They are known to the next snapshot, and not written twice.
        try fixture.store.snapshot()
        try fixture.reopen(now: 30)
        #expect(fixture.store.statistics().rollupBuckets == before.rollupBuckets)
        #expect(fixture.store.statistics().damage.isEmpty)
    }

    /// The records in all chunk files.
    private func parts(_ disk: SimulatedDisk) throws -> Int {
        try disk.paths.filter { $0.contains("/chunks-") }.reduce(0) { count, path in
            let number = try #require(path.split(separator: "-").last.flatMap { UInt64($0) })
            return count + (try RecordFile.read(disk, path, id: number) { _, _ in }.records)
        }
    }

    @Test func `whichever call of a snapshot fails, parts are written once`() async throws {
        var failures = 0
        for call in 1...60 {
            let disk = SimulatedDisk()
            let store = try open(disk)
            for round in 0..<3 {
                fill(store, round * 300..<round * 300 + 300)
                if round == 2 { disk.failCall(call) }
                do {
                    try store.snapshot()
                } catch {
                    failures += 1
                }
            }
            disk.heal()
            fill(store, 900..<910)
            for _ in 0..<2 { try store.snapshot() }

            #expect(try parts(disk) == 4, "call \(call)")
            #expect(disk.paths.filter { $0.contains("/state-") }.count == 2, "call \(call)")
            disk.crash()
            #expect(try open(disk).statistics().samples == 910, "call \(call)")
        }
        #expect(failures > 10 && failures < 60)
    }

    @Test func `names that no snapshot gives are somebody's own`() throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        let names = [
            "chunks-18446744073709551615", "chunks-000000000001", "chunks-1", "chunks-", "rollups-0000000001",
            "rollups-0300000-0000000001", "state-0000000003.bak", "state-0000000002.new", "states-0000000001",
        ]
        for name in names { disk.setContents("snapshots/" + name, [1]) }
        let folders = ["snapshots/chunks-old", "snapshots/manifest-0000000005", "snapshots/state-0000000002"]
        for folder in folders { try disk.createFolder(folder) }

        for round in 0..<4 {
            fill(store, round * 300..<round * 300 + 300)
            // Where a folder has the name of a file of it, it takes the next number.
            try store.snapshot()
        }

        for name in names { #expect(disk.contents("snapshots/" + name) == [1], "\(name)") }
        let found = try StoreVerification.run(disk)
        #expect(found.isIntact)
        #expect(Set(found.findings.map(\.path)) == Set(names.map { "snapshots/" + $0 } + folders))
        disk.kill()
        let reopened = try open(disk)
        #expect(reopened.statistics().samples == 1200)
        #expect(reopened.statistics().damage.isEmpty)
        try reopened.snapshot()
    }

    @Test(arguments: ["manifest", "state", "chunks", "rollups-300000"], [[], [1, 2, 3]])
    func `a file that is none of a snapshot's does not say with which number they go on`(
        kind: String, content: [UInt8]
    ) async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        fill(store, 0..<300)
        try store.snapshot()
        disk.kill()
        let foreign = "snapshots/\(kind)-9223372036854775807"
        disk.setContents(foreign, content)

        let reopened = try open(disk)
        for round in 1...3 {
            fill(reopened, round * 300..<round * 300 + 300)
            try reopened.snapshot()
        }

        #expect(disk.paths.contains { $0.hasPrefix("snapshots/manifest-00000000") })
        disk.kill()
        let last = try open(disk)
        #expect(try await count(last) == 1200)
        #expect(last.statistics().damage.isEmpty && last.statistics().losses.isEmpty)
    }

    @Test(arguments: [false, true])
    func `parts that stand in two files are there once`(isTable: Bool) async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        if isTable {
            let table = try store.openTable(target: Labels(["job": "a"]), columns: [labels])
            for step in 0..<1000 { _ = store.append(table, at: at(step), row: [Double(step)]) }
        } else {
            fill(store, 0..<1000)
        }
        try store.snapshot()
        disk.kill()
        let chunks = try #require(disk.paths.first { $0.contains("/chunks-") })
        let state = try #require(disk.paths.first { $0.contains("/state-") })
        #expect(chunks.hasSuffix("-0000000001"))
        // As a snapshot leaves them that ended before its manifest.
        for (path, copy) in [(chunks, "snapshots/chunks-0000000009"), (state, "snapshots/state-0000000009")] {
            let file = try RecordFile(disk, copy, id: 9)
            _ = try RecordFile.read(disk, path, id: 1) { try file.append($1) }
            try file.finish()
        }
        for path in disk.paths where path.contains("/manifest-") || path.hasPrefix("log/") {
            disk.setContents(path, nil)
        }

        let reopened = try open(disk)
        #expect(reopened.statistics().samples == 1000)
        #expect(try await count(reopened) == 1000)
    }
}
