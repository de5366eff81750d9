import PromQL
import TimeSeries

/// The series that one selector found lately and what they told, so that it is noticed when some of them end, or the
/// targets that they came from fail.
struct SeriesPresence {
    /// What is known to be missing; shares are nil where nothing is.
    struct Standing {
        /// Of the targets whose series were read, those that answered their last scrape.
        var coverage: Double?
        /// Of what the series told, what is left now that some have ended.
        var kept: Double?
        /// Whether any of the series comes from a target that is scraped.
        var isScraped = false
    }

    private struct Track {
        var target: Labels
        /// When the series came, and when it was there last.
        var since: Timestamp
        var last: Timestamp
        /// The value, or the rate of a counter; nil until it is known.
        var weight: Double?
        /// From where a counter's rate is reckoned.
        var anchor: Sample?

        /// How long it is missed once it ends.
        var missedFor: Duration {
            let life = last - since
            return life >= SeriesPresence.steadiness - SeriesPresence.resolution
                ? SeriesPresence.reach : life
        }

        /// A counter's rate is taken over at least so long, since scrapes are that far apart.
        private static let span = Duration.seconds(60)

        mutating func weigh(_ value: Double?, at now: Timestamp, isCounter: Bool) {
            guard let value, value.isFinite else { return }
            guard isCounter else {
                weight = abs(value)
                return
            }
            guard let anchor else {
                self.anchor = Sample(now, value)
                return
            }
            let time = now - anchor.timestamp
            guard time >= Self.span else {
                if time < .zero { self.anchor = Sample(now, value) }
                return
            }
            // A counter that fell began anew.
            let increase = value >= anchor.value ? value - anchor.value : max(0, value)
            let rate = increase / time.inSeconds
            weight = weight.map { ($0 + rate) / 2 } ?? rate
            self.anchor = Sample(now, value)
        }
    }

    /// A series that ends is missed for so long, and as long as it had lived where it was never a steady one; then what
    /// is left is the whole.
    static let reach = Duration.seconds(3600)
    /// What has lived for so long, to the resolution of the grid, is steady.
    private static let steadiness = Duration.seconds(600)
    static let resolution = Duration.seconds(60)
    /// How long what was found stands, while no series ends.
    private static let validity = Duration.seconds(15)
    /// A series that began up to so long before another ended, or later, takes its place.
    private static let replacement = Duration.seconds(600)
    /// Series that come with their target take nobody's place.
    private static let arrival = Duration.seconds(60)
    /// What is less than this share of the whole is not missed.
    private static let leastLoss = 0.01
    private static let targetLabels = ["instance", "job"]

    /// Whether increases count and not values.
    private let isCounter: Bool
    private var tracks: [Labels: Track] = [:]
    private var readAt: Timestamp?
    private var count = 0.0
    private(set) var standing = Standing()

    init(isCounter: Bool) { self.isCounter = isCounter }

    /// - Parameter here: how many series there are now.
    func isDue(_ here: Double, at now: Timestamp) -> Bool {
        guard let readAt, now >= readAt else { return true }
        return here < count || now - readAt >= Self.validity
    }

    func hasLost(_ here: Double) -> Bool { here < count }

    /// Takes in the series that there are now.
    mutating func note(_ found: [VectorElement], at now: Timestamp, targets: TargetStates) {
        for element in found { note(element.labels, element.value, at: now) }
        readAt = now
        count = Double(found.count)
        standing = settle(at: now, targets)
    }

    /// After a restart, takes in what the store says of the time before, on a grid of so wide steps.
    mutating func recall(_ series: [MatrixSeries], step: Duration, from include: (Labels) -> Bool) {
        for one in series {
            let moments = one.samples.map { (at: $0.timestamp, value: Double?.some($0.value)) }
            let counted = one.histograms.map { (at: $0.timestamp, value: Double?.none) }
            for (at, value) in (moments + counted).sorted(by: { $0.at < $1.at }) {
                readAt = at - step
                note(one.labels, value, at: at)
            }
        }
        tracks = tracks.filter { include($0.value.target) }
        readAt = nil
    }

    private mutating func note(_ labels: Labels, _ value: Double?, at now: Timestamp) {
        guard let place = tracks.index(forKey: labels) else {
            var track = Track(target: labels.keeping(Self.targetLabels), since: now, last: now)
            track.weigh(value, at: now, isCounter: isCounter)
            tracks[labels] = track
            return
        }
        var track = tracks.values[place]
        // What returns while it is missed goes on; else it begins anew.
        if let readAt, track.last < readAt, now - track.last > track.missedFor { track.since = now }
        track.since = min(track.since, now)
        track.last = now
        track.weigh(value, at: now, isCounter: isCounter)
        tracks.values[place] = track
    }

    /// Forgets what is not missed any longer, and sums up the rest.
    private mutating func settle(at now: Timestamp, _ targets: TargetStates) -> Standing {
        var seen: Set<Labels> = []
        var down: Set<Labels> = []
        var here: [Track] = []
        var ended: [Track] = []
        var forgotten: [Labels] = []
        for (labels, track) in tracks {
            let isHere = track.last >= now
            let state = targets.state(of: track.target)
            switch state {
            case .up: seen.insert(track.target)
            case .down:
                seen.insert(track.target)
                down.insert(track.target)
            case .gone, .unknown: break
            }
            if isHere {
                here.append(track)
            } else if state == .up || state == .unknown {
                let isMissed = now - track.last < track.missedFor
                if isMissed { ended.append(track) } else { forgotten.append(labels) }
            } else if state == .gone {
                forgotten.append(labels)
            }
        }
        for labels in forgotten { tracks[labels] = nil }
        var standing = Standing(isScraped: !seen.isEmpty)
        if !down.isEmpty { standing.coverage = 1 - Double(down.count) / Double(seen.count) }
        if !here.isEmpty, !ended.isEmpty { standing.kept = kept(here, ended, targets) }
        return standing
    }

    /// The share that is left where some series have ended that none took the place of; nil where nothing is missing.
    private func kept(_ here: [Track], _ ended: [Track], _ targets: TargetStates) -> Double? {
        let all = here + ended
        let known = all.compactMap(\.weight)
        let total = known.reduce(0, +)
        // Where all are zero, or none is known, each counts alike.
        let mean = total > 0 ? total / Double(known.count) : 1
        func sum(_ tracks: [Track]) -> Double {
            tracks.reduce(0) { $0 + (total > 0 ? $1.weight ?? mean : 1) }
        }
        let earliest = ended.reduce(ended[0].last) { min($0, $1.last) } - Self.replacement
        let successors = all.filter { track in
            guard track.since > earliest else { return false }
            return targets.since(of: track.target).map { track.since > $0 + Self.arrival } ?? true
        }
        let missing = sum(ended) - sum(successors)
        let left = sum(here)
        guard missing > Self.leastLoss * (left + missing) else { return nil }
        return left / (left + missing)
    }
}
