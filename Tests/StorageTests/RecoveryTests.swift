import Codecs
import Journal
import Storage
import Testing
import TimeSeries

@Suite struct RecoveryTests {
    private let target = Labels(["job": "node", "instance": "a:9100"])
    private let columns = (0..<20).map { Labels(["__name__": "metric\($0)"]) }

    private func open(_ disk: SimulatedDisk, _ configuration: StoreConfiguration = StoreConfiguration())
        throws -> Store
    { try Store(disk: disk, configuration: configuration, now: at(0)) }

    /// The cells of a row, some of which change from row to row.
    private func row(_ step: Int) -> [Double] {
        (0..<20).map { $0 % 3 == 0 ? Double(step * $0) : $0 % 3 == 1 ? Double(step / 3) : Double($0) }
    }

    private func fill(_ store: Store, _ steps: Range<Int>) throws {
        let table = try store.openTable(target: target, columns: columns)
        for step in steps {
            _ = store.append(table, at: at(step), row: row(step))
            _ = store.append([
                SeriesSamples(
                    labels: Labels(["__name__": "loose"]), samples: [Sample(at(step), Double(step))])
            ])
        }
    }

    private func expectRows(_ store: Store, _ steps: Range<Int>, _ note: String = "") async throws {
        let series = try await select(store, [])
        try #require(series.count == 21, "\(note)")
        for series in series {
            let name = series.labels.metricName
            #expect(series.times.milliseconds == steps.map { Int64($0) * 1000 }, "\(note) \(name)")
            let expected =
                name == "loose" ? steps.map(Double.init) : steps.map { row($0)[Int(name.dropFirst(6))!] }
            #expect(series.values == expected, "\(note) \(name)")
        }
    }

    @Test func `what was synchronised survives a power cut, what was not does not come back half`()
        async throws
    {
        let disk = SimulatedDisk()
        let store = try open(disk)
        try fill(store, 0..<100)
        try store.sync()
        try fill(store, 100..<110)

        disk.crash()

        let reopened = try open(disk)
        try await expectRows(reopened, 0..<100)
        try reopened.sync()
        #expect(reopened.durablePosition == reopened.appendPosition)
        #expect(reopened.statistics().losses.isEmpty)
    }

    @Test(arguments: [false, true])
    func `samples that a killed process left in the cache are durable once the next one has synchronised`(
        hasSnapshot: Bool
    ) async throws {
        let disk = SimulatedDisk()
        let store = try open(disk, StoreConfiguration(sync: .none))
        try fill(store, 0..<20)
        if hasSnapshot { try store.snapshot() }
        try fill(store, 20..<40)
        try store.sync()
        disk.kill()
        // The beginning of a write.
        let path = try #require(disk.paths.last { $0.hasPrefix("log/") })
        try disk.open(path, create: false).append([0xf1, 0x79, 0xba, 0x11, 1])

        let reopened = try open(disk)
        try await expectRows(reopened, 0..<40)
        #expect(reopened.statistics().durableTimestamp == (hasSnapshot ? at(19) : nil))
        try reopened.sync()
        #expect(reopened.statistics().durableTimestamp == at(39))
        disk.crash()
        try await expectRows(try open(disk), 0..<40)
    }

    @Test func `with policy none a restart makes nothing durable`() throws {
        let disk = SimulatedDisk()
        let configuration = StoreConfiguration(sync: .none)
        let store = try open(disk, configuration)
        try fill(store, 0..<20)
        try store.snapshot()
        try fill(store, 20..<40)
        try store.sync()
        disk.kill()

        let reopened = try open(disk, configuration)
        try reopened.sync()
        #expect(reopened.statistics().durableTimestamp == at(19))
    }

    @Test func `with policy always each append is durable when it returns`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk, StoreConfiguration(sync: .always))
        try fill(store, 0..<20)
        #expect(store.durablePosition == store.appendPosition)

        disk.crash()

        try await expectRows(try open(disk), 0..<20)
    }

    @Test func `a store goes on where it stopped, again and again`() async throws {
        let disk = SimulatedDisk()
        for round in 0..<12 {
            let store = try open(disk)
            try fill(store, round * 7..<(round + 1) * 7)
            if round % 3 == 2 { try store.snapshot() } else { try store.sync() }
            disk.crash()
        }

        let store = try open(disk)
        try await expectRows(store, 0..<84)
        #expect(store.statistics().tables == 1)
    }

    @Test func `a snapshot lets the log go and holds everything`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        try fill(store, 0..<600)
        try store.snapshot()
        // Nothing is merged for good meanwhile, so the second snapshot has no chunks of its own.
        try fill(store, 600..<640)
        try store.snapshot()
        try fill(store, 640..<720)
        try store.sync()
        #expect(disk.paths.filter { $0.hasPrefix("snapshots/manifest") }.count == 2)
        #expect(disk.paths.filter { $0.hasPrefix("snapshots/chunks") }.count == 1)

        disk.crash()

        try await expectRows(try open(disk), 0..<720)
    }

    @Test func `a damaged snapshot falls back on the one before it`() async throws {
        for damaged in ["state", "manifest"] {
            let disk = SimulatedDisk()
            let store = try open(disk)
            try fill(store, 0..<300)
            try store.snapshot()
            try fill(store, 300..<400)
            try store.snapshot()
            try fill(store, 400..<420)
            try store.sync()
            let path = disk.paths.last { $0.hasPrefix("snapshots/\(damaged)") }!
            // More than what protects it brings back.
            disk.setContents(path, Array(disk.contents(path)!.prefix(60)))

            disk.crash()

            let reopened = try open(disk)
            try await expectRows(reopened, 0..<420, damaged)
            #expect(!reopened.statistics().damage.isEmpty)
        }
    }

    @Test func `what only a snapshot has is in the log for the one before it`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        try fill(store, 0..<300)
        try store.snapshot()
        try fill(store, 300..<400)
        try store.snapshot()
        disk.crash()
        for path in ["state", "manifest"].compactMap({ kind in disk.paths.last { $0.contains(kind) } }) {
            let copy = disk.durableCopy()
            copy.setContents(path, nil)

            try await expectRows(try open(copy), 0..<400, path)
        }
    }

    @Test func `records of the log that make no sense cost nothing else and are counted`() async throws {
        let disk = SimulatedDisk()
        for round in 0..<3 {
            let store = try open(disk)
            #expect(store.statistics().unreadableRecords == 2 * round)
            try fill(store, 5 * round..<5 * round + 5)
            try store.sync()
            disk.kill()
            let log = try Log(disk: disk, folder: "log")
            try log.append([[200, 1, 2], [1]])
            try log.commit()
        }

        try await expectRows(try open(disk), 0..<15)
    }

    @Test func `what comes after the log was lost is there after the next start`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        try fill(store, 0..<300)
        try store.snapshot()
        disk.kill()
        for path in disk.paths where path.hasPrefix("log/") { disk.setContents(path, nil) }

        let second = try open(disk)
        try fill(second, 300..<320)
        try second.sync()
        disk.crash()

        try await expectRows(try open(disk), 0..<320)
    }

    @Test func `a power cut or a failure at any call of a snapshot loses nothing`() async throws {
        var failing = 1
        while true {
            let disk = SimulatedDisk()
            let store = try open(disk)
            try fill(store, 0..<260)
            try store.snapshot()
            try fill(store, 260..<300)
            try store.sync()
            let before = disk.calls
            if failing % 5 > 0 {
                disk.loseOnly(pagesOf: 512) { [failing] in ($0 + failing).isMultiple(of: 2) }
            }
            disk.failCall(failing, code: failing % 2 == 0 ? 5 : 28, lasts: failing % 3 == 0)
            let failed = (try? store.snapshot()) == nil
            if !failed, disk.calls - before < failing { break }

            disk.crash(names: failing % 7 == 0 ? .all : .synchronised) { _, count in
                failing % 4 == 0 ? count / 2 : 0
            }

            try await expectRows(try open(disk), 0..<300, "call \(failing)")
            failing += 1
        }
        #expect(failing > 10)
    }

    @Test func `a log torn at any byte opens, with every row that was synchronised before it`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        try fill(store, 0..<5)
        try store.sync()
        let whole = disk.contents("log/0000000001.log")!.count
        try fill(store, 5..<9)
        try store.sync()
        let bytes = disk.contents("log/0000000001.log")!

        for length in stride(from: whole, to: bytes.count, by: 3) {
            disk.setContents("log/0000000001.log", Array(bytes[..<length]))
            try await expectRows(try open(disk), 0..<5, "\(length) bytes")
        }
    }

    @Test func `a flipped bit costs the samples of its frame and yields no wrong one`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        for step in 0..<40 {
            try fill(store, step..<step + 1)
            try store.sync()
        }
        let bytes = disk.contents("log/0000000001.log")!
        for index in stride(from: 0, to: bytes.count, by: 7) {
            var damaged = bytes
            damaged[index] ^= 0x40
            disk.setContents("log/0000000001.log", damaged)

            let series = try await select(try open(disk), [])
            for series in series {
                let name = series.labels.metricName
                for (time, value) in zip(series.times.milliseconds, series.values) {
                    let step = Int(time / 1000)
                    #expect(value == (name == "loose" ? Double(step) : row(step)[Int(name.dropFirst(6))!]))
                }
            }
            // The first frame defines the table; any other costs its own row, and the cells that the
            // rows up to the next whole one repeat from it.
            if index > 700 { #expect(series.count == 21 && series.allSatisfy { $0.values.count >= 24 }) }
        }
    }

    @Test func `a series that was dropped and came again is there after a crash`() async throws {
        let disk = SimulatedDisk()
        let configuration = StoreConfiguration(retention: .seconds(1000), rollups: [])
        let store = try open(disk, configuration)
        let all = (0..<40).map { Labels(["__name__": "loose", "n": "\($0)"]) }
        func append(_ seconds: Int) {
            _ = store.append(all.map { SeriesSamples(labels: $0, samples: [Sample(at(seconds), 1)]) })
        }
        append(0)
        try store.snapshot()
        try store.maintain(now: at(5000))
        #expect(store.statistics().series == 0)
        append(5000)
        try store.sync()
        disk.crash()

        let found = try await select(try Store(disk: disk, configuration: configuration, now: at(5000)), [])

        #expect(found.map(\.labels) == all.sorted())
        #expect(found.allSatisfy { $0.times.milliseconds == [5_000_000] })
    }

    @Test func `a full disk stops acknowledging, serves on, and resumes without a restart`() async throws {
        let disk = SimulatedDisk(capacity: 20_000)
        let store = try open(disk)
        var acknowledged: UInt64 = 0
        var refused = 0
        for step in 0..<200 {
            try fill(store, step..<step + 1)
            do {
                acknowledged = try store.sync()
            } catch {
                refused += 1
            }
        }
        #expect(acknowledged > 0)
        #expect(refused > 0)
        #expect(store.durablePosition == acknowledged)
        #expect(store.statistics().unavailable?.contains("No space left") == true)
        try await expectRows(store, 0..<200)

        disk.setCapacity(.max)
        try store.sync()
        #expect(store.statistics().unavailable == nil)
        disk.crash()

        try await expectRows(try open(disk), 0..<200)
    }

    @Test func `a log of a newer version is refused and left alone`() throws {
        let disk = SimulatedDisk()
        var header = Array("FLYBALL\n".utf8) + [9, 0, 0, 0] + [UInt8](repeating: 0, count: 24)
        header.append(fixed32: CRC32C.checksum(header.span))
        disk.setContents("log/0000000001.log", header)

        #expect {
            try open(disk)
        } throws: {
            "\($0)".contains("log/0000000001.log has format version 9")
        }
        #expect(disk.contents("log/0000000001.log") == header)
    }
}
