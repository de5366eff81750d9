import Control
import Logging
import Scaling

/// Audit entries as log lines, for whoever watches the log of the service and not its page.
enum DecisionLog {
    /// One line for an entry that changes something; a decision that leaves the count is a line at debug level only.
    static func write(_ entry: AuditEntry, to logger: Logger) {
        var metadata: Logger.Metadata = ["entry": "\(entry.id)", "kind": "\(entry.kind.rawValue)"]
        if let workload = entry.workload { metadata["workload"] = "\(workload)" }
        if let node = entry.node { metadata["node"] = "\(node)" }
        if let principal = entry.principal { metadata["principal"] = "\(principal)" }
        if let decision = entry.decision { metadata["policy"] = "\(decision.policy)" }
        logger.log(level: level(of: entry), "\(words(entry))", metadata: metadata)
    }

    static func level(of entry: AuditEntry) -> Logger.Level {
        switch entry.kind {
        case .failover, .freeze, .clock: .warning
        case .scaling: entry.decision.map { $0.from == $0.desired } == true ? .debug : .notice
        case .request, .leadership: .notice
        case .configuration, .placement, .migration, .outcome: .info
        }
    }

    private static func words(_ entry: AuditEntry) -> String {
        guard let decision = entry.decision else { return entry.reasons.joined(separator: "; ") }
        let why = decision.reasons.map(\.text).joined(separator: "; ")
        return decision.from == decision.desired
            ? "stays at \(decision.desired): \(why)" : "\(decision.from) -> \(decision.desired): \(why)"
    }
}
