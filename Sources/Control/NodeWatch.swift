import TimeSeries

/// What is remembered of one node's reliability.
package struct NodeWatch: Hashable, Sendable, Codable {
    /// Time that inventories have passed without a word of it. Counts inventories and not the clock: while the observer
    /// itself is blind or asleep, nobody falls silent.
    var silence: Duration = .zero
    var silentSince: Timestamp?
    /// Its losses of the last hour.
    var losses: [Timestamp] = []
    var quarantinedUntil: Timestamp?
    /// Attempts to start it since it was last up for good.
    var startAttempts = 0
    var nextStart: Timestamp?
    var readySince: Timestamp?

    package init() {}

    /// Forgets what is too old to matter.
    mutating func advance(to now: Timestamp) {
        losses.removeAll { now - $0 >= .seconds(3600) }
        if let until = quarantinedUntil, until <= now { quarantinedUntil = nil }
        if let since = readySince, now - since >= .seconds(600) { startAttempts = 0 }
    }

    /// A pause that doubles with each repetition: `base`, 2 x `base`, ... up to `limit`.
    static func backOff(_ repetition: Int, base: Duration, limit: Duration) -> Duration {
        guard repetition < 20 else { return limit }
        return min(limit, base * (1 << max(0, repetition)))
    }
}

/// After failed starts of a workload: when to try again, and where not.
package struct StartBackOff: Hashable, Sendable, Codable {
    package static let base: Duration = .seconds(1)
    package static let limit: Duration = .seconds(300)

    var failures = 0
    var until: Timestamp
    var message: String

    mutating func fail(_ why: String, at now: Timestamp) {
        until = now + NodeWatch.backOff(failures, base: Self.base, limit: Self.limit)
        failures += 1
        message = why
    }
}
