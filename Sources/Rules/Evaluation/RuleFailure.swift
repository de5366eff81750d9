import PromQL

/// Why a rule yielded nothing.
enum RuleFailure: Error {
    case query(QueryError)
    case duplicateSeries
    case duplicateAlerts
    case limit(Int, found: Int, what: String)

    var message: String {
        switch self {
        case .query(let error): error.message
        case .duplicateSeries: "vector contains metrics with the same labelset after applying rule labels"
        case .duplicateAlerts: "vector contains metrics with the same labelset after applying alert labels"
        case .limit(let limit, let found, let what): "exceeded limit of \(limit) with \(found) \(what)"
        }
    }

    /// The query was given up because the service stops; nothing is wrong with the rule.
    var isCancellation: Bool { if case .query(let error) = self { error.kind == .canceled } else { false } }
}
