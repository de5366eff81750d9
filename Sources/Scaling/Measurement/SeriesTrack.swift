import TimeSeries

/// One series of a selector: when it lived, and what it told.
struct SeriesTrack {
    let target: Labels
    /// Equal for series of one target that have labels of the same names.
    let kind: Int
    /// When the series came, and when it was there last.
    var since: Timestamp
    var last: Timestamp
    /// The value, or the rate of a counter; nil until it is known.
    private(set) var weight: Double?
    /// When it was found to be there no longer, the last time.
    var endedAt: Timestamp?
    /// When it took the place of one that ended and is forgotten: it takes no other's.
    var succeededAt: Timestamp?
    /// Whether its target stopped answering, so that it did not end by itself.
    var isLostWithTarget = false
    var isScraped = false
    /// From its last sample to its first one again, where it was away.
    var gap: (from: Timestamp, to: Timestamp)?
    /// Whether it is there and was not at the beginning of the range that is asked for, of which a part is all it tells.
    var isFilling = false
    private(set) var level = SeriesLevel()
    /// How far apart its samples are, where that is known.
    var spacing: Duration?
    /// How long its samples are late at times, as where they come in batches.
    private var lateness = Duration.zero
    /// How old its newest sample was when that was found to be late; zero where it is not.
    private var lateBy = Duration.zero
    /// From where a counter's rate is reckoned.
    private var anchor: Sample?

    init(_ labels: Labels, since: Timestamp, last: Timestamp) {
        target = labels.keeping(SeriesPresence.targetLabels)
        self.since = since
        self.last = last
        kind = Self.kind(of: labels)
    }

    static func kind(of labels: Labels) -> Int {
        var hasher = Hasher()
        hasher.combine(labels.keeping(SeriesPresence.targetLabels))
        labels.forEach { name, _ in hasher.combine(name) }
        return hasher.finalize()
    }

    /// What has lived for so long, to the resolution of the grid, is steady.
    private static let steadiness = Duration.seconds(600)

    /// How long it is missed once it ends.
    var missedFor: Duration {
        let life = last - since
        return life >= Self.steadiness - SeriesPresence.resolution ? SeriesPresence.reach : life
    }

    /// What returns sooner goes on; else it begins anew.
    var resumesWithin: Duration { min(missedFor, last - since) }

    /// A counter's rate is taken over at least so long, since scrapes are that far apart.
    private static let span = Duration.seconds(60)

    /// - Parameter moment: when the value was sampled.
    mutating func weigh(_ value: Double?, at moment: Timestamp, isCounter: Bool) {
        guard let value, value.isFinite else { return }
        level.note(value, at: moment, isCounter: isCounter)
        // What fell at once weighs what it did before.
        let hasFallen = level.fellAt != nil
        guard isCounter else {
            if !hasFallen { weight = abs(value) }
            return
        }
        guard let anchor else {
            self.anchor = Sample(moment, value)
            return
        }
        let time = moment - anchor.timestamp
        guard time >= Self.span else {
            if time < .zero { self.anchor = Sample(moment, value) }
            return
        }
        // A counter that fell began anew.
        let increase = value >= anchor.value ? value - anchor.value : max(0, value)
        let rate = increase / time.inSeconds
        if !hasFallen { weight = weight.map { ($0 + rate) / 2 } ?? rate }
        self.anchor = Sample(moment, value)
    }

    /// What is late for longer has stopped.
    private static let longestLateness = Duration.seconds(90)

    /// A series whose newest sample is older has stopped, though nothing marks its end; nil where that is not known.
    var freshFor: Duration? {
        spacing.map { max(.milliseconds($0.milliseconds * 3 / 2), lateness) }
    }

    /// Whether the next sample is overdue.
    func isOverdue(_ sampledAt: Timestamp, at now: Timestamp) -> Bool {
        freshFor.map { now - sampledAt > $0 } == true
    }

    mutating func wasOverdue(_ sampledAt: Timestamp, at now: Timestamp) { lateBy = now - sampledAt }

    /// What came late will come as late again.
    mutating func wasFresh() {
        if lateBy > .zero, lateBy <= Self.longestLateness {
            lateness = max(lateness, lateBy + (spacing ?? .zero))
        }
        lateBy = .zero
    }

    mutating func learn(spacing found: Duration) {
        spacing = found
        lateness = .milliseconds(lateness.milliseconds / 2)
    }
}
