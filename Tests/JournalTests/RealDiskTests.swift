import Glibc
import Testing

@testable import Journal

@Suite struct RealDiskTests {
    private func withDisk(_ body: (RealDisk, String) throws -> Void) throws {
        let root = "/tmp/flyball-journal-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let disk = try RealDisk(root: root)
        defer { removeTree(root) }
        try body(disk, root)
    }

    @Test func `a log on real files is read back by the next process`() throws {
        try withDisk { disk, root in
            let log = try Log(disk: disk, folder: "a/log")
            for number in 1...100 { try log.append(record(number)) }
            #expect(try log.commit() == 100)

            let other = try Log(disk: try RealDisk(root: root), folder: "a/log")
            #expect(try contents(other).records == (1...100).map(record))
        }
    }

    @Test func `files are appended, cut, renamed and listed`() throws {
        try withDisk { disk, _ in
            let file = try disk.open("x", create: true)
            try file.append([1, 2, 3, 4])
            try file.truncate(to: 3)
            try file.append([5])
            try file.synchronize()
            #expect(try file.read(at: 1, count: 100) == [2, 3, 5])
            #expect(try file.length() == 4)

            try disk.rename("x", to: "y")
            try disk.synchronizeFolder("")
            #expect(try disk.list("") == ["y"])
            #expect(try disk.list("absent") == [])
            try disk.remove("y")
            #expect(!disk.exists("y"))
        }
    }

    @Test func `folders and links to nothing are no files of a log`() throws {
        try withDisk { disk, root in
            try disk.createFolder("log/0000000001.log")
            #expect(unsafe symlink("nowhere", root + "/log/0000000002.log") == 0)
            #expect(!disk.isFile("log/0000000001.log") && !disk.isFile("log/0000000002.log"))
            let log = try Log(disk: disk, folder: "log")
            try log.append(record(1))
            try log.commit()
            #expect(disk.isFile("log/0000000003.log"))

            for isReadOnly in [false, true] {
                let other = try Log(disk: try RealDisk(root: root, isReadOnly: isReadOnly), folder: "log")
                #expect(try contents(other).records == [record(1)])
                #expect(other.openReport.foreign == ["log/0000000001.log", "log/0000000002.log"])
            }
        }
    }

    @Test func `a path that leaves the folder is refused`() throws {
        try withDisk { disk, _ in
            #expect(throws: DiskError.self) { try disk.open("../x", create: true) }
            #expect(throws: DiskError.self) { try disk.open("/etc/passwd", create: false) }
        }
    }

    @Test func `a closed file throws and is not another one`() throws {
        try withDisk { disk, _ in
            let file = try disk.open("x", create: true)
            file.close()
            #expect(throws: DiskError.self) { try file.append([1]) }
        }
    }

    @Test func `what the disk does not synchronise is told`() throws {
        // Neither a pipe nor a folder of the kernel's can be.
        try withDisk { disk, root in
            #expect(unsafe mkfifo(root + "/pipe", 0o600) == 0)
            let pipe = try disk.open("pipe", create: false)
            let error = #expect(throws: DiskError.self) { try pipe.synchronize() }
            #expect(error?.call == "fdatasync" && error?.code == EINVAL)
        }
        let processes = try RealDisk(root: "/proc")
        let error = #expect(throws: DiskError.self) { try processes.synchronizeFolder("") }
        #expect(error?.call == "fsync" && error?.code == EINVAL)
    }

    @Test func `a call that a signal interrupts is made again, one that fails is not`() {
        var calls = 0
        let result = retrying {
            calls += 1
            errno = calls < 3 ? EINTR : EIO
            return -1
        }
        #expect(result == -1 && calls == 3 && errno == EIO)
    }

    @Test func `a disk that is only read changes nothing`() throws {
        try withDisk { disk, root in
            let file = try disk.open("x", create: true)
            try file.append([1, 2, 3])
            let other = try RealDisk(root: root, isReadOnly: true)
            let reader = try other.open("x", create: false)

            #expect(throws: DiskError.self) { try reader.append([4]) }
            for change in [
                { try other.remove("x") }, { try other.rename("x", to: "y") }, { _ = try other.lock("lock") },
                { try other.synchronizeFolder("") },
            ] as [() throws -> Void] {
                let error = #expect(throws: DiskError.self) { try change() }
                #expect(error?.code == EROFS)
            }
            try other.createFolder("folder")

            #expect(try disk.list("") == ["x"])
            #expect(try reader.read(at: 0, count: 9) == [1, 2, 3])
        }
    }

    @Test func `a lock is held by one at a time`() throws {
        try withDisk { disk, root in
            let lock = try DirectoryLock(disk, owner: "pid 1")
            #expect(throws: DirectoryLock.Failure.self) {
                try DirectoryLock(try RealDisk(root: root), owner: "pid 2")
            }
            lock.release()
            _ = try DirectoryLock(try RealDisk(root: root), owner: "pid 2")
        }
    }
}

/// Deletes a folder that a test made.
func removeTree(_ path: String) {
    guard let disk = try? RealDisk(root: path) else { return }
    for name in (try? disk.list("")) ?? [] {
        if (try? disk.remove(name)) == nil { removeTree(path + "/" + name) }
    }
    _ = unsafe rmdir(path)
}
