package import Control
import Documents
package import Web

/// Reading the audit log, in the terms of the API. Indices count leaves from zero.
package struct AuditReading: Sendable {
    package typealias Indexed = (index: Int, entry: AuditEntry)

    package struct InclusionProof: Hashable, Sendable {
        package var index: Int
        package var treeSize: Int
        package var leafHash: [UInt8]
        /// From the leaf up.
        package var hashes: [[UInt8]]

        package init(index: Int, treeSize: Int, leafHash: [UInt8], hashes: [[UInt8]]) {
            self.index = index
            self.treeSize = treeSize
            self.leafHash = leafHash
            self.hashes = hashes
        }
    }

    /// How many leaves there are.
    package var size: @Sendable () async throws -> Int
    /// At most `limit` leaves from an index on, ascending.
    package var entries: @Sendable (_ from: Int, _ limit: Int) async throws -> [Indexed]
    /// The newest `limit` leaves that meet a condition, newest first.
    package var latest:
        @Sendable (_ limit: Int, _ where: @Sendable (AuditEntry) -> Bool) async throws -> [Indexed]
    /// The leaf of an entry id.
    package var entry: @Sendable (_ id: String) async throws -> Indexed?
    /// The newest signed checkpoint, a C2SP note.
    package var checkpoint: @Sendable () async throws -> String
    /// That the leaf is in the tree of this size (the newest where nil); nil where it is not.
    package var inclusion: @Sendable (_ index: Int, _ treeSize: Int?) async throws -> InclusionProof?

    package init(
        size: @escaping @Sendable () async throws -> Int,
        entries: @escaping @Sendable (_ from: Int, _ limit: Int) async throws -> [Indexed],
        latest:
            @escaping @Sendable (_ limit: Int, _ where: @Sendable (AuditEntry) -> Bool) async throws ->
            [Indexed],
        entry: @escaping @Sendable (_ id: String) async throws -> Indexed?,
        checkpoint: @escaping @Sendable () async throws -> String,
        inclusion: @escaping @Sendable (_ index: Int, _ treeSize: Int?) async throws -> InclusionProof?
    ) {
        self.size = size
        self.entries = entries
        self.latest = latest
        self.entry = entry
        self.checkpoint = checkpoint
        self.inclusion = inclusion
    }
}

/// `/api/v1/audit`: the leaves of the log, its checkpoint and its proofs.
package struct AuditRoutes: Sendable {
    private let audit: AuditReading

    package init(audit: AuditReading) { self.audit = audit }

    package var routes: [Route] {
        [
            Route(
                [.get], "/api/v1/audit", role: .query, "Leaves of the audit log (from=, limit=)",
                handler: list),
            Route([.get], "/api/v1/audit/checkpoint", role: .query, "The newest checkpoint, a C2SP note") {
                _ in
                .text(try await audit.checkpoint())
            },
            Route(
                [.get], "/api/v1/audit/proof/inclusion", role: .query,
                "That a leaf is in the tree (index=, size=)", handler: inclusion),
        ]
    }

    private func list(_ request: WebRequest) async throws -> WebResponse {
        let limit = min(try request.count("limit") ?? 100, 1000)
        let size = try await audit.size()
        let from = try request.count("from") ?? max(0, size - limit)
        let found = try await audit.entries(from, limit)
        return Envelope.success(reserving: 16 << 10) { json in
            json.object { json in
                json.field("size", size)
                json.key("entries")
                json.array { json in for (index, entry) in found { json.entry(entry, at: index) } }
            }
        }
    }

    private func inclusion(_ request: WebRequest) async throws -> WebResponse {
        guard let index = try request.count("index") else {
            throw WebError.badRequest("\"index\" is needed: which leaf, from 0")
        }
        let size = try request.count("size")
        guard let proof = try await audit.inclusion(index, size) else {
            let tree = size.map { "the tree of \($0) leaves" } ?? "the log"
            throw WebError.notFound("leaf \(index) is not in \(tree)")
        }
        return Envelope.success { json in
            json.object { json in
                json.field("index", proof.index)
                json.field("treeSize", proof.treeSize)
                json.field("leafHash", Self.hex(proof.leafHash))
                json.key("hashes")
                json.list(proof.hashes.map(Self.hex))
            }
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
