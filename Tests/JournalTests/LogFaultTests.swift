import Journal
import Testing

@Suite struct LogFaultTests {
    private func open(_ disk: SimulatedDisk, segmentSize: Int = 300) throws -> Log {
        try Log(disk: disk, folder: "log", configuration: LogConfiguration(segmentSize: segmentSize))
    }

    /// A log of four files with a record each, and their paths.
    private func fourFiles() throws -> (disk: SimulatedDisk, paths: [String]) {
        let disk = SimulatedDisk()
        let log = try open(disk, segmentSize: 1)
        for number in 1...4 {
            try log.append(record(number))
            try log.commit()
        }
        let paths = disk.paths.filter { $0.hasPrefix("log/") }
        #expect(paths.count == 4)
        return (disk, paths)
    }

    @Test(arguments: [Int32(5), 28]) func `whichever call fails, what was acknowledged survives`(
        code: Int32
    ) throws {
        for failing in 1...60 {
            let disk = SimulatedDisk()
            let log = try open(disk)
            disk.failCall(failing, code: code)
            var acknowledged: UInt64 = 0
            for number in 1...20 {
                try log.append(record(number))
                if let durable = try? log.commit() { acknowledged = durable }
            }
            disk.heal()
            let last = try log.commit()
            #expect(last == 20)

            disk.crash()

            let found = try contents(try open(disk))
            #expect(acknowledged >= 19)
            #expect(found.records == (1...20).map(record), "call \(failing)")
            #expect(found.report.gaps.isEmpty)
        }
    }

    @Test func `a power cut at any call loses nothing that was acknowledged`() throws {
        for failing in 1...60 {
            for survivors in [0, 1, 45, 1000] {
                let disk = SimulatedDisk()
                let log = try open(disk)
                if failing % 3 > 0 {
                    disk.loseOnly(pagesOf: 64) { [failing] in ($0 + failing).isMultiple(of: 2) }
                }
                disk.failCall(failing, lasts: true)
                var acknowledged = 0
                for number in 1...20 {
                    try log.append(record(number))
                    if let durable = try? log.commit() { acknowledged = Int(durable) }
                }

                disk.crash { _, count in min(count, survivors) }

                let reopened = try open(disk)
                #expect(reopened.openReport.lostFile == nil, "call \(failing)")
                let found = try contents(reopened)
                #expect(found.records.count >= acknowledged, "call \(failing)")
                #expect(found.records == (1...20).map(record).prefix(found.records.count).map { $0 })
                #expect(found.report.gaps.isEmpty)
            }
        }
    }

    @Test func `a full disk stops commits and the log goes on by itself when there is space`() throws {
        let disk = SimulatedDisk(capacity: 400)
        let log = try open(disk, segmentSize: 1 << 20)
        var acknowledged: UInt64 = 0
        var refused = 0
        for number in 1...20 {
            try log.append(record(number))
            do {
                acknowledged = try log.commit()
            } catch {
                #expect(error.isDiskFull)
                refused += 1
            }
        }
        #expect(acknowledged > 0)
        #expect(refused > 0)

        disk.setCapacity(.max)
        #expect(try log.commit() == 20)
        disk.crash()

        #expect(try contents(try open(disk)).records == (1...20).map(record))
    }

    @Test func `a synchronisation that fails once is not trusted the second time on the same file`() throws {
        let disk = SimulatedDisk()
        let log = try open(disk)
        try log.append(record(1))
        try log.commit()
        try log.append(record(2))
        disk.failCall(2)

        #expect(try log.commit() == 2)
        disk.crash()

        let found = try contents(try open(disk))
        #expect(found.records == [record(1), record(2)])
    }

    @Test func `the second process is told that the directory is in use`() throws {
        let disk = SimulatedDisk()
        let first = try DirectoryLock(disk, owner: "pid 7")

        #expect {
            try DirectoryLock(disk, owner: "pid 8")
        } throws: {
            "\($0)".contains("in use by another process (pid 7)")
        }

        first.release()
        #expect(disk.contents("lock")?.isEmpty == true, "nobody holds it")
        _ = try DirectoryLock(disk, owner: "pid 8")
    }

    @Test func `a group that a failed synchronisation left in two files is read once`() throws {
        let disk = SimulatedDisk()
        let log = try open(disk, segmentSize: 1 << 20)
        try log.append(record(1))
        try log.commit()
        try log.append([record(2), record(3)])
        disk.failCall(2)
        #expect(try log.commit() == 3)
        try log.append(record(4))
        try log.commit()
        // The process ends; the system goes on, and with it what the first file got.
        disk.kill()

        let reopened = try open(disk)
        var sequences: [UInt64] = []
        let report = try reopened.forEach { sequence, _ in sequences.append(sequence) }

        #expect(disk.paths.filter { $0.hasPrefix("log/") }.count == 2)
        #expect(sequences == [1, 2, 3, 4])
        #expect(try contents(reopened).records == (1...4).map(record))
        #expect(report.gaps.isEmpty)
        #expect(reopened.nextSequence == 5)
        var tail: [UInt64] = []
        try reopened.forEach(from: 3) { sequence, _ in tail.append(sequence) }
        #expect(tail == [3, 4])
    }

    /// Record 1 on disk; 2 and 3 in frames of their own in one write, of which these pages are lost.
    private func half(lost pages: Int) throws -> (disk: SimulatedDisk, log: Log) {
        let disk = SimulatedDisk()
        let log = try open(disk, segmentSize: 1 << 20)
        try log.append(record(1))
        try log.commit()
        try log.append(record(2))
        disk.failCall(1, code: 28)
        #expect(throws: LogError.self) { try log.commit() }
        try log.append(record(3))
        disk.loseOnly(pagesOf: 32) { pages >> $0 & 1 == 1 }
        return (disk, log)
    }

    @Test func `records that a failed synchronisation lost are read from the file behind, in order`() throws {
        for pages in 0..<128 {
            let (disk, log) = try half(lost: pages << 1)
            disk.failCall(2)
            #expect(try log.commit() == 3)
            disk.crash()
            #expect(disk.paths.filter { $0.hasPrefix("log/") }.count == 2)

            let found = try contents(try open(disk))
            #expect(found.records == [1, 2, 3].map(record), "pages \(pages)")
            #expect(found.report.gaps.isEmpty, "pages \(pages)")
        }
    }

    @Test func `a file with holes that was given up comes back after a power cut and costs nothing`() throws {
        for pages in 0..<256 {
            let disk = SimulatedDisk()
            let log = try open(disk, segmentSize: 1 << 20)
            try log.append(record(1))
            disk.failCall(3, code: 28)
            #expect(throws: LogError.self) { try log.commit() }
            try log.append(record(2))
            disk.loseOnly(pagesOf: 32) { pages >> $0 & 1 == 1 }
            // An empty file does synchronise, one with records does not.
            disk.failSynchronization(from: 41)
            #expect(throws: LogError.self) { try log.commit() }
            disk.heal()
            #expect(try log.commit() == 2)
            #expect(disk.paths.filter { $0.hasPrefix("log/") } == ["log/0000000003.log"])
            disk.crash()
            #expect(disk.paths.contains("log/0000000002.log"))

            let reopened = try open(disk)
            #expect(reopened.openReport.lostFile == nil)
            let found = try contents(reopened)
            #expect(found.records == [1, 2].map(record), "pages \(pages)")
            #expect(found.report.gaps.isEmpty, "pages \(pages)")
        }
    }

    @Test func `a file whose header a failed synchronisation lost does not hide the one behind it`() throws {
        for pages in 0..<64 {
            let disk = SimulatedDisk()
            let log = try open(disk, segmentSize: 50)
            try log.append(record(1))
            try log.commit()
            try log.append(record(2))
            // The write to the next file.
            disk.failCall(4, code: 28)
            #expect(throws: LogError.self) { try log.commit() }
            try log.append(record(3))
            disk.loseOnly(pagesOf: 32) { pages >> $0 & 1 == 1 }
            disk.failCall(2)
            #expect(try log.commit() == 3)
            disk.crash()

            let found = try contents(try open(disk))
            #expect(found.records == [1, 2, 3].map(record), "pages \(pages)")
            #expect(found.report.gaps.isEmpty, "pages \(pages)")
        }
    }

    @Test func `sequences that a file given up holds are not given again`() throws {
        let (disk, log) = try half(lost: 0)
        disk.failCall(2)
        try log.commit()
        // Power went before the next file had more than the first of the two frames, or any.
        let next = try #require(disk.contents("log/0000000002.log"))
        for kept in [40 + (next.count - 40) / 2, 40] {
            let copy = disk.durableCopy()
            copy.setContents("log/0000000002.log", Array(next.prefix(kept)))

            let reopened = try open(copy)
            #expect(try contents(reopened).records == [1, 2, 3].map(record))
            #expect(try reopened.append(record(4)) == 4)
            try reopened.commit()
            #expect(try contents(try open(copy)).records == [1, 2, 3, 4].map(record))
            // The first file stays for as long as it is the only one that has record 3.
            try reopened.truncate(below: 3)
            var kept: [UInt64] = []
            try open(copy).forEach(from: 3) { sequence, _ in kept.append(sequence) }
            #expect(kept == [3, 4])
        }
    }

    /// Records that a process wrote, which the disk need not have, and so many bytes of one that was torn.
    private func leftInCache(_ count: Int, torn: Int) throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        let log = try open(disk, segmentSize: 1 << 20)
        for number in 1...count {
            try log.append(record(number))
            try log.commit(synchronize: false)
        }
        disk.kill()
        if torn > 0 {
            let file = try disk.open("log/0000000001.log", create: false)
            try file.append(Array(repeating: 0x11, count: torn))
        }
        return disk
    }

    @Test func `what a process left in the cache is durable once the next one has committed`() throws {
        for torn in [0, 7] {
            let disk = try leftInCache(2, torn: torn)

            let second = try open(disk, segmentSize: 1 << 20)
            #expect(try contents(second).records == [1, 2].map(record))
            #expect(second.durableSequence == 0)
            #expect(try second.commit() == 2)
            disk.crash()
            #expect(try contents(try open(disk)).records == [1, 2].map(record))
        }
    }

    @Test(arguments: [Int32(5), 28])
    func `what a process left in the cache is written again where the disk fails`(
        code: Int32
    ) throws {
        for (failing, torn) in [(1, 0), (1, 7), (2, 0), (2, 7)] {
            let disk = try leftInCache(3, torn: torn)
            let second = try open(disk, segmentSize: 1 << 20)
            try second.append(record(4))
            disk.failCall(failing, code: code)
            let durable = try (try? second.commit()) ?? second.commit()
            #expect(durable == 4)
            disk.crash()

            let found = try contents(try open(disk))
            #expect(found.records == (1...4).map(record), "call \(failing), \(torn) torn bytes")
            #expect(found.report.gaps.isEmpty)
        }
    }

    @Test func `records that are missing between two files are told, and the file that lost some is named`()
        throws
    {
        let (disk, paths) = try fourFiles()
        let missing = disk.durableCopy()
        missing.setContents(paths[1], nil)
        let damaged = disk.durableCopy()
        var bytes = try #require(damaged.contents(paths[1]))
        bytes[85] ^= 1
        damaged.setContents(paths[1], bytes)

        for (disk, lossy) in [(missing, []), (damaged, [paths[1]])] {
            let found = try contents(try open(disk))
            #expect(found.records == [1, 3, 4].map(record))
            #expect(found.report.gaps == [2...2])
            #expect(found.report.lossy == Set(lossy))
        }
    }

    /// From 0 nothing synchronises; from 41 an empty file does, and none with records.
    @Test(arguments: [0, 41]) func `a disk that does not synchronise is not filled by the attempts`(
        length: Int
    ) throws {
        let disk = SimulatedDisk()
        let log = try open(disk, segmentSize: 1 << 20)
        try log.append(record(1))
        try log.commit()
        disk.failSynchronization(from: length)
        for number in 2...100 {
            try log.append(record(number))
            #expect(throws: LogError.self) { try log.commit() }
            #expect(log.durableSequence == 1)
        }

        #expect(disk.paths.filter { $0.hasPrefix("log/") }.count <= 3)
        #expect(disk.byteCount < 3 * 100 * 30)
        // Where not even an empty file does, none gets what waits.
        #expect(length > 0 || disk.byteCount < 300, "\(disk.byteCount)")

        disk.heal()
        #expect(try log.commit() == 100)
        disk.crash()
        let found = try contents(try open(disk))
        #expect(found.records == (1...100).map(record))
        #expect(found.report.gaps.isEmpty)
    }

    @Test func `a last file that is gone or empty is missed, since the one before speaks of it`() throws {
        let (disk, paths) = try fourFiles()
        #expect(try open(disk.durableCopy(), segmentSize: 1).openReport.lostFile == nil)

        let header = Array(try #require(disk.contents(paths[3])).prefix(40))
        for left in [nil, [], header, header + Array("torn".utf8)] {
            let copy = disk.durableCopy()
            copy.setContents(paths[3], left)
            let reopened = try open(copy, segmentSize: 1)
            #expect(reopened.openReport.lostFile == paths[3], "\(left?.count ?? -1)")
            #expect(try contents(reopened).records == (1...3).map(record))
            // What comes then stands in a new file, and nothing is missed any more.
            try reopened.append(record(5))
            try reopened.commit()
            #expect(copy.contents(paths[2]) == disk.contents(paths[2]))
            #expect(try open(copy, segmentSize: 1).openReport.lostFile == nil)
        }
    }

    @Test func `a damaged file that was set aside only in part does not stop what comes after it`() throws {
        for failing in 1...8 {
            let (disk, paths) = try fourFiles()
            let log = try open(disk, segmentSize: 1)
            log.quarantine([paths[0]])
            disk.failCall(failing)
            try? log.truncate(below: 3)
            disk.heal()

            try log.truncate(below: 3)

            #expect(log.firstSequence == 3, "call \(failing)")
            #expect(disk.paths.contains("quarantine/0000000001.log"), "call \(failing)")
        }
    }

    @Test func `a page that the disk cannot read costs the records in it`() throws {
        let disk = SimulatedDisk()
        let log = try open(disk, segmentSize: 1 << 20)
        var state: UInt64 = 7
        let records = (1...40).map { _ in
            (0..<1000).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 33)
            }
        }
        for record in records {
            try log.append(record)
            try log.commit()
        }
        disk.failReads(of: "log/0000000001.log", 17_000..<17_512)
        disk.kill()

        let reopened = try open(disk)
        let found = try contents(reopened)
        #expect(found.records.count >= 34 && found.records.count < 40)
        #expect(found.records.allSatisfy(records.contains))
        #expect(found.report.gaps.count == 1)
        #expect(try reopened.append(record(41)) == 41)
    }
}
