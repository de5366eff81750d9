import Journal
import Synchronization

/// The hashes of all leaves, 32 bytes each, in a file of their own: with them a verifier names the leaf that changed, where
/// the head alone only says that one did. Trusted as far as the checkpoint reaches; what lies behind may not have been
/// durable and is written anew.
final class LeafFile: Sendable {
    private let file: any DiskFile
    private let written: Mutex<Int>

    init(disk: any Disk, path: String, trusted count: Int) throws {
        file = try disk.open(path, create: true)
        let kept = min(count, try file.length() / MerkleHash.byteCount)
        try file.truncate(to: kept * MerkleHash.byteCount)
        written = Mutex(kept)
    }

    /// The first leaf whose hash is another one than was written, or that is missing from the log.
    func firstMismatch(_ tree: MerkleTree) throws -> Int? {
        let count = written.withLock { $0 }
        let hashes = try Self.read(file, count: count)
        for (index, hash) in hashes.enumerated() where index >= tree.count || tree.leaf(index) != hash {
            return index
        }
        return nil
    }

    func extend(to tree: MerkleTree) throws {
        try written.withLock { written in
            guard written < tree.count else { return }
            try file.append((written..<tree.count).flatMap { tree.leaf($0).bytes })
            written = tree.count
        }
    }

    func synchronize() throws { try file.synchronize() }

    static func read(_ file: any DiskFile, count: Int) throws -> [MerkleHash] {
        let bytes = try file.read(at: 0, count: count * MerkleHash.byteCount)
        return stride(from: 0, to: bytes.count, by: MerkleHash.byteCount).compactMap {
            MerkleHash(bytes[$0..<min($0 + MerkleHash.byteCount, bytes.count)])
        }
    }
}
