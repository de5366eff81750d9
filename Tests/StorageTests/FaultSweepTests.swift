import Codecs
import Journal
import Storage
import Testing
import TimeSeries

/// Faults of a disk against a store: each call failing, each file damaged, missing, empty or from another time.
@Suite struct FaultSweepTests {
    private let target = Labels(["job": "node", "instance": "a:9100"])
    private let columns = (0..<6).map { Labels(["__name__": "metric\($0)"]) }

    private func row(_ step: Int) -> [Double] {
        let moving = Double(step) + 0.25
        let slow = Double(step / 3)
        return [moving, slow, 2, 3 * moving, slow, 5]
    }

    private func open(_ disk: any Disk) throws -> Store { try Store(disk: disk, now: at(0)) }

    private func fill(_ store: Store, _ steps: Range<Int>) throws {
        let table = try store.openTable(target: target, columns: columns)
        for step in steps {
            _ = store.append(table, at: at(step), row: row(step))
            let sample = Sample(at(step), Double(step))
            _ = store.append([SeriesSamples(labels: Labels(["__name__": "loose"]), samples: [sample])])
        }
    }

    /// Steps of which every sample is there. Fails where a value is not the one that was written.
    private func steps(_ store: Store, _ note: String) async throws -> Set<Int> {
        var whole: Set<Int>?
        let series = try await select(store, [])
        for series in series {
            let name = series.labels.metricName
            var found: Set<Int> = []
            for (time, value) in zip(series.times.milliseconds, series.values) {
                let step = Int(time / 1000)
                let expected = name == "loose" ? Double(step) : row(step)[Int(name.dropFirst(6))!]
                #expect(value.bitPattern == expected.bitPattern, "\(note): \(name) at \(step)")
                #expect(found.insert(step).inserted, "\(note): \(name) has \(step) twice")
            }
            whole = whole?.intersection(found) ?? found
        }
        return series.count == 7 ? whole ?? [] : []
    }

    /// Two snapshots, chunk files, and a log of one file a sync behind them.
    private func filled() throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        let store = try open(disk)
        try fill(store, 0..<500)
        try store.snapshot()
        try fill(store, 500..<800)
        try store.snapshot()
        for step in 800..<840 {
            try fill(store, step..<step + 1)
            try store.sync()
        }
        disk.crash()
        return disk
    }

    @Test(arguments: [Int32(5), 28], [false, true])
    func `whichever call fails, once or for good, nothing acknowledged is lost and the store resumes`(
        code: Int32, lasts: Bool
    ) async throws {
        var failing = 1
        while true {
            let disk = SimulatedDisk()
            let store = try open(disk)
            let before = disk.calls
            if failing % 3 > 0 {
                disk.loseOnly(pagesOf: 512) { [failing] in ($0 + failing).isMultiple(of: 2) }
            }
            disk.failCall(failing, code: code, lasts: lasts)
            var acknowledged = 0
            // Until the log takes a table there is nothing to append to.
            for step in 0..<260 {
                try fill(store, step..<step + 1)
                if step % 20 == 19, (try? store.sync()) != nil { acknowledged = step + 1 }
                if step == 245 { try? store.snapshot() }
            }
            if disk.calls - before < failing { break }
            let note = "call \(failing) code \(code) \(lasts ? "for good" : "once")"

            let cut = try await steps(try open(disk.durableCopy()), note)
            #expect(cut.isSuperset(of: 0..<acknowledged), "\(note)")
            // It goes on serving meanwhile, and acknowledges all of it once it may.
            #expect(try await steps(store, note) == Set(0..<260), "\(note)")
            disk.heal()
            try store.sync()
            #expect(store.durablePosition == store.appendPosition, "\(note)")
            try store.snapshot()
            disk.crash()
            #expect(try await steps(try open(disk), note) == Set(0..<260), "\(note)")
            failing += 1
        }
        #expect(failing > 25)
    }

    @Test func `a snapshot that fails leaves nothing that fills the disk`() throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        try fill(store, 0..<600)
        try store.sync()
        let before = disk.paths
        let bytes = disk.byteCount
        disk.setCapacity(bytes + 300)
        for _ in 0..<3 {
            #expect(throws: (any Error).self) { try store.snapshot() }
            #expect(disk.paths == before)
            #expect(disk.byteCount == bytes)
        }
        disk.setCapacity(.max)
        try store.snapshot()
        #expect(disk.paths.contains { $0.hasPrefix("snapshots/manifest") })
    }

    @Test func `a flipped bit in any file yields no wrong value, loses only what it hit, and is told`()
        async throws
    {
        let disk = try filled()
        // Of manifests and states only the newest is read.
        let newest = ["manifest", "state"].compactMap { kind in disk.paths.last { $0.contains(kind) } }
        for path in disk.paths
        where newest.contains(path) || !path.contains("manifest") && !path.contains("state") {
            let bytes = disk.contents(path)!
            let places =
                Array(stride(from: 1, to: min(80, bytes.count), by: 4))
                + stride(from: 81, to: bytes.count, by: max(31, bytes.count / 20))
            for place in places {
                var damaged = bytes
                damaged[place] ^= 1 << UInt8(place % 8)
                let copy = disk.durableCopy()
                copy.setContents(path, damaged)
                let note = "\(path) byte \(place)"
                guard let store = try? open(copy) else {
                    #expect((8..<12).contains(place), "\(note)")
                    continue
                }
                let found = try await steps(store, note)
                let statistics = store.statistics()
                #expect(!statistics.damage.isEmpty || statistics.unreadableRecords > 0, "\(note)")
                if path.contains("chunks") {
                    // Behind the damaged file all is there, and the loss says about when.
                    #expect(found.isSuperset(of: 780..<840), "\(note)")
                    #expect(found.count == 840 || !statistics.losses.isEmpty, "\(note)")
                    #expect(statistics.losses.allSatisfy { $0.to != nil && $0.path == path }, "\(note)")
                } else if path.contains("snapshots") {
                    #expect(found.count == 840, "\(note)")
                } else {
                    // A frame of the log is a step; cells that did not change until the next whole row go with it.
                    #expect(found.count >= 840 - 17, "\(note)")
                    #expect(found.isSuperset(of: 0..<800), "\(note)")
                }
            }
        }
    }

    @Test func `a file that is missing, empty or another one costs what only it held, and is told`()
        async throws
    {
        let disk = try filled()
        let manifest = try #require(disk.paths.last { $0.contains("manifest") })
        for path in disk.paths where path != "lock" {
            // Another file of the same number, whole.
            let isReplaced = path.contains("snapshots") && path != manifest
            for content in [nil, []] + (isReplaced ? [disk.contents(manifest)] : []) {
                let copy = disk.durableCopy()
                copy.setContents(path, content)
                let note = "\(path) with \(content?.count ?? -1) bytes"
                let store = try open(copy)
                let found = try await steps(store, note)
                if path.contains("chunks") {
                    #expect(found.isSuperset(of: 780..<840), "\(note)")
                    #expect(store.statistics().gapSeconds > 0, "\(note)")
                } else if path.contains("snapshots") {
                    #expect(found.count == 840, "\(note)")
                } else {
                    #expect(found.isSuperset(of: 0..<800), "\(note)")
                }
                // And the next snapshot makes it whole again, with what there is.
                try store.snapshot()
                copy.crash()
                #expect(try await steps(try open(copy), note) == found, "\(note)")
            }
        }
    }

    @Test func `without any manifest the states and chunks that are there are used, and kept`() async throws {
        for content in [nil, [1, 2, 3]] as [[UInt8]?] {
            let disk = try filled()
            for path in disk.paths where path.contains("manifest") { disk.setContents(path, content) }

            let store = try open(disk)
            #expect(try await steps(store, "opened") == Set(0..<840))
            #expect(!store.statistics().damage.isEmpty)
            try store.snapshot()
            disk.crash()
            #expect(try await steps(try open(disk), "again") == Set(0..<840))
        }
    }

    @Test func `where no state can be read either, the store says so, goes on and keeps every file`() throws {
        let disk = try filled()
        for path in disk.paths where path.contains("manifest") || path.contains("state") {
            disk.setContents(path, [1, 2, 3])
        }
        let paths = disk.paths.filter { $0.hasPrefix("log/") || $0.hasPrefix("snapshots/") }
        let before = paths.map { disk.contents($0) ?? [] }

        let store = try open(disk)
        #expect(store.statistics().losses.contains { $0.path == "snapshots" })
        #expect(paths.map { disk.contents($0) ?? [] } == before)
        try store.snapshot()

        for (path, bytes) in zip(paths, before) {
            let aside = "quarantine/" + (path.split(separator: "/").last ?? "")
            let kept = disk.contents(aside) ?? disk.contents(path) ?? []
            // The last file of the log may have grown.
            #expect(path.hasPrefix("log/") ? kept.starts(with: bytes) : kept == bytes, "\(path)")
        }
    }

    @Test func `files of a newer version are refused and left alone, foreign ones stay`() async throws {
        for kind in ["manifest", "state", "chunks"] {
            let disk = try filled()
            let path = disk.paths.last { $0.contains(kind) }!
            var bytes = disk.contents(path)!
            bytes[8] = 9
            var sum: [UInt8] = []
            sum.append(fixed32: CRC32C.checksum(Array(bytes[..<36]).span))
            bytes.replaceSubrange(36..<40, with: sum)
            disk.setContents(path, bytes)

            #expect {
                try open(disk)
            } throws: {
                "\($0)".contains("\(path) has format version 9") && "\($0)".contains("use a newer one")
            }
            #expect(disk.contents(path) == bytes)
        }
        let disk = try filled()
        let foreign = ["log/notes.txt", "snapshots/notes.txt", "notes.txt"]
        for path in foreign { disk.setContents(path, [1, 2, 3]) }
        let store = try open(disk)
        try store.snapshot()
        #expect(foreign.allSatisfy { disk.contents($0) == [1, 2, 3] })
        #expect(try await steps(store, "foreign") == Set(0..<840))
    }

    @Test func `a lost stretch of the log is told with its records and about when it was`() async throws {
        let disk = try filled()
        let path = disk.paths.last { $0.hasPrefix("log/") }!
        var bytes = disk.contents(path)!
        // The frames of a few of the 40 seconds behind the snapshot.
        for index in bytes.count - 2200..<bytes.count - 1800 { bytes[index] = 0 }
        disk.setContents(path, bytes)

        let store = try open(disk)
        let found = try await steps(store, "zeroed")
        let statistics = store.statistics()

        #expect(statistics.losses.count == 1)
        let loss = try #require(statistics.losses.first)
        let sequences = try #require(loss.sequences)
        let from = try #require(loss.from).milliseconds / 1000
        let to = try #require(loss.to).milliseconds / 1000
        #expect(loss.path == "log")
        #expect(sequences.count >= 2)
        // Between the last second that is there before it and the first one behind it.
        #expect(found.contains(Int(from)))
        #expect(!found.contains(Int(from) + 1))
        #expect((800..<840).contains(to) && to > from)
        #expect(statistics.gapSeconds == Double(to - from))
    }

    @Test func `seconds that two losses cover count once`() {
        let store = { (first: Int, last: Int) -> Loss in Loss(path: "x", from: at(first), to: at(last)) }

        #expect(Loss.seconds([], retention: .seconds(5)) == 0)
        let losses = [store(10, 20), store(15, 30), store(16, 17), store(100, 101)]
        #expect(Loss.seconds(losses, retention: .seconds(5)) == 21)
        // Without a beginning it may reach back as far as samples are kept.
        let open = [Loss(path: "x", from: nil, to: at(33)), Loss(path: "x", from: at(50), to: nil)]
        #expect(Loss.seconds(losses + open, retention: .seconds(5)) == 24)
    }

    @Test func `while control has taken the reserve, samples wait, and go on by themselves`() async throws {
        let disk = SimulatedDisk(capacity: 100_000)
        let reserve = DiskReserve(disk, byteCount: 50_000)
        let store = try Store(disk: disk, now: at(0), reserve: reserve)
        try fill(store, 0..<20)
        try store.sync()
        #expect(reserve.release())
        disk.setCapacity(disk.byteCount + 20_000)

        try fill(store, 20..<40)
        #expect(throws: LogError.self) { try store.sync() }
        #expect(throws: LogError.self) { try store.snapshot() }
        #expect(store.statistics().unavailable?.contains("kept for records of control") == true)
        #expect(try await steps(store, "waiting") == Set(0..<40))
        #expect(store.reserveByteCount == 0)

        disk.setCapacity(200_000)
        try store.sync()
        #expect(store.reserveByteCount == 50_000)
        disk.crash()
        #expect(try await steps(try open(disk), "after") == Set(0..<40))
    }
}
