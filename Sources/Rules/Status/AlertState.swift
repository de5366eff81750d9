/// Where an alert stands in its life, worst last. The words are those of Prometheus' API and of the `alertstate` label.
package enum AlertState: String, Hashable, Comparable, Sendable, Codable {
    /// The condition does not hold, or no longer does.
    case inactive
    /// The condition holds, for less than the rule's `for`.
    case pending
    /// Sent to Alertmanager.
    case firing

    private var severity: Int {
        switch self {
        case .inactive: 0
        case .pending: 1
        case .firing: 2
        }
    }

    package static func < (a: AlertState, b: AlertState) -> Bool { a.severity < b.severity }
}

/// How the last evaluation of a rule went, in the words of Prometheus' API.
package enum RuleHealth: String, Hashable, Sendable, Codable {
    /// Not evaluated yet.
    case unknown
    case ok
    case err
}
