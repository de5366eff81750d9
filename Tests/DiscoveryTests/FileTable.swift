import Discovery
import Synchronization

/// Files in memory, for `FileAccess`.
final class FileTable: Sendable {
    private struct State {
        var files: [String: (bytes: [UInt8], version: Int)] = [:]
        var version = 0
        var reads = 0
    }

    private let state = Mutex(State())

    var reads: Int { state.withLock { $0.reads } }

    func write(_ path: String, _ text: String) {
        state.withLock { state in
            state.version += 1
            state.files[path] = (Array(text.utf8), state.version)
        }
    }

    func remove(_ path: String) { state.withLock { state in state.files[path] = nil } }

    var access: FileAccess {
        FileAccess(
            read: { path in
                self.state.withLock { state in
                    state.reads += 1
                    return state.files[path].map { .success($0.bytes) }
                        ?? .failure(FileFailure(path: path, reason: "No such file or directory"))
                }
            },
            list: { directory in
                self.state.withLock { state in
                    state.files.keys.filter { $0.hasPrefix(directory + "/") }
                        .map { String($0.dropFirst(directory.count + 1)) }
                        .filter { !$0.contains("/") }
                }
            },
            stamp: { path in
                self.state.withLock { state in
                    state.files[path].map {
                        FileAccess.Stamp(modified: .seconds($0.version), size: $0.bytes.count)
                    }
                }
            })
    }
}
