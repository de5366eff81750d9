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
        // A counter that fell began anew; what it told in between is known only where that is nothing.
        guard !isCounter || value >= last.value || value == 0 else { return }
        let telling = isCounter ? max(0, value - last.value) / time.inSeconds : value.magnitude
        if let fellAt {
            guard telling > mean * Self.nothing || moment - fellAt >= SeriesPresence.reach else { return }
            self.fellAt = nil
        } else if telling <= mean * Self.nothing, isSteady {
            fellAt = moment
            return
        }
        take(telling, at: moment)
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

/// Several series that fell to nothing together.
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
        guard fallen.count > 1 else { return [] }
        var falls: [SeriesFall] = []
        for (moment, weight) in fallen.sorted(by: { $0.moment < $1.moment }) {
            if let last = falls.last?.last, moment - last <= together {
                falls[falls.count - 1].add(moment, weight: weight)
            } else {
                falls.append(SeriesFall(moment, weight: weight))
            }
        }
        let least = leastShare * here.reduce(0) { $0 + ($1.weight ?? 0) }
        return falls.reversed().filter { $0.count > 1 && $0.weight >= least }
    }
}
