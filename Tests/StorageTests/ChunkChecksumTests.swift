import Journal
import Storage
import Testing
import TimeSeries

/// Chunks that were damaged before their file was written, which is whole.
struct ChunkChecksumTests {
    private let labels = Labels(["__name__": "a"])

    private func open(_ disk: SimulatedDisk) throws -> Store { try Store(disk: disk, now: at(0)) }

    @Test func `a chunk of single series with a wrong checksum costs its samples only, and is told`()
        async throws
    {
        let disk = SimulatedDisk()
        let store = try open(disk)
        for step in 0..<1000 {
            _ = store.append([SeriesSamples(labels: labels, samples: [Sample(at(step), Double(step))])])
        }
        try store.snapshot()
        disk.kill()
        let path = "snapshots/chunks-0000000001"
        var records: [[UInt8]] = []
        _ = try RecordFile.read(disk, path, id: 1) { records.append($1) }
        #expect(records.count > 1)
        // The checksum is the end of each.
        records[0][records[0].count - 1] ^= 1
        let file = try RecordFile(disk, path, id: 1)
        for record in records { try file.append(record) }
        try file.finish()

        let reopened = try open(disk)
        let statistics = reopened.statistics()
        let found = try #require(try await select(reopened, []).first)
        #expect(found.values.count < 1000 && found.values.count >= 500)
        #expect(found.values == found.times.milliseconds.map { Double($0 / 1000) })
        #expect(statistics.unreadableRecords == 1)

        // The next snapshot is without it, and keeps the file.
        try reopened.maintain(now: at(1000))
        #expect(reopened.statistics().quarantine == ["quarantine/chunks-0000000001"])
    }
}
