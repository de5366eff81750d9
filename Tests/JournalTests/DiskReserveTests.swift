import Journal
import Testing

/// Records of control on a full disk, and who has to wait for them.
@Suite struct DiskReserveTests {
    @Test func `the reserve is taken by a log that may, refused to others until it is whole again`() throws {
        let disk = SimulatedDisk(capacity: 3000)
        let reserve = DiskReserve(disk, byteCount: 2000)
        let control = try Log(disk: disk, folder: "control", reserve: reserve)
        let samples = try Log(disk: disk, folder: "samples")
        var number = 0
        while true {
            number += 1
            try samples.append(record(number))
            if (try? samples.commit()) == nil { break }
        }
        #expect(reserve.isWhole)

        for number in 1...5 {
            try control.append(record(number))
            #expect(try control.commit() == UInt64(number))
        }

        #expect(!reserve.isWhole)
        #expect {
            try reserve.fill()
        } throws: {
            "\($0)".contains("No space left")
                && "\($0)".contains("2000 bytes are kept for records of control")
        }
        #expect(!disk.exists("reserve"))

        disk.setCapacity(6000)
        try reserve.fill()
        #expect(reserve.isWhole)
        #expect(disk.contents("reserve")?.count == 2000)
        disk.crash()
        let found = try contents(try Log(disk: disk, folder: "control"))
        #expect(found.records == (1...5).map(record))
    }

    @Test func `a reserve of an earlier run is found whole, a part of one is made whole`() throws {
        let disk = SimulatedDisk(capacity: 3000)
        _ = DiskReserve(disk, byteCount: 2000)
        disk.kill()
        #expect(DiskReserve(disk, byteCount: 2000).isWhole)

        disk.setContents("reserve", [UInt8](repeating: 0, count: 700))
        #expect(DiskReserve(disk, byteCount: 2000).isWhole)
        #expect(disk.contents("reserve")?.count == 2000)

        // Less than before, as the configuration may say, and none.
        #expect(DiskReserve(disk, byteCount: 1000).isWhole)
        #expect(disk.contents("reserve")?.count == 1000)
        try DiskReserve(disk, byteCount: 0).fill()
        #expect(!disk.exists("reserve"))
    }

    @Test func `a full disk keeps no process from its lock`() throws {
        let disk = SimulatedDisk(capacity: 5)
        let lock = try DirectoryLock(disk, owner: "pid 123456789")

        #expect(throws: DirectoryLock.Failure.self) { try DirectoryLock(disk, owner: "pid 2") }
        lock.release()
        _ = try DirectoryLock(disk, owner: "pid 2")
    }

    @Test func `a disk that cannot set space aside for another reason holds nobody up`() throws {
        let disk = SimulatedDisk()
        disk.failCall(2, code: 95, lasts: true)
        let reserve = DiskReserve(disk, byteCount: 2000)

        #expect(!reserve.isWhole)
        try reserve.fill()
        #expect(!reserve.release())
    }
}
