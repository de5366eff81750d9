import Journal
import Testing

/// What of a log is on the disk before what else happens.
@Suite struct LogOrderTests {
    private let disk = SimulatedDisk()

    private func open(segmentSize: Int = 1) throws -> Log {
        try Log(disk: disk, folder: "log", configuration: LogConfiguration(segmentSize: segmentSize))
    }

    private var files: [String] { disk.paths.filter { $0.hasPrefix("log/") } }

    @Test func `what was only written to several files is durable with the first commit that waits`() throws {
        let log = try open()
        for number in 1...4 {
            try log.append(record(number))
            try log.commit(synchronize: false)
        }
        try log.append(record(5))
        #expect(try log.commit() == 5)
        #expect(files.count == 5)

        disk.crash()

        let found = try contents(try open())
        #expect(found.records == (1...5).map(record))
        #expect(found.report.gaps.isEmpty)
    }

    @Test func `before files go, the disk has what a process before wrote behind them`() throws {
        let log = try open()
        for number in 1...3 {
            try log.append(record(number))
            try log.commit(synchronize: false)
        }
        disk.kill()

        try open().truncate(below: 3)
        disk.crash()

        let reopened = try open()
        #expect(try contents(reopened, from: 3).records == [record(3)])
        #expect(reopened.nextSequence == 4)
    }

    @Test func `the last file on disk stays while the one behind it is not there`() throws {
        let log = try open()
        try log.append(record(1))
        try log.commit()
        let known = try #require(log.durableEnd)
        try log.append(record(2))
        // The next file gets the record, but the disk does not, and refuses the attempt in another one.
        disk.failCall(5, lasts: true)
        #expect(throws: LogError.self) { try log.commit() }
        #expect(files.count == 2)
        disk.heal()

        try log.truncate(below: 2)
        disk.crash()

        let reopened = try open()
        #expect(reopened.nextSequence == 2)
        #expect(reopened.openReport.lostEnd(after: known) == nil)
    }

    @Test func `a file that could not be begun is not left behind`() throws {
        let log = try open()
        try log.append(record(1))
        // Half of the header is written.
        disk.failCall(2, code: 28)
        #expect(throws: LogError.self) { try log.commit() }
        #expect(files.isEmpty)
        #expect(try open().openReport.damage.isEmpty)
    }

    @Test func `a file without a header that the disk did not delete hides nothing of the one behind it`()
        throws
    {
        let log = try open(segmentSize: 50)
        try log.append(record(1))
        try log.commit()
        try log.append(record(2))
        // The write to the next file, and then the disk for the rest.
        disk.failCall(4, code: 28)
        #expect(throws: LogError.self) { try log.commit() }
        try log.append(record(3))
        disk.failCall(2, lasts: true)
        #expect(throws: LogError.self) { try log.commit() }
        var given = try #require(disk.contents("log/0000000002.log"))
        disk.heal()
        #expect(try log.commit() == 3)
        disk.crash()
        #expect(files == ["log/0000000001.log", "log/0000000003.log"])

        // Header and record 2 are lost, record 3 is there.
        let frame = (given.count - 40) / 2
        for index in 0..<40 + frame { given[index] = 0 }
        disk.setContents("log/0000000002.log", given)

        let found = try contents(try open())
        #expect(found.records == (1...3).map(record))
        #expect(found.report.gaps.isEmpty)
    }

    @Test func `a write that a crash tore is no loss, whatever is lost behind it`() throws {
        let log = try open()
        for number in 1...4 {
            try log.append(record(number))
            try log.commit()
        }
        let torn = try #require(disk.contents(files[0]))
        disk.setContents(files[0], torn + Array("torn".utf8))
        var damaged = try #require(disk.contents(files[2]))
        damaged[85] ^= 1
        disk.setContents(files[2], damaged)

        let found = try contents(try open())
        #expect(found.records == [1, 2, 4].map(record))
        #expect(found.report.lossy == [files[2]])
    }

    @Test func `a copy of a file under the next number makes none before it superfluous`() throws {
        let log = try open(segmentSize: 1 << 20)
        for number in 1...2 {
            try log.append(record(number))
            try log.commit()
        }
        disk.kill()
        disk.setContents("log/0000000002.log", disk.contents("log/0000000001.log"))

        try open().truncate(below: 2)

        #expect(try contents(try open(), from: 2).records == [record(2)])
    }

    @Test func `a full file that cannot be told of its successor stays whole`() throws {
        // The write to it and its synchronisation, behind those of the file and the folder that it makes room for.
        for call in 7...8 {
            let disk = SimulatedDisk()
            let log = try Log(
                disk: disk, folder: "log", configuration: LogConfiguration(segmentSize: 1))
            try log.append(record(1))
            try log.commit()
            let whole = disk.contents("log/0000000001.log")
            try log.append(record(2))
            disk.failCall(call, code: 28)
            #expect(try log.commit() == 2)

            #expect(disk.contents("log/0000000001.log") == whole, "call \(call)")
            #expect(try contents(log).records == (1...2).map(record))
        }
    }
}
