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
        /// The same where series that fell to nothing together since some moment are taken for missing, newest first.
        var doubted: [(since: Timestamp, kept: Double)] = []
        /// Whether any of the series comes from a target that is scraped.
        var isScraped = false

        /// - Parameter patience: for how long a fall to nothing is not believed.
        func kept(at now: Timestamp, patience: Duration?) -> Double? {
            guard let patience, let doubtful = doubted.last(where: { now - $0.since < patience }) else {
                return kept
            }
            return min(doubtful.kept, kept ?? 1)
        }
    }

    /// A series that ends is missed for so long, and as long as it had lived where it was never a steady one; then what
    /// is left is the whole.
    static let reach = Duration.seconds(3600)
    static let resolution = Duration.seconds(60)
    /// How long what was found stands, while no series ends.
    private static let validity = Duration.seconds(15)
    /// A series that began up to so long before another ended, or later, takes its place.
    private static let replacement = Duration.seconds(600)
    /// Series that come with their target take nobody's place.
    static let arrival = Duration.seconds(60)
    private static let mostFalls = 8
    /// What is less than this share of the whole is not missed.
    private static let leastLoss = 0.01
    /// A series that has the labels of one that ended, and tells at least this share of it, stands for it.
    static let leastLikeness = 0.125
    static let targetLabels = ["instance", "job"]

    /// Whether increases count and not values.
    let isCounter: Bool
    /// Whether ranges are asked for, of which less and less is left once samples cease to come.
    let isRanged: Bool
    /// The ranges of which an increase is asked, ascending: until one is full again after a gap it tells too little.
    private var windows: [Duration] = []
    var tracks: [Labels: SeriesTrack] = [:]
    var habits = SeriesHabits()
    /// From when on it was seen whether a series was there.
    var watchedSince: Timestamp?
    var knowsHabits = false
    private var readAt: Timestamp?
    private var spacedAt: Timestamp?
    /// When there was no series at all.
    private var emptyAt: Timestamp?
    /// When it was asked for the first time, or again after nobody had asked for long.
    private var begunAt: Timestamp?
    private var askedAt: Timestamp?
    /// When a gap comes into a range, or leaves it, next.
    private var turnsAt: Timestamp?
    private var count = 0.0
    /// Of the series that are there, how old their newest samples may be; nil where that is not known.
    private(set) var freshFor: Duration?
    var standing = Standing()
    /// Whether series are missed that have ended.
    private(set) var missesEnded = false

    init(isCounter: Bool, isRanged: Bool) {
        self.isCounter = isCounter
        self.isRanged = isRanged
    }

    /// Somebody asks for it now.
    /// - Parameter window: the range of which an increase is asked.
    mutating func ask(of window: Duration?, at now: Timestamp) {
        if let window, !knows(window) {
            windows = (windows + [window]).sorted()
            turnsAt = now
        }
        // What came and went while nobody looked only the store can say, as after a restart.
        if let askedAt, let shortest = windows.first, now - askedAt >= Self.largestHole(in: shortest) {
            begunAt = now
        }
        askedAt = now
    }

    /// Whether what was found tells of increases over such a range as well.
    func knows(_ window: Duration) -> Bool { windows.contains(window) }

    /// What is missing of a range without its telling too little.
    private static func largestHole(in range: Duration) -> Duration {
        .milliseconds(range.milliseconds / 5)
    }

    /// - Parameter here: how many series there are now.
    func isDue(_ here: Double, at now: Timestamp) -> Bool {
        guard let readAt, now >= readAt else { return true }
        if let turnsAt, now >= turnsAt { return true }
        let isBack = !windows.isEmpty && here > count
        return here < count || isBack || now - readAt >= validity(at: now)
    }

    private func validity(at now: Timestamp) -> Duration {
        guard let shortest = unknownWindows(at: now).first else { return Self.validity }
        return min(Self.validity, .milliseconds(shortest.milliseconds / 20))
    }

    func hasLost(_ here: Double) -> Bool { here < count }

    /// Whether it should be found out how far apart samples are.
    func needsSpacings(at now: Timestamp) -> Bool {
        guard isRanged else { return false }
        guard let spacedAt, now >= spacedAt else { return true }
        if freshFor == nil { return now - spacedAt >= Self.resolution }
        // With a gap among them samples seem to be farther apart: that waits until it is over.
        return now - spacedAt >= Self.spacingValidity * (unknownWindows(at: now).isEmpty ? 1 : 2)
    }

    private static let spacingValidity = Duration.seconds(300)

    /// The ranges of which it is not known from having seen it whether they are full: after a restart, or after nobody had
    /// looked for a while, as when the machine stood still.
    func unknownWindows(at now: Timestamp) -> [Duration] {
        guard let longest = windows.last, now - (begunAt ?? now) < longest + Self.resolution else {
            return []
        }
        return windows
    }

    /// What was found of a selector's series at one moment.
    struct Found {
        var elements: [VectorElement]
        /// When the newest sample of each is from, by labels without the name; where that is not known, from now.
        var sampledAt: [Labels: Timestamp] = [:]
        /// How far apart samples are, where that was asked for.
        var spacings: [Labels: Duration]?
        /// When the newest sample of each was at the beginning of each range, where that was asked for.
        var startedAt: [Duration: [Labels: Timestamp]] = [:]
        /// How many there are, as `isDue` was asked.
        var count: Double
    }

    /// Takes in the series that there are now.
    mutating func note(_ found: Found, at now: Timestamp, targets: TargetStates) {
        watchedSince = min(watchedSince ?? now, now)
        begunAt = begunAt ?? now
        turnsAt = nil
        var isEmpty = true
        var freshFor: Duration?
        for element in found.elements {
            guard isRanged else {
                note(element.labels, element.value, sampledAt: now, at: now)
                isEmpty = false
                continue
            }
            let key = element.labels.removing(["__name__"])
            let sampledAt = found.sampledAt[key] ?? now
            guard isFresh(element.labels, found.spacings?[key], sampledAt, at: now) else { continue }
            note(element.labels, element.value, sampledAt: sampledAt, at: now)
            isEmpty = false
            if let spacing = found.spacings?[key] { tracks[element.labels]?.learn(spacing: spacing) }
            tracks[element.labels]?.wasFresh()
            var isFilling = false
            for window in windows {
                isFilling = isFilling || self.isFilling(window, element.labels, key, found, at: now)
                turnsAt = [turnsAt, turn(of: element.labels, window, at: now)].compactMap { $0 }.min()
            }
            tracks[element.labels]?.isFilling = isFilling
            freshFor = [freshFor, tracks[element.labels]?.freshFor].compactMap { $0 }.max()
        }
        self.freshFor = freshFor ?? self.freshFor
        if found.spacings != nil { spacedAt = now }
        readAt = now
        count = found.count
        if isEmpty { emptyAt = now }
        standing = settle(at: now, targets)
    }

    /// Whether a series still yields samples.
    private mutating func isFresh(
        _ labels: Labels, _ spacing: Duration?, _ sampledAt: Timestamp, at now: Timestamp
    ) -> Bool {
        var track = tracks[labels] ?? SeriesTrack(labels, since: now, last: now)
        if let spacing { track.spacing = spacing }
        guard track.isOverdue(sampledAt, at: now) else { return true }
        tracks[labels]?.spacing = track.spacing
        tracks[labels]?.last = sampledAt
        tracks[labels]?.wasOverdue(sampledAt, at: now)
        return false
    }

    /// Whether a series that is there was not at the beginning of its range, though it had been before.
    private func isFilling(
        _ window: Duration, _ labels: Labels, _ key: Labels, _ found: Found, at now: Timestamp
    ) -> Bool {
        guard let track = tracks[labels] else { return false }
        let start = now - window
        // What came where there was nothing may have been there before under other labels.
        if let emptyAt, emptyAt >= start, track.since >= emptyAt { return true }
        if let gap = track.gap, gap.from < start, start < gap.to, isHole(gap, of: track, in: window) {
            return true
        }
        guard let startedAt = found.startedAt[window] else { return false }
        guard let newest = startedAt[key] else { return track.since < start }
        return track.isOverdue(newest, at: start)
    }

    private func isHole(
        _ gap: (from: Timestamp, to: Timestamp), of track: SeriesTrack, in range: Duration
    ) -> Bool {
        gap.to - gap.from - (track.spacing ?? .zero) >= Self.largestHole(in: range)
    }

    /// When the beginning of the range comes to a gap of a series, or leaves it; nil where it does not any more.
    private func turn(of labels: Labels, _ window: Duration, at now: Timestamp) -> Timestamp? {
        guard let track = tracks[labels], let gap = track.gap, isHole(gap, of: track, in: window) else {
            return nil
        }
        let enters = gap.from + window + .milliseconds(1)
        let leaves = gap.to + window
        return now < enters ? enters : now < leaves ? leaves : nil
    }

    /// After a restart, takes in what the store says of the time before, on a grid of so wide steps.
    /// - Parameter since: from when on all of it is told.
    mutating func recall(
        _ series: [MatrixSeries], step: Duration, since: Timestamp? = nil, from include: (Labels) -> Bool
    ) {
        if let since { watchedSince = since + step }
        for one in series {
            let moments = one.samples.map { (at: $0.timestamp, value: Double?.some($0.value)) }
            let counted = one.histograms.map { (at: $0.timestamp, value: Double?.none) }
            var known: (value: Double?, since: Timestamp)?
            for (at, value) in (moments + counted).sorted(by: { $0.at < $1.at }) {
                readAt = at - step
                // What has not changed for so long only may be the last sample of a series that has stopped.
                if known.map({ $0.value != value || at - $0.since > SignalProbe.lookback }) ?? true {
                    known = (value, at)
                    note(one.labels, value, sampledAt: at, at: at)
                } else {
                    note(one.labels, nil, sampledAt: at, at: at)
                }
            }
        }
        tracks = tracks.filter { include($0.value.target) }
        readAt = nil
    }

    private mutating func note(
        _ labels: Labels, _ value: Double?, sampledAt: Timestamp, at now: Timestamp
    ) {
        guard let place = tracks.index(forKey: labels) else {
            let since = habits.resume(labels, at: now) ?? now
            var track = SeriesTrack(labels, since: since, last: now)
            track.weigh(value, at: sampledAt, isCounter: isCounter)
            tracks[labels] = track
            return
        }
        var track = tracks.values[place]
        if let readAt, track.last < readAt {
            track.gap = (track.last, sampledAt)
            if now - track.last > track.resumesWithin {
                habits.remember(life(of: labels, track))
                track.since = now
            }
        }
        track.isLostWithTarget = false
        track.since = min(track.since, now)
        track.last = now
        track.weigh(value, at: sampledAt, isCounter: isCounter)
        tracks.values[place] = track
    }

    /// Forgets what is not missed any longer, and sums up the rest.
    mutating func settle(at now: Timestamp, _ targets: TargetStates) -> Standing {
        var seen: Set<Labels> = []
        var down: Set<Labels> = []
        var here: [SeriesTrack] = []
        var filling: [SeriesTrack] = []
        var ended: [Labels] = []
        var scraped: [Labels] = []
        var lost: [Labels] = []
        var forgotten: [Labels] = []
        for (labels, track) in tracks {
            let isHere = track.last >= now
            let state = targets.state(of: track.target)
            switch state {
            case .up: seen.insert(track.target)
            case .down:
                seen.insert(track.target)
                down.insert(track.target)
                if !isHere { lost.append(labels) }
            case .gone, .unknown: break
            }
            if isHere {
                if track.isFilling { filling.append(track) } else { here.append(track) }
            } else if state == .up || state == .unknown {
                ended.append(labels)
                if state == .up { scraped.append(labels) }
            } else if state == .gone {
                forgotten.append(labels)
            }
        }
        for labels in scraped { tracks[labels]?.isScraped = true }
        for labels in lost { tracks[labels]?.isLostWithTarget = true }
        for labels in forgotten { tracks[labels] = nil }
        let missed = stillMissed(ended, at: now, targets)
        var standing = Standing(isScraped: !seen.isEmpty)
        standing.coverage = coverage(seen, down, at: now, targets)
        missesEnded = !missed.isEmpty
        standing.kept = kept(here, missed, filling, targets)
        var moments: Set<Timestamp?> = []
        standing.doubted = SeriesFall.all(of: here).prefix(Self.mostFalls).map { fall in
            moments.formUnion(fall.moments)
            let left = here.filter { !moments.contains($0.level.fellAt) }
            let doubtful = here.filter { moments.contains($0.level.fellAt) }
            return (fall.since, kept(left, missed, filling + doubtful, targets) ?? 1)
        }
        return standing
    }

    /// Where half of the targets are down or more, they are missed for so long.
    private static let longReach = Duration.seconds(86_400)

    /// The share of the targets that answered, of those that are missed where they do not; nil where all did.
    private func coverage(
        _ seen: Set<Labels>, _ down: Set<Labels>, at now: Timestamp, _ targets: TargetStates
    ) -> Double? {
        let reach = down.count * 2 < seen.count ? Self.reach : Self.longReach
        let missing = down.count { target in targets.downSince(of: target).map { now - $0 < reach } ?? true }
        guard missing > 0 else { return nil }
        return 1 - Double(missing) / Double(seen.count - down.count + missing)
    }

    /// The share that is left where some series have ended that none took the place of, or are back and have told for
    /// less than their range; nil where nothing is missing.
    private func kept(
        _ here: [SeriesTrack], _ ended: [SeriesTrack], _ filling: [SeriesTrack], _ targets: TargetStates
    ) -> Double? {
        guard !here.isEmpty && !ended.isEmpty || !filling.isEmpty else { return nil }
        let all = here + ended + filling
        let known = all.compactMap(\.weight)
        let total = known.reduce(0, +)
        // Where all are zero, or none is known, each counts alike.
        let mean = total > 0 ? total / Double(known.count) : 1
        func weight(_ track: SeriesTrack) -> Double { total > 0 ? track.weight ?? mean : 1 }
        let missing = filling.reduce(unreplaced(ended, all, targets, weight)) { $0 + weight($1) }
        let left = here.reduce(0) { $0 + weight($1) }
        guard missing > Self.leastLoss * (left + missing) else { return nil }
        return left / (left + missing)
    }

    /// What series that have ended told, less what began in their place.
    private func unreplaced(
        _ ended: [SeriesTrack], _ all: [SeriesTrack], _ targets: TargetStates,
        _ weight: (SeriesTrack) -> Double
    ) -> Double {
        guard let first = ended.first else { return 0 }
        let lost = ended.reduce(0) { $0 + weight($1) }
        let lostEach = lost / Double(ended.count)
        let kinds = Set(ended.map(\.kind))
        let earliest = ended.reduce(first.last) { min($0, $1.last) } - Self.replacement
        let found = all.reduce(0.0) { sum, track in
            guard track.since > earliest, track.succeededAt != track.since,
                targets.since(of: track.target).map({ track.since > $0 + Self.arrival }) ?? true
            else { return sum }
            let weight = weight(track)
            // One that stands for another tells less of a load that falls meanwhile.
            let isLike = kinds.contains(track.kind) && weight >= Self.leastLikeness * lostEach
            return sum + (isLike ? max(weight, lostEach) : weight)
        }
        return max(0, lost - found)
    }
}
