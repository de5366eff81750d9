import Synchronization

/// What a simulated disk holds, and what of it would survive a power cut.
struct SimulatedState: Sendable {
    struct Node: Sendable {
        var content: [UInt8] = []
        /// The first bytes that are synchronised.
        var durable = 0
        /// What is synchronised, where bytes below `durable` were cut off since.
        var shadow: [UInt8]?
        /// Bytes whose synchronisation failed: the kernel thinks they are clean, the disk never got them.
        var lost: [Range<Int>] = []
        /// Bytes that the disk cannot read.
        var unreadable: Range<Int>?

        /// The content as the disk has it.
        var zeroed: [UInt8] {
            var bytes = content
            for range in lost {
                for index in range where index < bytes.count { bytes[index] = 0 }
            }
            return bytes
        }
    }

    var nodes: [Int: Node] = [:]
    var names: [String: Int] = [:]
    var durableNames: [String: Int] = [:]
    /// Names that files were given by renaming since their folder was synchronised.
    var renamed: [String: Int] = [:]
    var folders: Set<String> = []
    var locks: Set<String> = []
    var generation = 0
    var calls = 0
    var fault: (call: Int, code: Int32, lasts: Bool)?
    /// Files of so many bytes or more do not synchronise.
    var failingLength: Int?
    /// Which pages of what does not synchronise never reach the disk; nil for all.
    var losses: (pageLength: Int, isLost: @Sendable (_ page: Int) -> Bool)?
    var capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    static func error(_ call: String, _ path: String, code: Int32) -> DiskError {
        let messages: [Int32: String] = [
            2: "No such file or directory", 5: "Input/output error", 9: "Bad file descriptor",
            21: "Is a directory", 28: "No space left on device",
        ]
        return DiskError(call: call, path: path, code: code, message: messages[code] ?? "Error")
    }

    mutating func add(_ path: String) {
        let node = (nodes.keys.max() ?? 0) + 1
        nodes[node] = Node()
        names[path] = node
    }

    /// Counts a call that changes something, and fails it where that was asked for.
    mutating func step(_ call: String, _ path: String) throws(DiskError) {
        calls += 1
        guard let fault, calls == fault.call || fault.lasts && calls > fault.call else { return }
        throw SimulatedState.error(call, path, code: fault.code)
    }

    func checkIsNoFolder(_ call: String, _ path: String) throws(DiskError) {
        if folders.contains(path) { throw SimulatedState.error(call, path, code: 21) }
    }

    private var used: Int { names.values.reduce(0) { $0 + nodes[$1]!.content.count } }

    mutating func allocate(_ length: Int, _ node: Int, _ path: String) throws(DiskError) {
        try step("fallocate", path)
        let missing = length - nodes[node]!.content.count
        guard missing > 0 else { return }
        let used = used
        // As ext4 does, which takes what there is before it says that it is not enough.
        let taken = min(missing, max(0, capacity - used))
        nodes[node]!.content += [UInt8](repeating: 0, count: taken)
        guard taken == missing else { throw SimulatedState.error("fallocate", path, code: 28) }
    }

    mutating func append(_ bytes: [UInt8], _ node: Int, _ path: String) throws(DiskError) {
        do {
            try step("write", path)
        } catch {
            nodes[node]!.content.append(contentsOf: bytes.prefix(bytes.count / 2))
            throw error
        }
        let used = used
        guard used + bytes.count <= capacity else {
            nodes[node]!.content.append(contentsOf: bytes.prefix(max(0, capacity - used)))
            throw SimulatedState.error("write", path, code: 28)
        }
        nodes[node]!.content.append(contentsOf: bytes)
    }

    mutating func synchronize(_ node: Int, _ path: String) throws(DiskError) {
        let count = nodes[node]!.content.count
        do throws(DiskError) {
            try step("fdatasync", path)
            if let failingLength, count >= failingLength {
                throw SimulatedState.error("fdatasync", path, code: 5)
            }
        } catch {
            nodes[node]!.lost += lostParts(of: min(nodes[node]!.durable, count)..<count)
            nodes[node]!.durable = count
            throw error
        }
        nodes[node]!.durable = count
        nodes[node]!.shadow = nil
    }

    private func lostParts(of range: Range<Int>) -> [Range<Int>] {
        guard let (length, isLost) = losses, !range.isEmpty else { return [range] }
        return (range.lowerBound / length...(range.upperBound - 1) / length).filter(isLost).map { page in
            (page * length..<(page + 1) * length).clamped(to: range)
        }
    }

    mutating func truncate(_ node: Int, to length: Int) {
        guard length < nodes[node]!.content.count else { return }
        if length < nodes[node]!.durable, nodes[node]!.shadow == nil {
            nodes[node]!.shadow = Array(nodes[node]!.zeroed[..<nodes[node]!.durable])
        }
        // Written again, those bytes are dirty again.
        nodes[node]!.lost = nodes[node]!.lost.compactMap { range in
            range.lowerBound < length ? range.lowerBound..<min(range.upperBound, length) : nil
        }
        // What is written in their place can be read.
        if let unreadable = nodes[node]!.unreadable {
            let left = unreadable.lowerBound..<min(unreadable.upperBound, max(length, unreadable.lowerBound))
            nodes[node]!.unreadable = left.isEmpty ? nil : left
        }
        nodes[node]!.content.removeSubrange(length...)
        nodes[node]!.durable = min(nodes[node]!.durable, length)
    }
}

extension SimulatedDisk {
    /// Which names a power cut leaves.
    package enum NamesKept: Sendable {
        /// As their folder was synchronised last, deleted files among them.
        case synchronised
        /// Those, and what was renamed since: a file system may write that before files that were made earlier.
        case renamed
        /// As they are.
        case all
    }

    /// The power goes: names and bytes that were not synchronised are gone, open files and locks too.
    /// `surviving` may save the first bytes of each file's unsynchronised end: it gets path and their number.
    package func crash(
        names: NamesKept = .synchronised, surviving: (_ path: String, _ count: Int) -> Int = { _, _ in 0 }
    ) {
        state.withLock { state in
            if names == .renamed {
                for (name, node) in state.renamed where state.names[name] == node {
                    state.durableNames[name] = node
                }
            }
            if names == .all { state.durableNames = state.names } else { state.names = state.durableNames }
            state.renamed = [:]
            for (path, node) in state.names.sorted(by: { $0.key < $1.key }) {
                var file = state.nodes[node]!
                if let shadow = file.shadow {
                    file.content = shadow
                } else {
                    let unsynchronized = file.content.count - file.durable
                    let kept = unsynchronized > 0 ? min(unsynchronized, surviving(path, unsynchronized)) : 0
                    file.content = Array(file.zeroed[..<(file.durable + kept)])
                }
                state.nodes[node] = SimulatedState.Node(
                    content: file.content, durable: file.content.count, unreadable: file.unreadable)
            }
            SimulatedDisk.endProcess(&state)
        }
    }

    /// What a power cut at this moment would leave, as a disk of its own.
    package func durableCopy() -> SimulatedDisk {
        let copy = SimulatedDisk()
        let now = state.withLock { $0 }
        copy.state.withLock { $0 = now }
        copy.crash()
        return copy
    }

    /// The process ends (kill -9): all bytes stay, open files and locks are gone.
    package func kill() { state.withLock { SimulatedDisk.endProcess(&$0) } }

    private static func endProcess(_ state: inout SimulatedState) {
        let live = Set(state.names.values).union(state.durableNames.values)
        state.nodes = state.nodes.filter { live.contains($0.key) }
        state.generation += 1
        state.locks.removeAll()
        state.fault = nil
        state.failingLength = nil
    }

    /// The number of calls so far that change something.
    package var calls: Int { state.withLock { $0.calls } }

    /// Makes the n-th changing call from now (1 is the next) fail with `code`, and all later ones where it `lasts`.
    /// A write that fails has written half of its bytes.
    package func failCall(_ number: Int, code: Int32 = 5, lasts: Bool = false) {
        state.withLock { $0.fault = (call: $0.calls + number, code: code, lasts: lasts) }
    }

    /// Makes all files of so many bytes or more fail to synchronise, until `heal`; all else goes well.
    package func failSynchronization(from length: Int = 0) { state.withLock { $0.failingLength = length } }

    /// Makes reads of some bytes of a file fail, until it is written anew.
    package func failReads(of path: String, _ range: Range<Int>) {
        state.withLock { state in
            guard let node = state.names[path] else { return }
            state.nodes[node]?.unreadable = range
        }
    }

    /// Of what does not synchronise from now on, only these pages, which are numbered from the beginning of each file, never
    /// reach the disk.
    package func loseOnly(
        pagesOf pageLength: Int, where isLost: @escaping @Sendable (_ page: Int) -> Bool
    ) {
        state.withLock { $0.losses = (pageLength, isLost) }
    }

    /// Ends all failures but those of reads.
    package func heal() {
        state.withLock { state in
            state.fault = nil
            state.failingLength = nil
        }
    }

    package func setCapacity(_ capacity: Int) { state.withLock { $0.capacity = capacity } }

    /// The bytes of all files.
    package var byteCount: Int {
        state.withLock { state in state.names.values.reduce(0) { $0 + state.nodes[$1]!.content.count } }
    }

    /// The paths of all files, sorted.
    package var paths: [String] { state.withLock { $0.names.keys.sorted() } }

    /// The bytes of a file, or nil where there is none.
    package func contents(_ path: String) -> [UInt8]? {
        state.withLock { state in state.names[path].map { state.nodes[$0]!.content } }
    }

    /// Puts a file there, durable at once; nil takes it away.
    package func setContents(_ path: String, _ bytes: [UInt8]?) {
        state.withLock { state in
            guard let bytes else {
                state.names[path] = nil
                state.durableNames[path] = nil
                return
            }
            if state.names[path] == nil { state.add(path) }
            let node = state.names[path]!
            state.nodes[node] = SimulatedState.Node(content: bytes, durable: bytes.count)
            state.durableNames[path] = node
        }
    }
}
