import PromQL
import Synchronization
import TimeSeries

/// The trees of queries that were asked lately: dashboards ask the same every few seconds.
final class ParsedQueries: Sendable {
    private static let capacity = 512
    private static let longest = 4096

    private let features: QueryFeatures
    private let known = Mutex<[ExactText: Expression]>([:])

    init(features: QueryFeatures) { self.features = features }

    func parse(_ text: String) throws(QueryError) -> Expression {
        let key = ExactText(text)
        if let expression = known.withLock({ $0[key] }) { return expression }
        let expression = try Expression.parse(text, features: features)
        if text.utf8.count <= Self.longest {
            known.withLock { known in
                if known.count >= Self.capacity { known.removeAll(keepingCapacity: true) }
                known[key] = expression
            }
        }
        return expression
    }
}
