/// Why a call to the disk failed: which call, on what, and the errno.
package struct DiskError: Error, Hashable, Sendable, CustomStringConvertible {
    package var call: String
    package var path: String
    package var code: Int32
    package var message: String

    package init(call: String, path: String, code: Int32, message: String) {
        self.call = call
        self.path = path
        self.code = code
        self.message = message
    }

    /// Whether the cause is a disk without space (ENOSPC, EDQUOT).
    package var isDiskFull: Bool { code == 28 || code == 122 }

    /// Whether the disk has lost what was asked for (EIO, ENODATA, EBADMSG, EUCLEAN).
    package var isUnreadable: Bool { code == 5 || code == 61 || code == 74 || code == 117 }

    package var description: String { "\(call) \(path): \(message) (errno \(code))" }
}

/// An open file. Reads and writes are positional or at the end; nothing is durable before `synchronize` returns.
package protocol DiskFile: AnyObject, Sendable {
    /// Appends all bytes, or throws; a failed append may have written a part.
    func append(_ bytes: [UInt8]) throws(DiskError)
    /// At most `count` bytes from `offset`; fewer only at the end of the file.
    func read(at offset: Int, count: Int) throws(DiskError) -> [UInt8]
    /// fdatasync.
    func synchronize() throws(DiskError)
    func truncate(to length: Int) throws(DiskError)
    /// Makes the file `length` bytes long, with the space for them taken on the disk.
    func allocate(_ length: Int) throws(DiskError)
    func length() throws(DiskError) -> Int
    /// Closes; later calls throw. Done by deinit where it was forgotten.
    func close()
}

extension DiskFile {
    /// As `read(at:count:)`, with zeros for the pages that the disk has lost: checksums tell that they are damaged, and what
    /// protects a file may bring them back.
    package func readWithHoles(at offset: Int, count: Int) throws(DiskError) -> [UInt8] {
        do {
            return try read(at: offset, count: count)
        } catch {
            guard error.isUnreadable else { throw error }
        }
        // What the kernel reads at a time: a sector that is lost costs all of it.
        let page = 4096
        let end = min(offset + count, try length())
        var bytes: [UInt8] = []
        while offset + bytes.count < end {
            let start = offset + bytes.count
            let wanted = min(end, (start / page + 1) * page) - start
            do {
                bytes += try read(at: start, count: wanted)
                // It became shorter.
                if offset + bytes.count < start + wanted { break }
            } catch {
                guard error.isUnreadable else { throw error }
                bytes += [UInt8](repeating: 0, count: wanted)
            }
        }
        return bytes
    }
}

/// Files by path below a root that the implementation knows: the real file system, or one in memory that can lose
/// what was not synchronised, tear writes and run full. Paths use `/`, are relative and never contain `..`.
package protocol Disk: Sendable {
    func open(_ path: String, create: Bool) throws(DiskError) -> any DiskFile
    func exists(_ path: String) -> Bool
    /// Whether there is a file: no folder, and no link to nothing.
    func isFile(_ path: String) -> Bool
    /// The names in a folder, sorted; empty where the folder does not exist.
    func list(_ folder: String) throws(DiskError) -> [String]
    func createFolder(_ path: String) throws(DiskError)
    func remove(_ path: String) throws(DiskError)
    /// Atomic on one file system.
    func rename(_ from: String, to: String) throws(DiskError)
    /// Makes names in a folder durable (fsync of the directory).
    func synchronizeFolder(_ path: String) throws(DiskError)
    /// Takes an exclusive lock that ends with the process; nil where another holds it.
    func lock(_ path: String) throws(DiskError) -> (any DiskLock)?
}

/// Held until released or deinitialised.
package protocol DiskLock: AnyObject, Sendable {
    func release()
}
