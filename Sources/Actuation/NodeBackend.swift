package import Control
package import Fleet

/// What a backend can do; declared, and probed where that is possible.
package struct BackendCapabilities: Hashable, Sendable, Codable {
    /// Runs a replica on the node that the command names.
    package var placement: Bool
    /// Starts and stops nodes.
    package var nodes: Bool
    /// The same command id twice has one effect.
    package var idempotent: Bool
    /// Refuses a lower epoch than it has seen.
    package var fencing: Bool
    /// Enforces CPU and memory limits, per controller, for a person: `cpu: cgroup v1`, `memory: none`.
    package var limits: [String: String]
    /// Restarts lost replicas by itself, so that Flyball must not.
    package var reschedules: Bool

    package init(
        placement: Bool, nodes: Bool, idempotent: Bool, fencing: Bool, limits: [String: String] = [:],
        reschedules: Bool = false
    ) {
        self.placement = placement
        self.nodes = nodes
        self.idempotent = idempotent
        self.fencing = fencing
        self.limits = limits
        self.reschedules = reschedules
    }
}

/// Why a backend could not answer.
package enum BackendError: Error, Hashable, Sendable {
    /// It refused, and nothing happened.
    case refused(String)
    /// It was not reached, and nothing happened.
    case unavailable(String)
    /// The answer was lost; it may have happened.
    case ambiguous(String)
    /// The command's epoch is lower than one it has seen.
    case fenced(seen: UInt64)
}

/// Who runs nodes and replicas. Holds no policy. Idempotent by command id, fenced by epoch; accepted is not done,
/// convergence is observed in the inventory.
package protocol NodeBackend: Sendable {
    /// `process`, `dry-run`, `docker`...
    var kind: String { get }
    func capabilities() async -> BackendCapabilities
    /// Everything it sees now. Throws only where it sees nothing at all; a silent node is a report, not an error.
    func inventory() async throws(BackendError) -> Inventory
    /// Returns when the backend took the command, not when it is finished.
    func perform(_ command: Command) async throws(BackendError)
    /// A hint that an inventory would show something new; ends when the backend ends.
    func changes() -> AsyncStream<Void>
}
