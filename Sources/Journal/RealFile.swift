import Glibc
import SwiftOverlayShims  // where Glibc's stat is defined
import Synchronization

/// An open file of the machine.
final class RealFile: DiskFile {
    private let descriptor: Mutex<Int32>
    private let path: String

    init(owning descriptor: Int32, path: String) {
        self.descriptor = Mutex(descriptor)
        self.path = path
    }

    deinit { close() }

    func append(_ bytes: [UInt8]) throws(DiskError) {
        try withDescriptor { descriptor throws(DiskError) in
            guard writeAll(descriptor, bytes) else { throw DiskError(call: "write", path: path) }
        }
    }

    func read(at offset: Int, count: Int) throws(DiskError) -> [UInt8] {
        try withDescriptor { descriptor throws(DiskError) in
            guard let bytes = readAll(descriptor, at: offset, count: count) else {
                throw DiskError(call: "read", path: path)
            }
            return bytes
        }
    }

    func synchronize() throws(DiskError) {
        try withDescriptor { descriptor throws(DiskError) in
            guard retrying({ fdatasync(descriptor) }) == 0 else {
                throw DiskError(call: "fdatasync", path: path)
            }
        }
    }

    func truncate(to length: Int) throws(DiskError) {
        try withDescriptor { descriptor throws(DiskError) in
            guard retrying({ ftruncate(descriptor, off_t(length)) }) == 0 else {
                throw DiskError(call: "ftruncate", path: path)
            }
        }
    }

    func allocate(_ length: Int) throws(DiskError) {
        try withDescriptor { descriptor throws(DiskError) in
            // Gives its error back instead of setting errno.
            var code = posix_fallocate(descriptor, 0, off_t(length))
            while code == EINTR { code = posix_fallocate(descriptor, 0, off_t(length)) }
            errno = code
            guard code == 0 else { throw DiskError(call: "fallocate", path: path) }
        }
    }

    func length() throws(DiskError) -> Int {
        try withDescriptor { descriptor throws(DiskError) in
            var status = stat()
            guard unsafe fstat(descriptor, &status) == 0 else { throw DiskError(call: "fstat", path: path) }
            return Int(status.st_size)
        }
    }

    func close() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { _ = Glibc.close(descriptor) }
            descriptor = -1
        }
    }

    private func withDescriptor<Result: Sendable>(
        _ body: (Int32) throws(DiskError) -> Result
    ) throws(DiskError) -> Result {
        let descriptor = descriptor.withLock { $0 }
        guard descriptor >= 0 else {
            errno = EBADF
            throw DiskError(call: "use of a closed file", path: path)
        }
        return try body(descriptor)
    }
}

/// A flock that ends with its descriptor, so with the process at the latest.
final class RealLock: DiskLock {
    private let descriptor: Mutex<Int32>

    init(owning descriptor: Int32) { self.descriptor = Mutex(descriptor) }

    deinit { release() }

    func release() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { _ = Glibc.close(descriptor) }
            descriptor = -1
        }
    }
}
