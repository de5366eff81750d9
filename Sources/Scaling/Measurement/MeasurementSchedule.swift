import TimeSeries

/// Which policies are to be measured now: each at its interval, and earlier where samples have landed since, but never
/// more often than a fifth of one processor allows, and four times a second at most. A pause is no longer than half a second,
/// whatever that costs: what is needed now is asked for within a second.
package struct MeasurementSchedule: Sendable {
    private static let shortest = Duration.milliseconds(250)
    private static let longest = Duration.milliseconds(500)
    /// A round that took a second may be followed by four seconds of rest.
    private static let rest = 4
    private var pause = Self.shortest
    private var policies: [ScalingPolicy] = []
    private var lastMeasured: [String: Duration] = [:]
    private var hasLanded = false

    package init() {}

    /// Takes over the policies; those that stay keep their times.
    package mutating func apply(_ policies: [ScalingPolicy]) {
        self.policies = policies
        lastMeasured = lastMeasured.filter { name, _ in policies.contains { $0.name == name } }
    }

    /// Whether there is nothing to measure.
    package var isEmpty: Bool { policies.isEmpty }

    /// Samples arrived; whoever is due soon is due now.
    package mutating func landed() { hasLanded = true }

    /// A round took so long: the next ones come as much later as that costs.
    package mutating func measured(within time: Duration) {
        pause = max(Self.shortest, min(time * Self.rest, Self.longest))
    }

    /// The policies to measure, in their order.
    /// - Parameter uptime: The present, on a clock that never goes back.
    package mutating func takeDue(at uptime: Duration) -> [ScalingPolicy] {
        let hasLanded = hasLanded
        self.hasLanded = false
        let due = policies.filter { policy in
            guard let last = lastMeasured[policy.name] else { return true }
            let age = uptime - last
            return age >= policy.interval || (hasLanded && age >= pause)
        }
        // What landed is not forgotten for those who have to wait.
        if hasLanded, due.count < policies.count { self.hasLanded = true }
        for policy in due { lastMeasured[policy.name] = uptime }
        return due
    }
}
