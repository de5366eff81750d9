import Journal
import Synchronization

/// The hashes of all leaves, 32 bytes each, in a file of their own: with them a verifier names the leaf that changed, where
/// the head alone only says that one did. Trusted as far as the checkpoint reaches; what lies behind may not have been
/// durable and is written anew.
final class LeafFile: Sendable {
    private struct State {
        var written: Int
        /// As many are certainly on the disk.
        var durable: Int
        /// A call failed: what lies behind `durable` may be torn, or may never have left the page cache.
        var isDoubtful = false
    }

    private let file: any DiskFile
    private let state: Mutex<State>

    init(disk: any Disk, path: String, trusted count: Int) throws {
        file = try disk.open(path, create: true)
        let kept = min(count, try file.length() / MerkleHash.byteCount)
        try file.truncate(to: kept * MerkleHash.byteCount)
        state = Mutex(State(written: kept, durable: kept))
    }

    /// The first leaf whose hash is another one than was written, or that is missing from the log. From the first hash on that
    /// the disk cannot read, the next `extend` writes all anew: whoever calls it has compared the tree with its checkpoint.
    func firstMismatch(_ tree: MerkleTree) throws -> Int? {
        let count = state.withLock { $0.written }
        let hashes = try Self.read(file, count: count)
        if hashes.count < count {
            state.withLock { $0 = State(written: hashes.count, durable: hashes.count, isDoubtful: true) }
        }
        for (index, hash) in hashes.enumerated() where index >= tree.count || tree.leaf(index) != hash {
            return index
        }
        return nil
    }

    /// Adds what is missing. After a failure everything that is not certain is written anew: an fdatasync that succeeds
    /// after one that failed says nothing of the bytes of the first.
    func extend(to tree: MerkleTree) throws {
        try state.withLock { state in
            guard state.written < tree.count || state.isDoubtful else { return }
            if state.isDoubtful {
                try file.truncate(to: state.durable * MerkleHash.byteCount)
                state.written = state.durable
            }
            state.isDoubtful = true
            try file.append((state.written..<tree.count).flatMap { tree.leaf($0).bytes })
            state.written = tree.count
            state.isDoubtful = false
        }
    }

    func synchronize() throws {
        try state.withLock { state in
            state.isDoubtful = true
            try file.synchronize()
            state.durable = state.written
            state.isDoubtful = false
        }
    }

    /// The first `count` hashes, up to the first that the disk cannot read.
    static func read(_ file: any DiskFile, count: Int) throws -> [MerkleHash] {
        let bytes = try readableStart(of: file, count * MerkleHash.byteCount)
        return stride(from: 0, to: bytes.count, by: MerkleHash.byteCount).compactMap {
            MerkleHash(bytes[$0..<min($0 + MerkleHash.byteCount, bytes.count)])
        }
    }

    private static func readableStart(of file: any DiskFile, _ count: Int) throws -> [UInt8] {
        do {
            return try file.read(at: 0, count: count)
        } catch {
            guard error.isUnreadable else { throw error }
        }
        let page = 4096
        var bytes: [UInt8] = []
        while bytes.count < count {
            guard let next = try? file.read(at: bytes.count, count: min(page, count - bytes.count)),
                !next.isEmpty
            else { break }
            bytes += next
        }
        return bytes
    }
}
