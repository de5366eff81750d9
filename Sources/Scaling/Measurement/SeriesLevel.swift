import TimeSeries

/// What one series tells from look to look, its value or its increase, so that it is noticed where it falls from a
/// steady level to nothing at once.
struct SeriesLevel {
    /// When it fell; nil where it did not, once it rises again, and once that is an hour ago.
    private(set) var fellAt: Timestamp?
    private var last: Sample?
    private var told: Double?
    private var mean = 0.0
    /// The least of the present stretch of time, and of the one before; infinite where nothing is known.
    private var least = (now: Double.infinity, before: Double.infinity)
    private var stretchBegan: Timestamp?

    private static let stretch = Duration.seconds(300)
    /// What goes this far down at times may well reach nothing.
    private static let steadyShare = 0.1
    /// What is less than this share of the level is nothing.
    private static let nothing = 1e-6
    /// The same of what a counter tells that began anew: its next sample shows whether it goes on.
    private static let hardlyAnything = 0.1

    /// - Parameter isCounter: whether its increase counts.
    mutating func note(_ value: Double, at moment: Timestamp, isCounter: Bool) {
        guard let last else {
            last = Sample(moment, value)
            if !isCounter { take(value.magnitude, at: moment) }
            return
        }
        let time = moment - last.timestamp
        guard time > .zero else { return }
        self.last = Sample(moment, value)
        // A counter that fell began anew, and what it told in between is not known.
        let hasBegunAnew = isCounter && value < last.value
        let increase = max(0, hasBegunAnew ? value : value - last.value)
        let telling = isCounter ? increase / time.inSeconds : value.magnitude
        let nothing = mean * (hasBegunAnew ? Self.hardlyAnything : Self.nothing)
        if let fellAt {
            guard telling > nothing || moment - fellAt >= SeriesPresence.reach else { return }
            self.fellAt = nil
        } else if telling <= nothing, isSteady {
            fellAt = moment
            return
        }
        if !hasBegunAnew { take(telling, at: moment) }
    }

    /// Whether nothing was to be expected: it was never near it lately, nor on its way there.
    private var isSteady: Bool {
        guard mean > 0, let told, least.before.isFinite else { return false }
        return told >= mean / 2 && min(least.now, least.before) >= mean * Self.steadyShare
    }

    private mutating func take(_ telling: Double, at moment: Timestamp) {
        let began = stretchBegan ?? moment
        stretchBegan = began
        if moment - began >= Self.stretch {
            least = (.infinity, least.now)
            stretchBegan = moment
        }
        least.now = min(least.now, telling)
        mean = told == nil ? telling : (3 * mean + telling) / 4
        told = telling
    }
}

/// Series that fell to nothing together, or one that told most of all.
struct SeriesFall {
    /// When the first of them fell, and all of them.
    let since: Timestamp
    private(set) var moments: Set<Timestamp?>
    private var last: Timestamp
    private var weight: Double
    private var count = 1

    /// Series that fall within so long after one another do so together.
    private static let together = Duration.seconds(20)
    /// What tells less than this share of all may fall to nothing as it likes.
    private static let leastShare = 0.2
    /// One alone may be empty; where it told most of all there is, nothing else says whether it is.
    private static let leastShareOfOne = 0.5

    private init(_ moment: Timestamp, weight: Double) {
        since = moment
        last = moment
        moments = [moment]
        self.weight = weight
    }

    private mutating func add(_ moment: Timestamp, weight more: Double) {
        last = moment
        moments.insert(moment)
        weight += more
        count += 1
    }

    /// Of the series that are there those that told much of all, newest first.
    static func all(of here: [SeriesTrack]) -> [SeriesFall] {
        let fallen = here.compactMap { track in
            track.level.fellAt.map { (moment: $0, weight: track.weight ?? 0) }
        }
        guard !fallen.isEmpty else { return [] }
        var falls: [SeriesFall] = []
        for (moment, weight) in fallen.sorted(by: { $0.moment < $1.moment }) {
            if let last = falls.last?.last, moment - last <= together {
                falls[falls.count - 1].add(moment, weight: weight)
            } else {
                falls.append(SeriesFall(moment, weight: weight))
            }
        }
        let all = here.reduce(0) { $0 + ($1.weight ?? 0) }
        return falls.reversed().filter { fall in
            fall.count > 1
                ? fall.weight >= leastShare * all : all > 0 && fall.weight >= leastShareOfOne * all
        }
    }
}
