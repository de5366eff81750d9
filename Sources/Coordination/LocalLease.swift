package import Journal
import Synchronization

/// The right to command a fleet from this machine: the lock of the data directory, and an epoch that no earlier holder had.
/// The epoch is durable before it is used, so that a backend can refuse whoever held it before.
package final class LocalLease: Sendable {
    package enum Failure: Error, Sendable, CustomStringConvertible {
        case unreadable(path: String, text: String)
        /// The disk cannot read the last epoch.
        case lost(DiskError)
        case disk(DiskError)

        package var description: String {
            switch self {
            case .unreadable(let path, let text):
                "\(path) must hold the last epoch as a whole number, found \"\(text)\"; restore it, or write a number "
                    + "above every epoch that was used"
            case .lost(let error):
                "the last epoch is lost: \(error); write a number above every epoch that was used in its place"
            case .disk(let error): "cannot take the next epoch: \(error)"
            }
        }
    }

    package let epoch: UInt64
    private let lock: DirectoryLock
    private let held = Mutex(true)

    /// Takes the next epoch under a lock that is held already.
    /// - Parameter floor: The highest epoch known from elsewhere (the journal, a backend); the new one is above it.
    package init(
        disk: any Disk, folder: String = "control", lock: DirectoryLock, above floor: UInt64 = 0
    ) throws(Failure) {
        self.lock = lock
        do {
            let path = folder + "/epoch"
            try disk.createFolder(folder)
            epoch = max(try Self.read(disk, path), floor) + 1
            try Self.write("\(epoch)\n", disk, path, folder)
        } catch let error as DiskError {
            throw .disk(error)
        } catch {
            throw error as! Failure
        }
    }

    /// False once released; whoever commands checks before each command.
    package var isHeld: Bool { held.withLock { $0 } }

    /// Gives up the right to command, and the lock.
    package func release() {
        held.withLock { $0 = false }
        lock.release()
    }

    private static func read(_ disk: any Disk, _ path: String) throws -> UInt64 {
        guard disk.exists(path) else { return 0 }
        let file = try disk.open(path, create: false)
        defer { file.close() }
        let bytes: [UInt8]
        do {
            bytes = try file.read(at: 0, count: 64)
        } catch {
            throw error.isUnreadable ? Failure.lost(error) : error
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasSuffix("\n"), let epoch = UInt64(text.dropLast()), epoch < .max - 1 else {
            throw Failure.unreadable(path: path, text: text)
        }
        return epoch
    }

    private static func write(_ text: String, _ disk: any Disk, _ path: String, _ folder: String) throws {
        let file = try disk.open(path + ".new", create: true)
        try file.truncate(to: 0)
        try file.append(Array(text.utf8))
        try file.synchronize()
        file.close()
        try disk.rename(path + ".new", to: path)
        try disk.synchronizeFolder(folder)
    }
}
