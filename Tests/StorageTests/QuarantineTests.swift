import Journal
import Storage
import Testing
import TimeSeries

/// Damaged files are set aside and not deleted; what of them can be read goes on.
@Suite struct QuarantineTests {
    private let columns = (0..<40).map { Labels(["__name__": "m\($0)"]) }

    private func open(_ disk: SimulatedDisk) throws -> Store { try Store(disk: disk, now: at(0)) }

    private func fill(_ store: Store, _ steps: Range<Int>) throws {
        let table = try store.openTable(target: Labels(["job": "node"]), columns: columns)
        for step in steps {
            // Numbers that nothing packs, so that a chunk file has several frames.
            let row = columns.indices.map {
                Double(UInt64(step * 40 + $0 + 1) &* 0x9e37_79b9_7f4a_7c15 >> 11)
            }
            _ = store.append(table, at: at(step), row: row)
        }
    }

    private func samples(_ store: Store) async throws -> Int {
        try await select(store, []).reduce(0) { $0 + $1.values.count }
    }

    /// Two snapshots with a chunk file each, and a log of many frames behind them.
    private func filled() throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        let store = try open(disk)
        for steps in [0..<500, 500..<1000] {
            try fill(store, steps)
            try store.snapshot()
        }
        for step in 1000..<1040 {
            try fill(store, step..<step + 1)
            try store.sync()
        }
        disk.crash()
        return disk
    }

    @Test(arguments: ["snapshots/chunks", "snapshots/state", "snapshots/manifest", "log/"])
    func `a damaged file is set aside once what is left of it stands elsewhere`(kind: String) async throws {
        let disk = try filled()
        let path = try #require(disk.paths.last { $0.hasPrefix(kind) })
        var bytes = try #require(disk.contents(path))
        bytes[bytes.count / 2] ^= 1
        disk.setContents(path, bytes)
        let store = try open(disk)
        let left = try await samples(store)
        #expect(left > 20_000)
        #expect(!store.statistics().damage.isEmpty)

        try store.maintain(now: at(1040))

        let aside = "quarantine/" + path.split(separator: "/")[1]
        #expect(store.statistics().quarantine == [aside])
        #expect(disk.contents(aside) == bytes)
        #expect(disk.contents(path) == nil)
        disk.crash()
        #expect(disk.contents(aside) == bytes)
        let reopened = try open(disk)
        #expect(try await samples(reopened) == left)
        #expect(reopened.statistics().damage.isEmpty)
        #expect(reopened.statistics().losses.isEmpty)
        #expect(reopened.statistics().quarantine == [aside])
        let verification = try StoreVerification.run(disk)
        #expect(verification.isIntact)
        #expect(verification.findings.map(\.path) == [aside])
    }

    @Test func `a page that the disk cannot read costs what is in it, and the service starts`() async throws {
        let filled = try filled()
        let whole = try await samples(try open(filled.durableCopy()))
        for kind in ["snapshots/chunks", "snapshots/state", "snapshots/manifest", "log/"] {
            let path = try #require(filled.paths.last { $0.hasPrefix(kind) })
            let length = try #require(filled.contents(path)).count
            for start in [0, length / 2] {
                let disk = filled.durableCopy()
                disk.failReads(of: path, start..<min(length, start + 512))
                #expect(!(try StoreVerification.run(disk).isIntact), "\(path) \(start)")
                let store = try open(disk)
                let left = try await samples(store)
                #expect(left > whole / 2, "\(path) \(start)")
                #expect(!store.statistics().damage.isEmpty, "\(path) \(start)")

                try store.maintain(now: at(1040))

                disk.crash()
                let reopened = try open(disk)
                #expect(try await samples(reopened) == left, "\(path) \(start)")
                #expect(reopened.statistics().damage.isEmpty, "\(path) \(start)")
            }
        }
    }

    @Test func `only what the damage hit is dropped`() async throws {
        let disk = try filled()
        let whole = try await samples(try open(disk.durableCopy()))
        let path = try #require(disk.paths.first { $0.hasPrefix("snapshots/chunks") })
        var bytes = unprotected(try #require(disk.contents(path)))
        bytes[100] ^= 1
        disk.setContents(path, bytes)

        let left = try await samples(try open(disk))

        // The parts of one frame, of which there are two with 240 rows and 40 columns each.
        #expect(left < whole)
        #expect(whole - left <= 2 * 240 * 40)
    }

    @Test func `a file that a crash tore is deleted as others are`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        try fill(store, 0..<500)
        try store.sync()
        try fill(store, 500..<510)
        let log = try #require(disk.paths.first { $0.hasPrefix("log/") })
        disk.failCall(1, lasts: true)
        #expect(throws: (any Error).self) { try store.sync() }
        disk.crash { path, count in path == log ? count / 2 : 0 }

        let reopened = try open(disk)
        try reopened.maintain(now: at(510))
        try fill(reopened, 510..<1000)
        for _ in 0..<2 { try reopened.snapshot() }

        #expect(reopened.statistics().quarantine.isEmpty)
        #expect(!disk.paths.contains(log))
    }

    @Test func `a second file of the same name gets another`() throws {
        let disk = SimulatedDisk()
        for content in [[UInt8(1)], [2], [3]] {
            disk.setContents("log/a", content)
            try Quarantine.take("log/a", on: disk)
        }

        #expect(Quarantine.list(disk) == ["a", "a-2", "a-3"].map { "quarantine/" + $0 })
        #expect(disk.contents("quarantine/a-3") == [3])
        #expect(disk.contents("log/a") == nil)
    }
}
