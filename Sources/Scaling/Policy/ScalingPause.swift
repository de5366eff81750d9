package import Fleet
package import TimeSeries

/// A policy does not move its count, or not in one direction, until a moment; somebody's wish, and for a reason. It holds
/// what the policy decides; `Pause` stops commands of a workload whoever gives them.
package struct ScalingPause: Hashable, Sendable, Codable {
    /// Both where nil.
    package var direction: PauseDirection?
    package var until: Timestamp
    package var owner: String
    package var reason: String

    package init(direction: PauseDirection? = nil, until: Timestamp, owner: String, reason: String) {
        self.direction = direction
        self.until = until
        self.owner = owner
        self.reason = reason
    }

    /// Whether it keeps a count from becoming another.
    func holds(from: Int, to: Int, at now: Timestamp) -> Bool {
        guard now < until, from != to else { return false }
        return switch direction {
        case nil: true
        case .up: to > from
        case .down: to < from
        }
    }
}
