import TimeSeries

/// How much was moved within the last minute, and how large the workload was meanwhile.
package struct Velocity: Hashable, Sendable, Codable {
    package static let window: Duration = .seconds(60)

    private struct Level: Hashable, Sendable, Codable {
        var at: Timestamp
        var count: Int
    }

    private var starts: [Timestamp] = []
    private var stops: [Timestamp] = []
    /// Replicas that went without our doing: to replace them is no growth.
    private var losses: [Timestamp] = []
    /// The sizes within the window, at each change, and the last one before it.
    private var levels: [Level] = []
    private var asOf = Timestamp(milliseconds: 0)
    /// The present size, with what was stopped within the window. Nil in memories of before.
    private var whole: Int?

    package init() {}

    mutating func advance(to now: Timestamp, size: Int) {
        starts.removeAll { now - $0 >= Self.window || $0 > now }
        stops.removeAll { now - $0 >= Self.window || $0 > now }
        losses.removeAll { now - $0 >= Self.window || $0 > now }
        asOf = now
        whole = size + stops.count
        if levels.last?.count != size { levels.append(Level(at: now, count: size)) }
        while levels.count > 1, now - levels[1].at >= Self.window { levels.removeFirst() }
    }

    /// The largest size within the window.
    private var peak: Int { levels.map(\.count).max() ?? 0 }

    /// The size at the beginning of the window; 0 where that is not known.
    private var base: Int { levels.first.map { asOf - $0.at >= Self.window ? $0.count : 0 } ?? 0 }

    /// How many more may be started now. The share is of the size a minute ago, so that growth does not feed itself.
    func startsLeft(_ limits: GuardLimits) -> Int {
        max(0, limits.starts.allowed(of: base) + losses.count - starts.count)
    }

    /// How many more may be stopped now. The share is of what ran at one time within the window: what was stopped and is
    /// there again, or is to be stopped and still there, counts once, and what was lost meanwhile not at all.
    func stopsLeft(_ limit: GuardLimits.MinuteLimit) -> Int {
        max(0, limit.allowed(of: min(peak, whole ?? peak)) - stops.count)
    }

    mutating func started(at now: Timestamp) { starts.append(now) }
    mutating func stopped(at now: Timestamp) { stops.append(now) }
    mutating func lost(at now: Timestamp) { losses.append(now) }

    var isIdle: Bool { losses.isEmpty && starts.isEmpty && stops.isEmpty && peak == 0 }
}

extension Velocity: ClockBound {
    package mutating func clockStepped(by step: Duration) {
        starts.clockStepped(by: step)
        stops.clockStepped(by: step)
        losses.clockStepped(by: step)
        for index in levels.indices { levels[index].at += step }
        asOf += step
    }
}
