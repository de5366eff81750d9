import Synchronization

/// Queries that took next to no time when they were last asked. Dashboards and scripts ask the same over and over; such
/// a query is evaluated where it arrives, for the two changes of threads would cost as much as itself.
final class QuickQueries: Sendable {
    /// How long the thread of some connections may be held up.
    static let longest = Duration.milliseconds(1)
    /// What a query that was quick may read before it must go where it holds up nobody.
    static let maxSamples = 20_000
    private static let capacity = 4096

    private let keys = Mutex(Set<Int>())

    func contains(_ key: Int) -> Bool { keys.withLock { $0.contains(key) } }

    /// Notes how long a query took this time.
    func note(_ key: Int, took: Duration) {
        keys.withLock { keys in
            guard took <= Self.longest else {
                keys.remove(key)
                return
            }
            if keys.count >= Self.capacity { keys.removeAll(keepingCapacity: true) }
            keys.insert(key)
        }
    }

    func forget(_ key: Int) { _ = keys.withLock { $0.remove(key) } }
}
