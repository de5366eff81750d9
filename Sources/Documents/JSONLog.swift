import Foundation
import Synchronization

/// A file that lines of JSON are appended to, such as the log of queries.
package final class JSONLog: Sendable {
    private struct State {
        var path: String?
        var file: FileHandle?
        var failures = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Opens the file, again where it is the same: whoever rotates it reloads the service afterwards.
    /// - Parameter key: of the configuration, for the message.
    /// - Returns: why it cannot be written, in words for a person; nil where it can, or where `path` is nil.
    package func open(_ path: String?, key: String) -> String? {
        state.withLock { state in
            try? state.file?.close()
            state = State(path: path)
            guard let path else { return nil }
            let descriptor = unsafe Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
            guard descriptor >= 0 else {
                return "cannot write \(key) \(path): \(unsafe String(cString: strerror(errno)))"
            }
            state.file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            return nil
        }
    }

    /// Where the lines go.
    package var path: String? { state.withLock { $0.path } }

    package var isOpen: Bool { state.withLock { $0.file != nil } }

    /// Lines that the disk did not take.
    package var failures: Int { state.withLock { $0.failures } }

    /// Appends one value and a line break.
    package func write(_ json: [UInt8]) {
        let line = Data(json + [UInt8(ascii: "\n")])
        state.withLock { state in
            guard let file = state.file else { return }
            do { try file.write(contentsOf: line) } catch { state.failures += 1 }
        }
    }
}
