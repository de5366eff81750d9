import Audit
import Documents
package import Web

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
                "That a leaf is in the newest tree (index=)", handler: inclusion),
        ]
    }

    private func list(_ request: WebRequest) async throws -> WebResponse {
        let limit = min(try request.count("limit") ?? 100, 1000)
        let size = try await audit.size()
        let from = try request.count("from") ?? max(0, size - limit)
        let found = try await audit.leaves(from, limit)
        return Envelope.success(reserving: 16 << 10) { json in
            json.object { json in
                json.field("size", size)
                json.key("entries")
                json.array { json in for leaf in found { json.leaf(leaf) } }
            }
        }
    }

    private func inclusion(_ request: WebRequest) async throws -> WebResponse {
        guard let index = try request.count("index") else {
            throw WebError.badRequest("\"index\" is needed: which leaf, from 0")
        }
        guard let proof = try await audit.inclusion(index) else {
            throw WebError.notFound("the log has no leaf \(index)")
        }
        return Envelope.success { json in
            json.object { json in
                json.field("index", proof.index)
                json.field("treeSize", proof.head.size)
                json.field("root", proof.head.root.description)
                json.key("hashes")
                json.list(proof.hashes.map(\.description))
            }
        }
    }
}
