import Synchronization

@testable import Backends

#if canImport(Glibc)
import Glibc
#endif

/// A short path of its own below /tmp, as a unix socket's path must be short.
enum TemporaryFolder {
    private static let count = Atomic<Int>(0)

    static func make() throws -> String {
        let number = count.add(1, ordering: .relaxed).newValue
        let path = "/tmp/flyball-test-\(getpid())-\(number)"
        try SystemFile.makeFolder(path)
        return path
    }

    static func remove(_ path: String) {
        for name in SystemFile.list(path) { remove("\(path)/\(name)") }
        if !SystemFile.removeFolder(path) { SystemFile.remove(path) }
    }
}
