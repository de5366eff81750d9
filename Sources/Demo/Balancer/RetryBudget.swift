/// How many requests may be tried again: a fifth of those that come, saved up to a small reserve, so that retries help
/// with a replica that fails and cannot drown a fleet that is overloaded.
struct RetryBudget: Sendable {
    private static let share = 0.2
    private static let reserve = 20.0
    private var saved = RetryBudget.reserve

    /// For each request that comes.
    mutating func earn() { saved = min(Self.reserve, saved + Self.share) }

    /// For each retry; false where none is left.
    mutating func spend() -> Bool {
        guard saved >= 1 else { return false }
        saved -= 1
        return true
    }
}
