import TimeSeries

/// Which policies are to be measured now: each at its interval, and earlier where samples have landed since, but never
/// more often than a fifth of one processor allows, and four times a second at most. A pause is no longer than half a second,
/// whatever that costs: what is needed now is asked for within a second.
package struct MeasurementSchedule: Sendable {
    private static let shortest = Duration.milliseconds(250)
    private static let longest = Duration.milliseconds(500)
    /// A round that took a second may be followed by four seconds of rest.
    private static let rest = 4
    /// A decision waits no longer than this for the measuring of others.
    private static let part = Duration.milliseconds(40)
    private var pause = Self.shortest
    /// How many policies can be measured within `part`; nil for as many as there are.
    private var partSize: Int?
    private var policies: [ScalingPolicy] = []
    private var families: [String: Int] = [:]
    private var lastMeasured: [String: Duration] = [:]
    private var hasLanded = false

    package init() {}

    /// Takes over the policies; those that stay keep their times.
    package mutating func apply(_ policies: [ScalingPolicy]) {
        self.policies = policies
        families = PolicyFamilies.of(policies)
        lastMeasured = lastMeasured.filter { name, _ in policies.contains { $0.name == name } }
    }

    /// Whether there is nothing to measure.
    package var isEmpty: Bool { policies.isEmpty }

    /// Samples arrived; whoever is due soon is due now.
    package mutating func landed() { hasLanded = true }

    /// A round of so many policies took so long: the next ones come as much later as that costs.
    package mutating func measured(_ count: Int, within time: Duration) {
        pause = max(Self.shortest, min(time * Self.rest, Self.longest))
        partSize = time > Self.part ? max(1, Int(Double(count) * (Self.part / time))) : nil
    }

    /// Policies that are measured at one moment: all together where that is quick, else one part after another, each at
    /// a moment of its own. Those that share queries stay together, so that parts cost no more than the whole.
    package func parts(of due: [ScalingPolicy]) -> [[ScalingPolicy]] {
        guard let partSize, partSize < due.count else { return [due] }
        let groups = Dictionary(grouping: due) { families[$0.name] ?? 0 }
        var parts: [[ScalingPolicy]] = []
        for (_, group) in groups.sorted(by: { $0.key < $1.key }) {
            if let last = parts.last, last.count + group.count <= partSize {
                parts[parts.count - 1] += group
            } else {
                parts.append(group)
            }
        }
        return parts
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
