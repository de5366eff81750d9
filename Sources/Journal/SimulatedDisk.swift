import Synchronization

/// Files in memory that fail as real ones do: a power cut loses what was not synchronised (bytes and names), a
/// write is torn, the disk runs full, the n-th call fails. Deterministic: nothing happens but what a test asks for.
package final class SimulatedDisk: Disk {
    let state: Mutex<SimulatedState>

    /// `capacity` is the sum of bytes that all files may hold.
    package init(capacity: Int = .max) {
        state = Mutex(SimulatedState(capacity: capacity))
    }

    package func open(_ path: String, create: Bool) throws(DiskError) -> any DiskFile {
        try state.withLock { state throws(DiskError) in
            try state.checkIsNoFolder("open", path)
            if state.names[path] == nil {
                guard create else { throw SimulatedState.error("open", path, code: 2) }
                try state.step("open", path)
                state.add(path)
            }
            return SimulatedFile(
                disk: self, node: state.names[path]!, path: path, generation: state.generation)
        }
    }

    package func exists(_ path: String) -> Bool {
        state.withLock { $0.names[path] != nil || $0.folders.contains(path) }
    }

    package func isFile(_ path: String) -> Bool { state.withLock { $0.names[path] != nil } }

    package func list(_ folder: String) -> [String] {
        let prefix = folder.isEmpty ? "" : folder + "/"
        return state.withLock { state in
            let inside = (Array(state.names.keys) + Array(state.folders)).filter {
                $0.hasPrefix(prefix) && $0 != folder
            }
            let names = Set(inside.map { String($0.dropFirst(prefix.count).prefix { $0 != "/" }) })
            return names.sorted()
        }
    }

    package func createFolder(_ path: String) throws(DiskError) {
        state.withLock { state in
            var made = ""
            for part in path.split(separator: "/") {
                made += made.isEmpty ? String(part) : "/" + part
                state.folders.insert(made)
            }
        }
    }

    package func remove(_ path: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            try state.step("unlink", path)
            try state.checkIsNoFolder("unlink", path)
            state.names[path] = nil
        }
    }

    package func rename(_ from: String, to: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            try state.step("rename", from)
            try state.checkIsNoFolder("rename", to)
            guard let node = state.names.removeValue(forKey: from) else {
                throw SimulatedState.error("rename", from, code: 2)
            }
            state.names[to] = node
            state.renamed[to] = node
        }
    }

    package func synchronizeFolder(_ path: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            try state.step("fsync", path)
            let inFolder = { (name: String) in
                String(name[..<(name.lastIndex(of: "/") ?? name.startIndex)]) == path
            }
            state.durableNames = state.durableNames.filter { !inFolder($0.key) }
            for (name, node) in state.names where inFolder(name) { state.durableNames[name] = node }
            state.renamed = state.renamed.filter { !inFolder($0.key) }
        }
    }

    package func lock(_ path: String) throws(DiskError) -> (any DiskLock)? {
        state.withLock { state in
            guard state.locks.insert(path).inserted else { return nil }
            if state.names[path] == nil { state.add(path) }
            return SimulatedLock(disk: self, path: path, generation: state.generation)
        }
    }
}

final class SimulatedLock: DiskLock {
    private let disk: SimulatedDisk
    private let path: String
    private let generation: Int

    init(disk: SimulatedDisk, path: String, generation: Int) {
        self.disk = disk
        self.path = path
        self.generation = generation
    }

    deinit { release() }

    func release() {
        disk.state.withLock { state in
            if state.generation == generation { state.locks.remove(path) }
        }
    }
}

/// A handle; of no use after a crash.
final class SimulatedFile: DiskFile {
    private let disk: SimulatedDisk
    private let node: Int
    private let path: String
    private let generation: Int
    private let isClosed = Atomic(false)

    init(disk: SimulatedDisk, node: Int, path: String, generation: Int) {
        self.disk = disk
        self.node = node
        self.path = path
        self.generation = generation
    }

    func append(_ bytes: [UInt8]) throws(DiskError) {
        try use { state throws(DiskError) in try state.append(bytes, node, path) }
    }

    func read(at offset: Int, count: Int) throws(DiskError) -> [UInt8] {
        try use { state throws(DiskError) in
            let content = state.nodes[node]!.content
            guard offset < content.count else { return [] }
            let range = offset..<min(content.count, offset + count)
            if let unreadable = state.nodes[node]!.unreadable, unreadable.overlaps(range) {
                throw SimulatedState.error("read", path, code: 5)
            }
            return Array(content[range])
        }
    }

    func synchronize() throws(DiskError) {
        try use { state throws(DiskError) in try state.synchronize(node, path) }
    }

    func truncate(to length: Int) throws(DiskError) {
        try use { state throws(DiskError) in
            try state.step("ftruncate", path)
            state.truncate(node, to: length)
        }
    }

    func allocate(_ length: Int) throws(DiskError) {
        try use { state throws(DiskError) in try state.allocate(length, node, path) }
    }

    func length() throws(DiskError) -> Int {
        try use { state throws(DiskError) in state.nodes[node]!.content.count }
    }

    func close() { isClosed.store(true, ordering: .relaxed) }

    private func use<Result: Sendable>(
        _ body: (inout SimulatedState) throws(DiskError) -> Result
    ) throws(DiskError) -> Result {
        guard !isClosed.load(ordering: .relaxed) else {
            throw SimulatedState.error("use of a closed file", path, code: 9)
        }
        return try disk.state.withLock { state throws(DiskError) in
            guard state.generation == generation else {
                throw SimulatedState.error("use after a crash", path, code: 5)
            }
            return try body(&state)
        }
    }
}
