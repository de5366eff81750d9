import Glibc
import SwiftOverlayShims  // where Glibc's dirent is defined

// The calls that take pointers. Each passes the address of an array together with a length inside of it.

extension DiskError {
    /// The error that `errno` holds.
    init(call: String, path: String) {
        let code = errno
        self.init(call: call, path: path, code: code, message: unsafe String(cString: strerror(code)))
    }
}

/// Writes all bytes, in as many calls as it takes; false with `errno` where that fails.
func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    var done = 0
    while done < bytes.count {
        let written = unsafe bytes.withUnsafeBytes {
            unsafe write(descriptor, $0.baseAddress! + done, bytes.count - done)
        }
        if written < 0 {
            if errno == EINTR { continue }
            return false
        }
        done += written
    }
    return true
}

/// Reads until `count` bytes or the end of the file; nil with `errno` where that fails.
func readAll(_ descriptor: Int32, at offset: Int, count: Int) -> [UInt8]? {
    guard count > 0 else { return [] }
    var failed = false
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { target, filled in
        while filled < count {
            let got = unsafe pread(
                descriptor, target.baseAddress! + filled, count - filled, off_t(offset + filled))
            if got < 0, errno == EINTR { continue }
            failed = got < 0
            if got <= 0 { break }
            filled += got
        }
    }
    return failed ? nil : bytes
}

/// The names in a folder without `.` and `..`; closes the descriptor; nil with `errno` where that fails.
func readNames(owning descriptor: Int32) -> [String]? {
    guard let stream = unsafe fdopendir(descriptor) else {
        _ = close(descriptor)
        return nil
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    errno = 0
    while let entry = unsafe readdir(stream) {
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { characters in
            unsafe characters.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return errno == 0 ? names : nil
}
