import Glibc
import SwiftOverlayShims

extension FileAccess {
    /// The most that is read of one file; larger ones are refused.
    package static let maxBytes = 16 << 20

    /// The machine's files.
    package static let system = FileAccess(
        read: { SystemFiles.read($0) }, list: { SystemFiles.list($0) }, stamp: { SystemFiles.stamp($0) })
}

private enum SystemFiles {
    static func read(_ path: String) -> Result<[UInt8], FileFailure> {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return .failure(failure(path)) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe Glibc.read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .failure(failure(path)) }
            if count == 0 { return .success(bytes) }
            guard bytes.count + count <= FileAccess.maxBytes else {
                return .failure(FileFailure(path: path, reason: "larger than \(FileAccess.maxBytes) bytes"))
            }
            bytes += buffer[..<count]
        }
    }

    static func list(_ directory: String) -> [String] {
        guard let stream = unsafe opendir(directory) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    static func stamp(_ path: String) -> FileAccess.Stamp? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return FileAccess.Stamp(
            modified: .seconds(status.st_mtim.tv_sec) + .nanoseconds(status.st_mtim.tv_nsec),
            size: Int(status.st_size), inode: UInt64(status.st_ino))
    }

    private static func failure(_ path: String) -> FileFailure {
        FileFailure(path: path, reason: unsafe String(cString: strerror(errno)))
    }
}
