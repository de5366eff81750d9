import Journal
import Storage
import Testing
import TimeSeries

/// A store of which the only snapshot is damaged, or gone, and whose log does not go back to the beginning.
@Suite struct SalvageTests {
    private static let tables = 60
    private static let columns = 30
    private static let rows = 30
    private static let singles = 3000
    private static let singleSamples = 6
    private static let total = tables * columns * rows + singles * singleSamples
    /// Labels so long that a state has several frames.
    private static let padding = String(repeating: "p", count: 500)

    private func open(_ disk: SimulatedDisk) throws -> Store { try Store(disk: disk, now: at(0)) }

    /// What the series of a number has at a step, so that a sample in the wrong place shows.
    private func value(_ number: Int, _ step: Int) -> Double { Double(number * 1000 + step) }

    private func labels(_ number: Int) -> Labels {
        Labels(["__name__": "m", "number": "\(number)", "pad": Self.padding])
    }

    private func fill(_ store: Store) throws {
        for table in 0..<Self.tables {
            let columns = (0..<Self.columns).map { labels(table * Self.columns + $0) }
            let id = try store.openTable(target: Labels(["job": "t\(table)"]), columns: columns)
            for step in 0..<Self.rows {
                let row = columns.indices.map { value(table * Self.columns + $0, step) }
                _ = store.append(id, at: at(step), row: row)
            }
        }
        let first = Self.tables * Self.columns
        _ = store.append(
            (first..<first + Self.singles).map { number in
                SeriesSamples(
                    labels: labels(number),
                    samples: (0..<Self.singleSamples).map { Sample(at($0), value(number, $0)) })
            })
    }

    /// How many samples there are. Fails where one is not what was written.
    private func count(_ store: Store, _ note: String) async throws -> Int {
        var count = 0
        var wrong = 0
        for series in try await select(store, []) {
            let number = try #require(series.labels["number"].flatMap { Int($0) })
            for (time, found) in zip(series.times.milliseconds, series.values) {
                if found != value(number, Int(time / 1000)) { wrong += 1 }
                count += 1
            }
        }
        #expect(wrong == 0, "\(note)")
        return count
    }

    /// One snapshot, as an import leaves it, or the copy that the admin API makes, with a single state: one that is too large
    /// beside its chunks to be written twice, or of which the other is gone.
    private func filled(asCopy: Bool) throws -> SimulatedDisk {
        let disk = try snapshot(asCopy: asCopy) { try fill($0) }
        for kind in ["manifest", "state"] {
            let paths = disk.paths.filter { $0.contains("/\(kind)-") }
            for path in paths.dropLast() { disk.setContents(path, nil) }
        }
        return disk
    }

    /// The same of a store whose state is written twice, and how many samples it has.
    private func pair(asCopy: Bool) throws -> (disk: SimulatedDisk, total: Int) {
        let disk = try snapshot(asCopy: asCopy) { store in
            let columns = (0..<10).map { Labels(["__name__": "m", "number": "\($0)"]) }
            let id = try store.openTable(target: Labels(["job": "t"]), columns: columns)
            for step in 0..<Self.rows {
                _ = store.append(id, at: at(step), row: columns.indices.map { value($0, step) })
            }
        }
        return (disk, 10 * Self.rows)
    }

    private func snapshot(asCopy: Bool, _ fill: (Store) throws -> Void) throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        let store = try open(disk)
        try fill(store)
        guard asCopy else {
            try store.snapshot(isDense: true)
            disk.crash()
            return disk
        }
        let copy = SimulatedDisk()
        try store.copy(to: copy)
        copy.crash()
        return copy
    }

    @Test(arguments: [false, true])
    func `a flipped bit in the only state costs nothing, and is told`(asCopy: Bool) async throws {
        let disk = try filled(asCopy: asCopy)
        let path = try #require(disk.paths.last { $0.contains("/state-") })
        let bytes = try #require(disk.contents(path))
        for place in stride(from: 0, to: bytes.count, by: bytes.count / 6) {
            var damaged = bytes
            damaged[place] ^= 8
            let copy = disk.durableCopy()
            copy.setContents(path, damaged)
            let note = "byte \(place)"
            #expect(try !StoreVerification.run(copy).isIntact, "\(note)")

            let store = try open(copy)

            #expect(try await count(store, note) == Self.total)
            #expect(!store.statistics().isIncomplete, "\(note)")
            #expect(store.statistics().damage.map(\.path) == [path], "\(note)")
            try store.maintain(now: at(100))
            #expect(store.statistics().quarantine.contains { $0.contains("state-") }, "\(note)")
            copy.crash()
            #expect(try await count(try open(copy), note) == Self.total, "\(note)")
            #expect(try StoreVerification.run(copy).isIntact, "\(note)")
        }
    }

    @Test(arguments: [false, true])
    func `more damage in the only state than can be mended costs what its frame held, and is told`(
        asCopy: Bool
    ) async throws {
        let disk = try filled(asCopy: asCopy)
        let path = try #require(disk.paths.last { $0.contains("/state-") })
        let bytes = unprotected(try #require(disk.contents(path)))
        let frames = frames(bytes, withRecords: true)
        try #require(frames.count >= 3)
        for start in frames {
            var damaged = bytes
            damaged[start + 60] ^= 8
            let copy = disk.durableCopy()
            copy.setContents(path, damaged)
            let note = "frame at \(start)"
            #expect(try !StoreVerification.run(copy).isIntact, "\(note)")

            let store = try open(copy)
            let left = try await count(store, note)
            #expect(left >= Self.total / 5 && left < Self.total, "\(note)")
            let statistics = store.statistics()
            #expect(statistics.isIncomplete && statistics.gapSeconds > 0, "\(note)")
            #expect(statistics.losses.map(\.path) == [path], "\(note)")
            #expect(Set(statistics.damage.map(\.path)) == [path], "\(note)")

            // New series and tables take no number of a lost one, and all goes on from there.
            try fill(store)
            let whole = try await count(store, note)
            #expect(whole == Self.total, "\(note)")
            try store.sync()
            copy.crash()
            let again = try open(copy)
            #expect(try await count(again, note) == whole, "\(note)")
            try again.maintain(now: at(100))
            #expect(again.statistics().quarantine.contains { $0.contains("state-") }, "\(note)")
            copy.crash()
            let last = try open(copy)
            #expect(try await count(last, note) == whole, "\(note)")
            #expect(last.statistics().damage.isEmpty && last.statistics().losses.isEmpty, "\(note)")
            #expect(try StoreVerification.run(copy).isIntact, "\(note)")
        }
    }

    @Test func `what a state that is lost in part spoke of is kept with it, for somebody may mend it`()
        async throws
    {
        let long = Self.tables * Self.columns + Self.singles
        let disk = try snapshot(asCopy: false) { store in
            try fill(store)
            let id = try store.openTable(target: Labels(["job": "long"]), columns: [labels(long)])
            for step in 0..<500 { _ = store.append(id, at: at(step), row: [value(long, step)]) }
        }
        for kind in ["manifest", "state"] {
            let paths = disk.paths.filter { $0.contains("/\(kind)-") }
            for path in paths.dropLast() { disk.setContents(path, nil) }
        }
        let files = disk.paths.filter { $0.hasPrefix("snapshots/") }
        try #require(files.contains { $0.contains("/chunks-") })
        let state = try #require(files.last { $0.contains("/state-") })
        var bytes = unprotected(try #require(disk.contents(state)))
        bytes[try #require(frames(bytes, withRecords: true).dropFirst().first) + 60] ^= 8
        disk.setContents(state, bytes)
        let before = files.map { disk.contents($0) }

        let store = try open(disk)
        #expect(store.statistics().isIncomplete)
        try store.maintain(now: at(1000))
        try store.snapshot()

        let aside = files.map { $0.replacing("snapshots/", with: "quarantine/") }
        #expect(Set(aside).isSubset(of: store.statistics().quarantine))
        #expect(aside.map { disk.contents($0) } == before)
    }

    @Test(arguments: [false, true])
    func `of a small first snapshot or copy no flipped bit of a state costs anything`(
        asCopy: Bool
    ) async throws {
        let (disk, total) = try pair(asCopy: asCopy)
        let paths = disk.paths.filter { $0.contains("/state-") || $0.contains("/manifest-") }
        #expect(paths.count == 4)
        for path in paths {
            let bytes = try #require(disk.contents(path))
            for place in [20, 60, bytes.count - 1] {
                var damaged = bytes
                damaged[place] ^= 1
                let copy = disk.durableCopy()
                copy.setContents(path, damaged)

                let store = try open(copy)

                #expect(try await count(store, "\(path) \(place)") == total)
                #expect(!store.statistics().isIncomplete)
            }
        }
        let large = try filled(asCopy: asCopy)
        #expect(large.paths.count { $0.contains("/state-") } == 1)
    }

    @Test func `a first snapshot of a service survives the loss of either state`() async throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        let samples = (0..<200).map { number in
            SeriesSamples(
                labels: Labels(["__name__": "s\(number)", "number": "\(number)"]),
                samples: [Sample(at(0), value(number, 0))])
        }
        _ = store.append(samples)
        try store.snapshot()
        disk.crash()
        let states = disk.paths.filter { $0.contains("/state-") }
        #expect(states.count == 2)
        for path in states {
            let copy = disk.durableCopy()
            try copy.remove(path)

            #expect(try await count(try open(copy), path) == 200)
        }
    }

    @Test func `a state whose header alone is damaged is read as a whole`() async throws {
        let disk = try filled(asCopy: false)
        let path = try #require(disk.paths.last { $0.contains("/state-") })
        var bytes = try #require(disk.contents(path))
        bytes[20] ^= 1
        disk.setContents(path, bytes)

        let store = try open(disk)

        #expect(try await count(store, "header") == Self.total)
        #expect(!store.statistics().isIncomplete)
        #expect(store.statistics().damage.map(\.path) == [path])
    }

    @Test(arguments: [false, true])
    func `without its manifest a snapshot is read, and verify says to keep it`(
        asCopy: Bool
    ) async throws {
        let disk = try filled(asCopy: asCopy)
        for path in disk.paths where path.contains("/manifest-") { disk.setContents(path, nil) }

        let found = try StoreVerification.run(disk)
        #expect(!found.isIntact)
        #expect(found.findings.contains { $0.what.contains("delete none of them") })
        #expect(!found.findings.contains { $0.what.contains("next snapshot deletes it") })
        let store = try open(disk)
        #expect(try await count(store, "no manifest") == Self.total)
        #expect(!store.statistics().damage.isEmpty)
    }

    @Test func `where no snapshot is left at all, the start of the log tells what is missing`() throws {
        let disk = try filled(asCopy: false)
        for path in disk.paths where path.hasPrefix("snapshots/") { disk.setContents(path, nil) }

        let found = try StoreVerification.run(disk)
        #expect(found.findings.filter(\.isDamage).map(\.path) == ["log"])
        let store = try open(disk)
        let loss = try #require(store.statistics().losses.first)
        #expect(loss.sequences?.lowerBound == 1 && loss.from == nil && loss.to == nil)
        // The first look at the clock ends it; it may reach back as far as samples are kept.
        store.note(now: at(2_000_000))
        #expect(store.statistics().losses.map(\.to) == [at(2_000_000)])
        #expect(store.statistics().gapSeconds == 15 * 86_400)
    }

    @Test(arguments: [false, true])
    func `where nothing of any state can be read, all goes on with what the log has, and all files are kept`(
        asCopy: Bool
    ) async throws {
        let disk = try filled(asCopy: asCopy)
        disk.setContents(try #require(disk.paths.last { $0.contains("/state-") }), [1, 2, 3])
        let files = disk.paths.filter { $0.hasPrefix("snapshots/") }
        #expect(files.count == 2)
        #expect(try !StoreVerification.run(disk).isIntact)

        let store = try open(disk)
        store.note(now: at(1000))
        let statistics = store.statistics()
        #expect(statistics.losses.map(\.path) == ["snapshots"] && statistics.isIncomplete)
        #expect(statistics.losses.map(\.from) == [nil] && statistics.gapSeconds == 15 * 86_400)
        try fill(store)
        try store.sync()
        disk.crash()
        let again = try open(disk)
        #expect(try await count(again, "from the log") == Self.total)
        #expect(again.statistics().losses.map(\.path) == ["snapshots"])
        try again.maintain(now: at(100))

        let kept = again.statistics().quarantine
        for file in files { #expect(kept.contains(file.replacing("snapshots/", with: "quarantine/"))) }
        disk.crash()
        let last = try open(disk)
        #expect(try await count(last, "from a snapshot") == Self.total)
        #expect(!last.statistics().isIncomplete)
        #expect(try StoreVerification.run(disk).isIntact)
    }

    @Test func `folders with the names of files are left alone, and told of`() async throws {
        let disk = SimulatedDisk()
        let folders = [
            "log/0000000001.log", "snapshots/chunks-0000000004", "snapshots/manifest-0000000001",
            "snapshots/state-0000000001",
        ]
        for folder in folders { try disk.createFolder(folder) }

        for round in 0..<3 {
            let store = try open(disk)
            #expect(store.statistics().foreign == folders && !store.statistics().isIncomplete)
            let sample = Sample(at(round), 1)
            _ = store.append([SeriesSamples(labels: Labels(["__name__": "m"]), samples: [sample])])
            if round == 1 { try store.snapshot() } else { try store.sync() }
            disk.kill()
        }

        #expect(try await select(try open(disk), []).map(\.values.count) == [3])
    }
}

/// Where the frames of a file begin, those with records or those that protect them.
private func frames(_ bytes: [UInt8], withRecords: Bool) -> [Int] {
    let mark: [UInt8] = [0xf1, 0x79, 0xba, 0x11]
    return bytes.indices.dropLast(39).filter {
        bytes[$0] == mark[0] && bytes[$0..<$0 + 4].elementsEqual(mark)
            && bytes[$0 + 24..<$0 + 28].contains { $0 != 0 } == withRecords
    }
}

/// The bytes of a snapshot's file with damage in what would mend any other damage.
func unprotected(_ bytes: [UInt8]) -> [UInt8] {
    var result = bytes
    for start in frames(bytes, withRecords: false) { result[start + 39] ^= 8 }
    return result
}
