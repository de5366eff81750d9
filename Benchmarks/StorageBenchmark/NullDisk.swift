import Journal

/// A disk that takes everything and keeps nothing.
struct NullDisk: Disk {
    func open(_ path: String, create: Bool) -> any DiskFile { NullFile() }
    func exists(_ path: String) -> Bool { false }
    func isFile(_ path: String) -> Bool { false }
    func list(_ folder: String) -> [String] { [] }
    func createFolder(_ path: String) {}
    func remove(_ path: String) {}
    func rename(_ from: String, to: String) {}
    func synchronizeFolder(_ path: String) {}
    func lock(_ path: String) -> (any DiskLock)? { nil }
}

final class NullFile: DiskFile {
    func append(_ bytes: [UInt8]) {}
    func read(at offset: Int, count: Int) -> [UInt8] { [] }
    func synchronize() {}
    func truncate(to length: Int) {}
    func allocate(_ length: Int) {}
    func length() -> Int { 0 }
    func close() {}
}
