import Coordination
import Journal
import Testing

struct LocalLeaseTests {
    @Test func `each holder has a higher epoch than the one before, across a power cut`() throws {
        let disk = SimulatedDisk()
        let first = try LocalLease(disk: disk, lock: DirectoryLock(disk, owner: "one"))
        #expect(first.epoch == 1)
        first.release()
        disk.crash()

        let second = try LocalLease(disk: disk, lock: DirectoryLock(disk, owner: "two"))

        #expect(second.epoch == 2)
        #expect(!first.isHeld)
    }

    @Test func `an epoch that a backend has seen is never taken again`() throws {
        let disk = SimulatedDisk()

        let lease = try LocalLease(disk: disk, lock: DirectoryLock(disk, owner: "one"), above: 41)

        #expect(lease.epoch == 42)
    }

    @Test func `a file that is no epoch is refused with a remedy`() throws {
        // The third is the beginning of a larger one.
        for text in ["", "seven", "41", "-1\n"] {
            let disk = SimulatedDisk()
            disk.setContents("control/epoch", Array(text.utf8))
            let lock = try DirectoryLock(disk, owner: "one")

            let error = #expect(throws: LocalLease.Failure.self) { try LocalLease(disk: disk, lock: lock) }

            #expect(error?.description.contains("control/epoch must hold the last epoch") == true)
        }
    }

    @Test func `an epoch that the disk cannot read is told with a remedy`() throws {
        let disk = SimulatedDisk()
        try LocalLease(disk: disk, lock: DirectoryLock(disk, owner: "one")).release()
        disk.failReads(of: "control/epoch", 0..<1)
        let lock = try DirectoryLock(disk, owner: "two")

        let error = #expect(throws: LocalLease.Failure.self) { try LocalLease(disk: disk, lock: lock) }

        #expect(error?.description.contains("control/epoch") == true)
        #expect(error?.description.contains("write a number above every epoch") == true)
    }
}
