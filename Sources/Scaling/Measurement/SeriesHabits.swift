import TimeSeries

/// The lives of series that came and went, as those of jobs do, so that one that ends like others before it is known for
/// no outage.
struct SeriesHabits {
    struct Life {
        var labels: Labels
        /// Nil for what nobody scrapes.
        var target: Labels?
        /// Equal for series of one target that have labels of the same names.
        var kind: Int
        var since: Timestamp
        var last: Timestamp
        /// When it was not there any longer; some time after `last`, as it is looked at.
        var endedAt: Timestamp
        /// What it told; nil where that is not known.
        var weight: Double?
        /// Whether it was seen to begin.
        var isWhole: Bool
        /// Whether it ended by itself.
        var isOwn = true

        var span: Duration { last - since }

        /// Whether it says something about the ends of others.
        var isTelling: Bool {
            isWhole && isOwn && span >= SeriesHabits.shortest && span <= SeriesHabits.longest
        }

        fileprivate func isLike(_ other: Life) -> Bool {
            target == other.target && span + span >= other.span && other.span + other.span >= span
        }

        fileprivate func isApart(from other: Life) -> Bool {
            last <= other.since || other.last <= since
        }

        /// Whether another one that begins tells enough to take its place; also where that is not known yet.
        fileprivate func isReplaced(by other: Life) -> Bool {
            guard other.isWhole, other.labels != labels || other.since != since else { return false }
            guard let weight, let more = other.weight else { return true }
            return more >= (kind == other.kind ? weight * SeriesPresence.leastLikeness : weight)
        }
    }

    /// A series that ended, and the one that took its place.
    struct Succession {
        var ended: Life
        var successor: Life
    }

    /// What lives for less says nothing about the ends of steady series.
    static let shortest = Duration.seconds(300)
    /// What lives longer is a fixture, and costs little to be missed.
    static let longest = Duration.seconds(7200)
    /// So long a life is remembered, so that what comes daily is known.
    static let reach = Duration.seconds(90_000)
    private static let most = 512
    /// What begins so soon after another ends, or before it does, takes its place. Less than the ten minutes for which it
    /// is waited where a series is missed: jobs may follow each other closely.
    private static let succession = Duration.seconds(360)
    /// What ends within so long ends in one scrape; of what is remembered it is not known better than to a minute.
    private static let scrape = Duration.seconds(20)

    private var past: [Life] = []

    mutating func remember(_ life: Life) {
        guard life.span >= Self.shortest else { return }
        past.append(life)
        if past.count > Self.most { past.removeFirst() }
    }

    /// Takes back that a series came and went, since it goes on; yields since when it lived.
    mutating func resume(_ labels: Labels, at now: Timestamp) -> Timestamp? {
        guard
            let place = past.lastIndex(where: {
                $0.labels == labels && $0.isTelling && now - $0.last <= $0.span
            })
        else { return nil }
        return past.remove(at: place).since
    }

    mutating func forget(before moment: Timestamp) { past.removeAll { $0.last < moment } }

    /// Whether it knows a life already; learns of one that it did not see begin when that was.
    mutating func knows(_ life: Life) -> Bool {
        guard let place = past.firstIndex(where: { $0.labels == life.labels && !$0.isApart(from: life) })
        else { return false }
        if !past[place].isWhole {
            past[place].since = min(past[place].since, life.since)
            past[place].isWhole = true
        }
        return true
    }

    /// Which of the lives that ended did so as others did: as many as end with it lived in the same target, for half to
    /// twice as long, and at another time; none took their place either, and as many of them ended in one scrape. And
    /// whose place was taken.
    /// - Parameter present: the lives of the series that are known now, those that ended among them.
    func judge(_ ended: [Life], among present: @autoclosure () -> [Life]) -> (
        habitual: Set<Labels>, replaced: [Succession]
    ) {
        guard ended.count <= Self.most, ended.contains(where: \.isTelling) else { return ([], []) }
        let (replaced, others) = Self.successions(past + ended, among: past + present())
        let unreplaced = others.filter(\.isTelling)
        let together = Self.counts(unreplaced, within: SeriesPresence.resolution)
        var habitual: Set<Labels> = []
        for life in ended where life.isTelling {
            let like = unreplaced.indices.filter {
                unreplaced[$0].isLike(life) && unreplaced[$0].isApart(from: life)
            }
            let asLong = ended.count { $0.isTelling && $0.isLike(life) && !$0.isApart(from: life) }
            let atOnce = ended.count {
                $0.target == life.target && max($0.last - life.last, life.last - $0.last) <= Self.scrape
            }
            if like.count >= asLong, like.contains(where: { together[$0] >= atOnce }) {
                habitual.insert(life.labels)
            }
        }
        return (habitual, replaced)
    }

    /// Whose place which other took when they ended, each that of one at most and that of the nearest; and whose place
    /// none took, in the order of their ends.
    private static func successions(
        _ ended: [Life], among lives: [Life]
    ) -> (replaced: [Succession], others: [Life]) {
        let lives = lives.sorted { $0.since < $1.since }
        var isTaken = [Bool](repeating: false, count: lives.count)
        var replaced: [Succession] = []
        var others = ended.sorted { $0.last < $1.last }
        // What follows at once comes first, so that none takes the successor of another.
        for reach in [scrape, .seconds(60), .seconds(120), succession] {
            var first = 0
            others = others.filter { life in
                while first < lives.count, lives[first].since < life.last - reach { first += 1 }
                var nearest: (place: Int, distance: Duration)?
                for place in first..<lives.count {
                    let since = lives[place].since
                    guard since - life.endedAt <= reach else { break }
                    // What was there before may have been there for something else.
                    let distance =
                        since > life.last
                        ? max(.zero, since - life.endedAt) : life.last - since + SeriesPresence.resolution
                    guard distance <= reach, !isTaken[place], nearest.map({ distance < $0.distance }) ?? true,
                        life.isReplaced(by: lives[place])
                    else { continue }
                    nearest = (place, distance)
                }
                guard let place = nearest?.place else { return true }
                isTaken[place] = true
                replaced.append(Succession(ended: life, successor: lives[place]))
                return false
            }
        }
        return (replaced, others)
    }

    /// How many of the same target end with each of them, which are in the order of their ends.
    private static func counts(_ ended: [Life], within span: Duration) -> [Int] {
        var first = 0
        return ended.indices.map { place in
            while ended[place].last - ended[first].last > span { first += 1 }
            return ended[first...place].count { $0.target == ended[place].target }
        }
    }
}
