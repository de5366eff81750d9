import Journal
import Testing

@Suite struct LogTests {
    private let disk = SimulatedDisk()

    private func open(segmentSize: Int = 1 << 20, pendingLimit: Int = 1 << 24) throws -> Log {
        try Log(
            disk: disk, folder: "log",
            configuration: LogConfiguration(segmentSize: segmentSize, pendingLimit: pendingLimit))
    }

    @Test func `committed records are read back in order after a power cut`() throws {
        let log = try open()
        for number in 1...10 { try log.append(record(number)) }
        #expect(try log.commit() == 10)
        try log.append(record(11))

        disk.crash()

        let reopened = try open()
        let found = try contents(reopened)
        #expect(found.records == (1...10).map(record))
        #expect(found.report.gaps.isEmpty)
        #expect(reopened.nextSequence == 11)
    }

    @Test func `records that were never committed are not durable`() throws {
        let log = try open()
        try log.append(record(1))
        #expect(log.durableSequence == 0)
        #expect(log.nextSequence == 2)

        try log.commit()

        #expect(log.durableSequence == 1)
        #expect(log.pendingByteCount == 0)
    }

    @Test func `a write torn at any byte loses no committed record and is no gap`() throws {
        let log = try open()
        try log.append(record(1))
        try log.commit()
        let whole = disk.contents("log/0000000001.log")!.count
        try log.append(record(2))
        try log.commit()
        let bytes = disk.contents("log/0000000001.log")!

        for length in whole..<bytes.count {
            disk.setContents("log/0000000001.log", Array(bytes[..<length]))
            disk.setContents("log/0000000002.log", nil)
            let reopened = try open()
            #expect(try contents(reopened).records == [record(1)])
            #expect(try reopened.append(record(3)) == 2)
            try reopened.commit()
            let again = try contents(try open())
            #expect(again.records == [record(1), record(3)])
            #expect(again.report.gaps.isEmpty)
        }
    }

    @Test func `a flipped bit costs the records of its frame and no others`() throws {
        let log = try open()
        for number in 1...5 {
            try log.append(record(number))
            try log.commit()
        }
        let bytes = disk.contents("log/0000000001.log")!

        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x10
            disk.setContents("log/0000000001.log", damaged)
            let found = try contents(try open())
            #expect(found.records.count >= 4, "byte \(index)")
            #expect(found.records.allSatisfy { (1...5).map(record).contains($0) })
            let lost = found.report.gaps.reduce(0) { $0 + $1.count }
            // The last frame cannot be told from a torn write: nothing behind it says that it was there.
            let isLast = found.records == (1...4).map(record)
            #expect(lost == (isLast ? 0 : 5 - found.records.count), "byte \(index)")
        }
    }

    @Test func `zeroed bytes in the middle cost only the frames that they touch`() throws {
        let log = try open()
        for number in 1...20 {
            try log.append(record(number))
            try log.commit()
        }
        var bytes = disk.contents("log/0000000001.log")!
        for index in 200..<300 { bytes[index] = 0 }
        disk.setContents("log/0000000001.log", bytes)

        let found = try contents(try open())

        #expect(found.records.count >= 17)
        #expect(found.records.last == record(20))
        #expect(found.report.gaps.count == 1)
        #expect(!found.report.damage.isEmpty)
    }

    @Test func `a frame copied to another place is not taken for one that belongs there`() throws {
        let log = try open()
        try log.append(record(1))
        try log.commit()
        let first = disk.contents("log/0000000001.log")!
        disk.setContents("log/0000000001.log", first + first[40...])

        let found = try contents(try open())

        #expect(found.records == [record(1)])
        #expect(found.report.damage.map(\.offset) == [first.count])
    }

    @Test func `full files are followed by new ones, and old ones are deleted below a sequence`() throws {
        let log = try open(segmentSize: 200)
        for number in 1...30 {
            try log.append(record(number))
            try log.commit()
        }
        #expect(disk.paths.count > 3)

        try log.truncate(below: 25)

        let found = try contents(log)
        #expect(found.records.last == record(30))
        #expect(log.firstSequence <= 25)
        #expect(log.firstSequence > 15)
        #expect(found.records == (Int(log.firstSequence)...30).map(record))
    }

    @Test func `a log that was emptied goes on counting after a power cut`() throws {
        let log = try open()
        for number in 1...5 { try log.append(record(number)) }
        try log.commit()

        try log.truncate(below: 6)
        disk.crash()

        let reopened = try open()
        #expect(try contents(reopened).records.isEmpty)
        #expect(try reopened.append(record(6)) == 6)
    }

    @Test func `a missing file is a gap`() throws {
        let log = try open(segmentSize: 200)
        for number in 1...30 {
            try log.append(record(number))
            try log.commit()
        }
        disk.setContents(disk.paths[1], nil)

        let found = try contents(try open(segmentSize: 200))

        #expect(found.report.gaps.count == 1)
        #expect(found.records.count + found.report.gaps[0].count == 30)
    }

    @Test func `reading from a sequence leaves out what is before`() throws {
        let log = try open(segmentSize: 200)
        for number in 1...30 {
            try log.append(record(number))
            try log.commit()
        }

        #expect(try contents(log, from: 12).records == (12...30).map(record))
    }

    @Test func `a file of a newer format is refused, a foreign one left alone`() throws {
        var header = FrameFormatForTests.header(version: 7)
        disk.setContents("log/0000000001.log", header)
        #expect(throws: LogError.newerVersion(path: "log/0000000001.log", version: 7, supported: 6)) {
            try open()
        }

        header = FrameFormatForTests.header(version: 1)
        disk.setContents("log/0000000001.log", header)
        disk.setContents("log/notes.txt", [1, 2, 3])
        #expect(try open().openReport.foreign == ["log/notes.txt"])
        #expect(disk.contents("log/notes.txt") == [1, 2, 3])
    }

    @Test func `files of other names are no part of the log`() throws {
        let log = try open(segmentSize: 1)
        for number in 1...3 {
            try log.append(record(number))
            try log.commit()
        }
        let names = ["18446744073709551615", "9223372036854775808", "000000000001", "1", "+000000001", "x"]
        let foreign = names.map { "log/\($0).log" }
        for path in foreign { disk.setContents(path, disk.contents("log/0000000001.log")) }
        try disk.createFolder("log/0000000004.log")
        disk.kill()

        for number in 4...6 {
            let reopened = try open(segmentSize: 1)
            #expect(Set(reopened.openReport.foreign) == Set(foreign + ["log/0000000004.log"]))
            #expect(try reopened.append(record(number)) == UInt64(number))
            try reopened.commit()
            disk.crash()
        }
        #expect(disk.contents("log/0000000005.log") != nil)
        let last = try open(segmentSize: 1)
        #expect(try contents(last).records == (1...6).map(record))
        try last.truncate(below: 7)
        #expect(foreign.allSatisfy { disk.contents($0) != nil })
    }

    @Test func `where no number is left for a file, commits say so`() throws {
        disk.setContents(
            "log/9223372036854775807.log",
            FrameFormatForTests.header(version: 4, id: 9_223_372_036_854_775_807))
        let log = try open(segmentSize: 1)
        try log.append(record(1))
        #expect(throws: LogError.self) { try log.commit() }
        disk.setContents("log/9223372036854775807.log", nil)
        #expect(try open().append(record(1)) == 1)
    }

    @Test(arguments: [[], [UInt8](repeating: 7, count: 60)], [0, 2])
    func `a file that is none of the log's does not say with which number it goes on`(
        content: [UInt8], own: Int
    ) throws {
        let path = "log/9223372036854775807.log"
        for number in 0..<own {
            let log = try open()
            try log.append(record(number + 1))
            try log.commit()
            disk.kill()
        }
        disk.setContents(path, content)
        let before = disk.paths.count

        for number in own..<own + 4 {
            let log = try open(segmentSize: 1)
            #expect(log.openReport.foreign == [path])
            #expect(log.openReport.damage.isEmpty)
            #expect(try log.append(record(number + 1)) == UInt64(number + 1))
            try log.commit()
            disk.crash()
        }

        let last = try open()
        #expect(try contents(last).records == (1...own + 4).map(record))
        #expect(disk.paths.count > before && disk.contents("log/0000000003.log") != nil)
        try last.truncate(below: UInt64(own + 5))
        #expect(disk.contents(path) == content)
        #expect(try open().openReport.lostEnd(after: last.durableEnd) == nil)
    }

    @Test func `of the log's own files those in which nothing can be read are no one else's`() throws {
        let log = try open(segmentSize: 1)
        for number in 1...3 {
            try log.append(record(number))
            try log.commit()
        }
        disk.kill()
        let paths = disk.paths.filter { $0.hasPrefix("log/") }
        for count in 1...3 {
            for path in paths.suffix(count) { disk.setContents(path, [UInt8](repeating: 0, count: 90)) }
            let reopened = try open(segmentSize: 1)
            #expect(reopened.openReport.foreign.isEmpty)
            #expect(Set(reopened.openReport.damage.map(\.path)) == Set(paths.suffix(count)))
        }
        let reopened = try open(segmentSize: 1)
        try reopened.append(record(4))
        try reopened.commit()
        #expect(disk.contents("log/0000000004.log") != nil)
    }

    @Test(arguments: [false, true])
    func `a file in which nothing can be read makes none before it superfluous`(isRead: Bool) throws {
        let log = try open(segmentSize: 1)
        for number in 1...4 {
            try log.append(record(number))
            try log.commit()
        }
        disk.kill()
        disk.setContents("log/0000000003.log", [UInt8](repeating: 0, count: 90))
        let reopened = try open(segmentSize: 1)
        if isRead { _ = try contents(reopened) }

        try reopened.truncate(below: 2)

        #expect(try contents(reopened).records == [record(2), record(4)])
    }

    @Test func `an append beyond the pending limit is refused and takes nothing`() throws {
        let log = try open(pendingLimit: 100)
        try log.append([UInt8](repeating: 1, count: 60))

        #expect(throws: LogError.full(limit: 100)) { try log.append([UInt8](repeating: 2, count: 60)) }

        try log.commit()
        #expect(try log.append([UInt8](repeating: 2, count: 60)) == 2)
    }
}

func record(_ number: Int) -> [UInt8] { Array("record \(number) of the log".utf8) }

func contents(_ log: Log, from sequence: UInt64 = 0) throws -> (records: [[UInt8]], report: LogReport) {
    var records: [[UInt8]] = []
    let report = try log.forEach(from: sequence) { _, record in records.append(record) }
    return (records, report)
}
