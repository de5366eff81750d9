import PromQL
import TimeSeries

/// Which targets there are and whether they answered their last scrape, from `up`. A target is named by its labels
/// `job` and `instance`, which all of its series bear.
struct TargetStates {
    enum State {
        case up, down
        /// There was such a target, and there is none any longer.
        case gone
        /// No such target was ever scraped: the series was pushed, or made by a rule.
        case unknown
    }

    private struct Known {
        private(set) var isUp: Bool
        /// When it was there first, and last.
        private(set) var since: Timestamp
        private(set) var last: Timestamp
        private var upSince: Timestamp?
        /// Since when it has not answered for long.
        private(set) var downSince: Timestamp?

        init(isUp: Bool, at moment: Timestamp) {
            self.isUp = isUp
            since = moment
            last = moment
            note(isUp: isUp, at: moment)
        }

        mutating func note(isUp: Bool, at moment: Timestamp) {
            self.isUp = isUp
            since = min(since, moment)
            last = moment
            guard isUp else {
                upSince = nil
                downSince = min(downSince ?? moment, moment)
                return
            }
            let upSince = upSince ?? moment
            self.upSince = upSince
            if moment - upSince >= TargetStates.steadiness { downSince = nil }
        }
    }

    /// One that answers for less is still the same outage.
    private static let steadiness = Duration.seconds(600)

    /// A target that has gone is remembered for so long.
    static let reach = SeriesPresence.reach
    /// How long what is known stands while nothing ends.
    private static let validity = Duration.seconds(5)
    /// After a restart targets are discovered and scraped one after another: until they are, they are down.
    private static let discovery = Duration.seconds(60)

    private var targets: [Labels: Known] = [:]
    private var readAt: Timestamp?
    private var recalledAt: Timestamp?

    var wasRecalled: Bool { recalledAt != nil }

    func isDue(at now: Timestamp, becauseOfLoss: Bool) -> Bool {
        guard let readAt, now >= readAt else { return true }
        return becauseOfLoss ? now > readAt : now - readAt >= Self.validity
    }

    /// Takes in `up` as it is now.
    mutating func note(_ found: [VectorElement], at now: Timestamp) {
        for element in found {
            note(element.labels, isUp: element.value == 1, at: now)
        }
        readAt = now
        targets = targets.filter { now - $0.value.last < Self.reach }
    }

    /// After a restart, takes in what the store says of the time before.
    mutating func recall(_ series: [MatrixSeries], at now: Timestamp) {
        recalledAt = now
        for one in series {
            for sample in one.samples { note(one.labels, isUp: sample.value == 1, at: sample.timestamp) }
        }
    }

    private mutating func note(_ target: Labels, isUp: Bool, at moment: Timestamp) {
        guard let place = targets.index(forKey: target) else {
            targets[target] = Known(isUp: isUp, at: moment)
            return
        }
        targets.values[place].note(isUp: isUp, at: moment)
    }

    func state(of target: Labels) -> State {
        guard let known = targets[target], let readAt else { return .unknown }
        guard known.last < readAt else { return known.isUp ? .up : .down }
        return recalledAt.map { readAt - $0 < Self.discovery && known.last < $0 } == true ? .down : .gone
    }

    /// When a target was there first; nil where none is known.
    func since(of target: Labels) -> Timestamp? { targets[target]?.since }

    /// Since when a target does not answer, short returns aside; nil where that is not known.
    func downSince(of target: Labels) -> Timestamp? { targets[target]?.downSince }

    var hasDown: Bool { targets.values.contains { !$0.isUp && $0.last == readAt } }
}
