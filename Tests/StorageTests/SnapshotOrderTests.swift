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
}
