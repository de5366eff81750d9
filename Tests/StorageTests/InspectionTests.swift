import Journal
import Storage
import Testing
import TimeSeries

/// Looking at the files of a store: what is in them, and whether they are whole.
@Suite struct InspectionTests {
    private let target = Labels(["job": "node", "instance": "a:9100", "zone": "b"])
    private let columns = [
        Labels(["__name__": "load"]), Labels(["__name__": "cpu", "mode": "idle"]),
        Labels(["__name__": "cpu", "mode": "user"]),
    ]

    /// A store with two snapshots, chunk files, single series and a log behind them.
    private func filled(_ disk: SimulatedDisk) throws -> Store {
        let store = try Store(disk: disk, now: at(0))
        let table = try store.openTable(target: target, columns: columns)
        for step in 0..<620 {
            _ = store.append(table, at: at(step), row: [Double(step * step % 7), 2, 3])
            let sample = Sample(at(step), Double(step % 11))
            _ = store.append([
                SeriesSamples(labels: Labels(["__name__": "rule", "job": "x"]), samples: [sample])
            ])
            if step == 300 || step == 560 { try store.snapshot() }
            if step > 590 { try store.sync() }
        }
        try store.sync()
        return store
    }

    @Test func `contents say per metric and target what there is and how it is written`() throws {
        let disk = SimulatedDisk()
        let contents = try filled(disk).contents()

        #expect(contents.total.series == 4)
        #expect(contents.total.samples == 4 * 620)
        #expect(contents.metrics.keys.sorted() == ["cpu", "load", "rule"])
        #expect(contents.metrics["cpu"]?.series == 2)
        #expect(contents.metrics["cpu"]?.samples == 1240)
        #expect(contents.metrics["cpu"]?.transforms.keys.sorted() == ["decimal constant"])
        #expect(contents.metrics["load"]?.samples == 620)
        #expect((contents.metrics["load"]?.bytes ?? 0) > (contents.metrics["cpu"]?.bytes ?? 0))
        #expect(contents.targets[Labels(["job": "node", "instance": "a:9100"])]?.series == 3)
        #expect(contents.targets[Labels(["job": "x"])]?.samples == 620)
    }

    @Test func `shared out over the files' bytes, the parts add up to the whole`() throws {
        let disk = SimulatedDisk()
        let contents = try filled(disk).contents().sharing(fileByteCount: disk.byteCount)

        #expect(contents.total.bytes == disk.byteCount)
        #expect(contents.metrics.values.reduce(0) { $0 + $1.bytes } == disk.byteCount)
        #expect(contents.targets.values.reduce(0) { $0 + $1.bytes } == disk.byteCount)
    }

    @Test func `a series that came late counts once`() throws {
        let store = try Store(disk: SimulatedDisk(), now: at(0))
        let table = try store.openTable(target: target, columns: columns)
        for step in [0, 60, 30] { _ = store.append(table, at: at(step), row: [1, 2, 3]) }

        #expect(store.contents().total.series == 3)
        #expect(store.contents().total.samples == 9)
    }

    @Test func `a look at the files changes none of them and finds every sample`() async throws {
        let disk = SimulatedDisk()
        let store = try filled(disk)
        let before = disk.paths.map { disk.contents($0) }
        let calls = disk.calls

        let other = try Store.reading(disk)

        #expect(disk.calls == calls)
        #expect(disk.paths.map { disk.contents($0) } == before)
        let all = try await select(store, [])
        let read = try await select(other, [])
        #expect(read.map(\.labels) == all.map(\.labels))
        #expect(read.map(\.values) == all.map(\.values))
    }

    @Test func `whole files are found whole, and each is looked at`() throws {
        let disk = SimulatedDisk()
        _ = try filled(disk)

        let found = try StoreVerification.run(disk)

        #expect(found.findings.isEmpty)
        #expect(found.files == disk.paths.count)
        #expect(found.byteCount == disk.byteCount)
        #expect(found.records > 100)
    }

    @Test func `a flipped bit anywhere in any file is found, in that file`() throws {
        let disk = SimulatedDisk()
        _ = try filled(disk)
        for path in disk.paths {
            let bytes = disk.contents(path)!
            // Every byte of the headers of file and first frame, and some behind them.
            for place in Array(0..<min(80, bytes.count)) + stride(from: 80, to: bytes.count, by: 211) {
                var damaged = bytes
                damaged[place] ^= 1 << UInt8(place % 8)
                disk.setContents(path, damaged)
                let found = try? StoreVerification.run(disk)
                // A version that is higher is not judged, which is told too.
                let isTold = found.map { found in found.findings.contains { $0.isDamage && $0.path == path } }
                #expect(isTold ?? (8..<12).contains(place), "\(path) byte \(place)")
            }
            disk.setContents(path, bytes)
        }
    }

    @Test func `a file that is missing, empty or cut is found`() throws {
        let disk = SimulatedDisk()
        _ = try filled(disk)
        let all = disk.paths
        // Without a manifest its snapshot is none, and the one before it takes its place: nothing is missing then.
        for path in all where !path.contains("manifest") {
            let bytes = disk.contents(path)!
            for rest in [nil, [], Array(bytes.dropLast())] as [[UInt8]?] {
                disk.setContents(path, rest)
                let found = try StoreVerification.run(disk)
                // The last file of a log leaves no trace where nothing of it is left.
                if path == all.filter({ $0.hasPrefix("log/") }).last, rest?.isEmpty ?? true { continue }
                #expect(!found.isIntact, "\(path) \(rest?.count ?? -1) of \(bytes.count)")
            }
            disk.setContents(path, bytes)
        }
    }

    @Test func `what a crash leaves behind is told and is no damage`() throws {
        let disk = SimulatedDisk()
        let store = try filled(disk)
        disk.setContents("snapshots/state-0000000099", [1, 2, 3])
        disk.setContents("snapshots/notes.txt", [1])
        disk.setContents("log/notes.txt", [1])
        let last = disk.paths.last { $0.hasSuffix(".log") }!
        disk.setContents(last, disk.contents(last)! + [0xf1, 0x79, 0xba])
        _ = store

        let torn = try StoreVerification.run(disk)
        #expect(torn.findings.filter(\.isDamage).map(\.path) == [last])

        let next = try Store(disk: disk, now: at(0))
        _ = try next.append(
            next.openTable(target: target, columns: columns), at: at(1000), row: [1, 2, 3])
        try next.sync()
        let found = try StoreVerification.run(disk)
        #expect(found.isIntact)
        #expect(
            Set(found.findings.map(\.path)) == [
                "snapshots/state-0000000099", "snapshots/notes.txt", "log/notes.txt", last,
            ])
    }
}
