import Journal
import Testing

/// Every call that changes the disk, failing once and failing from then on; every bit of a header; frames that are not
/// where they belong.
@Suite struct LogSweepTests {
    private func open(_ disk: SimulatedDisk, segmentSize: Int = 300) throws -> Log {
        try Log(disk: disk, folder: "log", configuration: LogConfiguration(segmentSize: segmentSize))
    }

    @Test(arguments: [Int32(5), 28], [false, true])
    func `a call that fails, once or for good, costs nothing acknowledged`(
        code: Int32, lasts: Bool
    ) throws {
        var failing = 1
        while true {
            let disk = SimulatedDisk()
            let log = try open(disk)
            let before = disk.calls
            let isPartial = failing % 3 > 0
            if isPartial { disk.loseOnly(pagesOf: 64) { [failing] in ($0 + failing).isMultiple(of: 2) } }
            disk.failCall(failing, code: code, lasts: lasts)
            var acknowledged = 0
            for number in 1...12 {
                try log.append(record(number))
                if let durable = try? log.commit() { acknowledged = Int(durable) }
            }
            if disk.calls - before < failing { break }

            // Power goes while it still fails: what was acknowledged is there, the rest is a prefix where the disk loses all.
            let now = try contents(try open(disk.durableCopy())).records
            #expect(now.starts(with: (1...12).map(record).prefix(acknowledged)), "call \(failing)")
            if !isPartial {
                #expect(now == (1...12).map(record).prefix(now.count).map { $0 }, "call \(failing)")
            }

            // The disk heals: all of it is acknowledged without opening anew.
            disk.heal()
            #expect(try log.commit() == 12, "call \(failing)")
            disk.crash()
            let found = try contents(try open(disk))
            #expect(found.records == (1...12).map(record), "call \(failing)")
            #expect(found.report.gaps.isEmpty, "call \(failing)")
            failing += 1
        }
        #expect(failing > 25)
    }

    @Test func `every flipped bit of a file's or frame's header is noticed and costs at most that frame`()
        throws
    {
        let disk = SimulatedDisk()
        let log = try open(disk, segmentSize: 1 << 20)
        var starts: [Int] = []
        for number in 1...4 {
            starts.append(disk.contents("log/0000000001.log")?.count ?? 40)
            try log.append(record(number))
            try log.commit()
        }
        let bytes = disk.contents("log/0000000001.log")!
        let headers = Array(0..<40) + starts.flatMap { Array($0..<$0 + 40) }
        for place in headers {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[place] ^= 1 << UInt8(bit)
                disk.setContents("log/0000000001.log", damaged)
                guard let opened = try? open(disk) else {
                    // A higher version is refused, nothing is touched.
                    #expect((8..<12).contains(place), "byte \(place) bit \(bit)")
                    continue
                }
                let found = try contents(opened)
                let isTold = !found.report.damage.isEmpty || !opened.openReport.damage.isEmpty
                #expect(isTold, "byte \(place) bit \(bit)")
                let hit = starts.lastIndex { $0 <= place }
                let expected = (1...4).filter { $0 - 1 != hit }.map(record)
                #expect(found.records == expected, "byte \(place) bit \(bit)")
            }
        }
    }

    @Test
    func
        `a frame that stands in another place, another file or twice is never read as one that belongs there`()
        throws
    {
        let disk = SimulatedDisk()
        let log = try open(disk, segmentSize: 150)
        for number in 1...6 {
            try log.append(record(number))
            try log.commit()
        }
        let paths = disk.paths
        try #require(paths.count >= 3)
        let original = paths.map { disk.contents($0)! }
        // Every frame of a file over every other frame of the same length, there and in other files.
        // But for the last they end with one more, which says that the next file was begun.
        let frame = 40..<original.map(\.count).min()!
        for source in original.indices {
            for target in original.indices {
                let bytes = original[source][frame]
                var files = original
                // Behind the end, where it stands twice, and over what is there.
                for place in [files[target].count, 40] where !(place == 40 && source == target) {
                    files[target].replaceSubrange(
                        place..<min(files[target].count, place + bytes.count), with: bytes)
                    for (path, content) in zip(paths, files) { disk.setContents(path, content) }
                    let found = try contents(try open(disk, segmentSize: 150))
                    let numbers = (1...6).filter { found.records.contains(record($0)) }
                    #expect(found.records == numbers.map(record), "from \(source) to \(target) at \(place)")
                    #expect(
                        found.records.count >= (place == 40 ? 4 : 6),
                        "from \(source) to \(target) at \(place)")
                    files = original
                }
            }
        }
    }

    @Test func `an empty last file is no loss, an empty one before it is`() throws {
        let disk = SimulatedDisk()
        let log = try open(disk, segmentSize: 200)
        for number in 1...12 {
            try log.append(record(number))
            try log.commit()
        }
        let last = disk.paths.count + 1
        disk.setContents("log/000000000\(last).log", [])
        let whole = try open(disk, segmentSize: 200)
        #expect(try contents(whole).records == (1...12).map(record))
        #expect(try contents(whole).report.gaps.isEmpty)
        #expect(try whole.append(record(13)) == 13)
        try whole.commit()
        #expect(try contents(try open(disk)).records == (1...13).map(record))

        disk.setContents(disk.paths[1], [])
        let found = try contents(try open(disk))
        #expect(found.report.gaps.count == 1)
        #expect(found.records.count + found.report.gaps[0].count == 13)
    }
}
