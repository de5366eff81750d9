/// What a caller must be allowed to do for a route to answer. Every route states one.
package enum Role: String, Hashable, Sendable, CaseIterable {
    /// Reads metrics, health and the page itself.
    case open
    /// Reads series, the fleet, decisions and the audit log.
    case query
    /// Brings samples, as remote-write senders do, which are no people and no pages.
    case ingest
    /// Changes what the service does for now: pauses, counts, drains.
    case operate
    /// Changes how the service is set up: reload.
    case admin

    /// Whether a route of this role changes state, and so needs the token and a same-origin request.
    package var changesState: Bool { Role.changing.contains(self) }

    package static let changing: Set<Role> = [.ingest, .operate, .admin]
}
