import Glibc
import SwiftOverlayShims

/// Small files read and written whole, and the few calls on folders and locks that a node needs. Buffers never
/// outlive the call that fills them.
enum SystemFile {
    struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        var description: String
    }

    static let maxBytes = 16 << 20

    /// The bytes of a file; nil where it cannot be read.
    static func read(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count < maxBytes {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes += chunk[..<count]
        }
        return nil
    }

    static func text(_ path: String) -> String? { read(path).map { String(decoding: $0, as: UTF8.self) } }

    /// Writes to a control file such as a cgroup's: one write, no truncation.
    static func set(_ path: String, _ text: String) throws(Failure) {
        let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        try write(descriptor, Array(text.utf8), path)
    }

    /// Replaces a file so that after a crash it has the old or the new bytes; mode 0600.
    static func replace(_ path: String, _ bytes: [UInt8]) throws(Failure) {
        let temporary = path + ".new"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("open", temporary) }
        defer { close(descriptor) }
        try write(descriptor, bytes, temporary)
        guard fdatasync(descriptor) == 0 else { throw failure("fdatasync", temporary) }
        guard unsafe rename(temporary, path) == 0 else { throw failure("rename", temporary) }
    }

    private static func write(_ descriptor: Int32, _ bytes: [UInt8], _ path: String) throws(Failure) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[written...])
                return unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
            }
            guard count > 0 else { throw failure("write", path) }
            written += count
        }
    }

    /// Makes a folder and those above it, each of ours with mode 0700.
    static func makeFolder(_ path: String) throws(Failure) {
        guard unsafe access(path, F_OK) != 0 else { return }
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try makeFolder(String(path[..<slash]))
        }
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("mkdir", path) }
    }

    static func removeFolder(_ path: String) -> Bool { unsafe rmdir(path) == 0 || errno == ENOENT }

    static func remove(_ path: String) { _ = unsafe unlink(path) }

    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    static func isWritable(_ path: String) -> Bool { unsafe access(path, W_OK) == 0 }

    static func isExecutable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }

    /// The names in a folder, sorted; empty where it cannot be read.
    static func list(_ path: String) -> [String] {
        guard let folder = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func size(_ path: String) -> Int? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    static func truncate(_ path: String) { _ = unsafe Glibc.truncate(path, 0) }

    /// Copies what is there now; false where that failed.
    static func copy(_ source: String, to target: String) -> Bool {
        let input = unsafe open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { return false }
        defer { close(input) }
        let output = unsafe open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard output >= 0 else { return false }
        defer { close(output) }
        while true {
            let count = sendfile(output, input, nil, 1 << 20)
            guard count > 0 else { return count == 0 }
        }
    }

    /// The path from the root; as given where the working directory is unknown.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = unsafe getcwd(nil, 0) else { return path }
        defer { unsafe free(folder) }
        return unsafe String(cString: folder) + "/" + path
    }

    static func link(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe buffer.withUnsafeMutableBytes { buffer in
            unsafe readlink(path, buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    static func failure(_ call: String, _ path: String) -> Failure {
        Failure(description: "\(call) \(path): \(ProcessSpawner.errorText(errno))")
    }
}

/// An exclusive lock on a file, held until it is released or its process ends.
final class FileLock: Sendable {
    private let descriptor: Int32

    /// Nil where another process holds it.
    /// - Throws: where the file cannot be made.
    init?(_ path: String) throws(SystemFile.Failure) {
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemFile.failure("open", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
    }

    /// As `init`, but patient for a second: the service holds a node's lock for a moment while it sweeps what a dead
    /// node left.
    static func wait(for path: String) throws(SystemFile.Failure) -> FileLock? {
        for _ in 0..<50 {
            if let lock = try FileLock(path) { return lock }
            _ = usleep(20_000)
        }
        return nil
    }

    func release() { flock(descriptor, LOCK_UN) }

    deinit { close(descriptor) }
}
