package import Audit
package import Control

/// Reading the audit log, in the terms of the API. Indices count leaves from zero.
package struct AuditReading: Sendable {
    /// That a leaf is in the tree with this head.
    package struct InclusionProof: Hashable, Sendable {
        package var index: Int
        package var head: Checkpoint
        /// From the leaf up.
        package var hashes: [MerkleHash]

        package init(index: Int, head: Checkpoint, hashes: [MerkleHash]) {
            self.index = index
            self.head = head
            self.hashes = hashes
        }
    }

    /// How many leaves there are.
    package var size: @Sendable () async throws -> Int
    /// At most `limit` leaves from an index on, ascending.
    package var leaves: @Sendable (_ from: Int, _ limit: Int) async throws -> [IndexedRecord]
    /// The newest `limit` leaves that meet a condition, newest first.
    package var newest:
        @Sendable (_ limit: Int, _ matches: @Sendable (AuditEntry) -> Bool) async throws -> [IndexedRecord]
    /// The leaf of an entry id, or the newest about what is named.
    package var leaf: @Sendable (_ id: String) async throws -> IndexedRecord?
    /// What a scaling decision was made from; nil where the journal does not hold it.
    package var inputs: @Sendable (_ leaf: IndexedRecord) async throws -> DecisionCase?
    /// The newest checkpoint, a C2SP note.
    package var checkpoint: @Sendable () async throws -> String
    /// That the leaf is in the newest tree; nil where it is not.
    package var inclusion: @Sendable (_ index: Int) async throws -> InclusionProof?

    package init(
        size: @escaping @Sendable () async throws -> Int,
        leaves: @escaping @Sendable (_ from: Int, _ limit: Int) async throws -> [IndexedRecord],
        newest:
            @escaping @Sendable (_ limit: Int, _ matches: @Sendable (AuditEntry) -> Bool) async throws ->
            [IndexedRecord],
        leaf: @escaping @Sendable (_ id: String) async throws -> IndexedRecord?,
        inputs: @escaping @Sendable (_ leaf: IndexedRecord) async throws -> DecisionCase? = { _ in nil },
        checkpoint: @escaping @Sendable () async throws -> String,
        inclusion: @escaping @Sendable (_ index: Int) async throws -> InclusionProof?
    ) {
        self.size = size
        self.leaves = leaves
        self.newest = newest
        self.leaf = leaf
        self.inputs = inputs
        self.checkpoint = checkpoint
        self.inclusion = inclusion
    }

    /// Reads a log of this process.
    package init(_ log: AuditLog) {
        self.init(
            size: { log.count }, leaves: { try log.entries(from: $0, count: $1) },
            newest: { try log.newest($0, where: $1) }, leaf: { try log.entry(named: $0) },
            inputs: { try log.inputs(of: $0) },
            checkpoint: { log.checkpointNote },
            inclusion: { index in
                // The log may grow between the two questions; a proof belongs to one head.
                while true {
                    let head = log.checkpoint
                    let hashes = log.inclusionProof(of: index)
                    guard log.count == head.size else { continue }
                    return hashes.map {
                        InclusionProof(index: index, head: head, hashes: $0)
                    }
                }
            })
    }
}
