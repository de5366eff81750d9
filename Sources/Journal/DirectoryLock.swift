/// The right to write below a folder, held by one process at a time.
package final class DirectoryLock: Sendable {
    /// The folder is in use by another process, or its lock file cannot be made.
    package enum Failure: Error, Sendable, CustomStringConvertible {
        case held(by: String)
        case disk(DiskError)

        package var description: String {
            switch self {
            case .held(let owner):
                "the data directory is in use by another process\(owner.isEmpty ? "" : " (\(owner))"); "
                    + "stop that one or choose another directory"
            case .disk(let error): "cannot lock the data directory: \(error)"
            }
        }
    }

    private let lock: any DiskLock
    /// Says who holds it; nil on a disk that is full.
    private let file: (any DiskFile)?

    /// Takes the lock of the whole disk; `owner` (such as `pid 12`) is what the next process is told.
    package init(_ disk: any Disk, owner: String) throws(Failure) {
        let name = "lock"
        do {
            guard let lock = try disk.lock(name) else {
                let file = try disk.open(name, create: false)
                let text = try file.read(at: 0, count: 100)
                throw Failure.held(by: String(decoding: text, as: UTF8.self))
            }
            self.lock = lock
        } catch let error as DiskError {
            throw .disk(error)
        } catch {
            throw error as! Failure
        }
        // Who holds it is told as far as there is space: a full disk keeps nobody from starting.
        file = try? disk.open(name, create: true)
        try? file?.truncate(to: 0)
        try? file?.append(Array(owner.utf8))
    }

    package func release() {
        try? file?.truncate(to: 0)
        lock.release()
    }
}
