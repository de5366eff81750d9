import Glibc
import SwiftOverlayShims  // where Glibc's stat is defined

/// The files below a folder of the machine. Every path is resolved from the folder's own descriptor, so a
/// renamed or remounted parent cannot lead elsewhere; calls that a signal interrupts are repeated.
package final class RealDisk: Disk {
    private let root: Int32
    private let rootPath: String
    private let isReadOnly: Bool

    /// Opens the folder, creating it (and its parents) where it does not exist. Read-only, nothing is made or changed,
    /// so that it may be looked at while another process owns it: calls that would change something throw EROFS, and
    /// making a folder does nothing.
    package init(root path: String, isReadOnly: Bool = false) throws(DiskError) {
        self.isReadOnly = isReadOnly
        if !isReadOnly { try RealDisk.createFolders(path) }
        let descriptor = retrying { unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw DiskError(call: "open", path: path) }
        root = descriptor
        rootPath = path
    }

    deinit { _ = Glibc.close(root) }

    package func open(_ path: String, create: Bool) throws(DiskError) -> any DiskFile {
        try check(path)
        let writing = O_RDWR | O_APPEND | (create ? O_CREAT : 0)
        let flags = O_CLOEXEC | (isReadOnly ? O_RDONLY : writing)
        let descriptor = retrying { unsafe openat(root, path, flags, 0o600) }
        guard descriptor >= 0 else { throw error("open", path) }
        return RealFile(owning: descriptor, path: full(path))
    }

    package func exists(_ path: String) -> Bool {
        unsafe faccessat(root, path, F_OK, 0) == 0
    }

    package func isFile(_ path: String) -> Bool {
        var status = stat()
        return unsafe fstatat(root, path, &status, 0) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    package func list(_ folder: String) throws(DiskError) -> [String] {
        try check(folder)
        let descriptor = retrying {
            unsafe openat(root, folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        }
        guard descriptor >= 0 else {
            if errno == ENOENT { return [] }
            throw error("open", folder)
        }
        guard let names = readNames(owning: descriptor) else { throw error("readdir", folder) }
        return names.sorted()
    }

    package func createFolder(_ path: String) throws(DiskError) {
        try check(path)
        if isReadOnly { return }
        var made = ""
        for part in path.split(separator: "/") {
            let parent = made
            made += made.isEmpty ? String(part) : "/" + part
            if unsafe mkdirat(root, made, 0o700) == 0 {
                try synchronizeFolder(parent)
            } else if errno != EEXIST {
                throw error("mkdir", made)
            }
        }
    }

    package func remove(_ path: String) throws(DiskError) {
        try checkWritable("unlink", path)
        guard unsafe unlinkat(root, path, 0) == 0 || errno == ENOENT else { throw error("unlink", path) }
    }

    package func rename(_ from: String, to: String) throws(DiskError) {
        try checkWritable("rename", from)
        try check(to)
        guard unsafe renameat(root, from, root, to) == 0 else { throw error("rename", from) }
    }

    package func synchronizeFolder(_ path: String) throws(DiskError) {
        try checkWritable("fsync", path)
        try RealDisk.synchronize(path.isEmpty ? "." : path, in: root, path: full(path))
    }

    package func lock(_ path: String) throws(DiskError) -> (any DiskLock)? {
        try checkWritable("flock", path)
        let descriptor = retrying { unsafe openat(root, path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
        guard descriptor >= 0 else { throw error("open", path) }
        if retrying({ flock(descriptor, LOCK_EX | LOCK_NB) }) == 0 { return RealLock(owning: descriptor) }
        let failure = errno == EWOULDBLOCK ? nil : error("flock", path)
        _ = Glibc.close(descriptor)
        if let failure { throw failure }
        return nil
    }

    private func check(_ path: String) throws(DiskError) {
        guard path.hasPrefix("/") || path.split(separator: "/").contains("..") else { return }
        errno = EINVAL
        throw error("open", path)
    }

    private func checkWritable(_ call: String, _ path: String) throws(DiskError) {
        try check(path)
        guard isReadOnly else { return }
        errno = EROFS
        throw error(call, path)
    }

    private func full(_ path: String) -> String { path.isEmpty ? rootPath : rootPath + "/" + path }

    private func error(_ call: String, _ path: String) -> DiskError {
        DiskError(call: call, path: full(path))
    }

    private static func createFolders(_ path: String) throws(DiskError) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            let parent = made.isEmpty ? "." : made
            made += (made.isEmpty || made == "/" ? "" : "/") + part
            if unsafe mkdir(made, 0o700) == 0 {
                do {
                    try RealDisk.synchronize(parent, in: AT_FDCWD, path: parent)
                } catch {
                    // One that may be written and not be read cannot be synchronised.
                    guard error.code == EACCES else { throw error }
                }
            } else if errno != EEXIST, errno != EISDIR, errno != EROFS {
                throw DiskError(call: "mkdir", path: made)
            }
        }
    }

    /// - Parameter path: names the folder in errors.
    private static func synchronize(_ name: String, in folder: Int32, path: String) throws(DiskError) {
        let descriptor = retrying { unsafe openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) }
        guard descriptor >= 0 else { throw DiskError(call: "open", path: path) }
        let result = retrying { fsync(descriptor) }
        let failure = result == 0 ? nil : DiskError(call: "fsync", path: path)
        _ = Glibc.close(descriptor)
        if let failure { throw failure }
    }
}

/// Repeats a call while a signal interrupts it.
func retrying(_ call: () -> Int32) -> Int32 {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}
