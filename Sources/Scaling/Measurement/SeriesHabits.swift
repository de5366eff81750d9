import TimeSeries

/// The lives of series that came and went, as those of jobs do, so that one that ends like others before it is known for
/// no outage.
struct SeriesHabits {
    struct Life {
        var labels: Labels
        /// Nil for what nobody scrapes.
        var target: Labels?
        var since: Timestamp
        var last: Timestamp

        var span: Duration { last - since }

        fileprivate func isLike(_ other: Life) -> Bool {
            target == other.target && span + span >= other.span && other.span + other.span >= span
        }

        fileprivate func isApart(from other: Life) -> Bool {
            last <= other.since || other.last <= since
        }
    }

    /// What lives longer is a fixture, and costs little to be missed.
    private static let longest = Duration.seconds(7200)
    /// So long a life is remembered, so that what comes daily is known.
    static let reach = Duration.seconds(90_000)
    private static let most = 512

    private var past: [Life] = []

    mutating func remember(_ life: Life) {
        guard life.span <= Self.longest else { return }
        past.append(life)
        if past.count > Self.most { past.removeFirst() }
    }

    /// Takes back that a series came and went, since it goes on; yields since when it lived.
    mutating func resume(_ labels: Labels, at now: Timestamp) -> Timestamp? {
        guard
            let place = past.lastIndex(where: { $0.labels == labels && now - $0.last <= $0.span })
        else { return nil }
        return past.remove(at: place).since
    }

    mutating func forget(before moment: Timestamp) { past.removeAll { $0.last < moment } }

    func knows(_ life: Life) -> Bool {
        past.contains { $0.labels == life.labels && !$0.isApart(from: life) }
    }

    /// Which of the lives that ended did so as others did: as many as end with it lived in the same target, for half to
    /// twice as long, and at another time.
    func habitual(_ ended: [Life]) -> Set<Labels> {
        guard ended.count <= Self.most else { return [] }
        let known = past + ended
        var found: Set<Labels> = []
        for life in ended where life.span <= Self.longest {
            let like = known.filter { $0.isLike(life) }
            let apart = like.count { $0.isApart(from: life) }
            let together = ended.count { $0.isLike(life) && !$0.isApart(from: life) }
            if apart >= together { found.insert(life.labels) }
        }
        return found
    }
}
