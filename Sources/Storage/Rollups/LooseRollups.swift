import TimeSeries

/// The rollups of single series, which share blocks in groups. A series keeps its place when all its samples are
/// gone: what remains of it then is found here.
struct LooseRollups: Sendable {
    static let groupSize = 64

    /// A place in a group.
    struct Place: Hashable, Sendable {
        var group: Int
        var slot: Int
    }

    struct Member: Sendable {
        var labels: Labels
        /// As `RollupSet` has it, for this series.
        var made: Int64 = .min
        var rawGone: Int64 = .min
    }

    struct Group: Sendable {
        var members: [Member] = []
        /// `made` and `rawGone` are those of the members.
        var set = RollupSet()
    }

    /// Nil where nothing is left of a group.
    var groups: [Group?] = []
    private(set) var places: [Labels: Place] = [:]
    /// Places of series without samples, as of the last `findOrphans`.
    private(set) var orphans: [Place] = []
    /// The newest time up to which samples of any series are gone.
    private var newestGone: Int64 = .min

    var isEmpty: Bool { places.isEmpty }
    var byteCount: Int {
        groups.reduce(80 * places.count) { $0 + ($1.map { $0.set.byteCount + 64 * $0.members.count } ?? 0) }
    }

    func member(_ place: Place) -> Member? {
        guard groups.indices.contains(place.group), let group = groups[place.group],
            group.members.indices.contains(place.slot)
        else { return nil }
        return group.members[place.slot]
    }

    /// The place of a series, a new one where it has none.
    mutating func place(_ labels: Labels) -> Place {
        if let place = places[labels] { return place }
        if groups.isEmpty || groups[groups.count - 1].map({ $0.members.count >= Self.groupSize }) ?? true {
            groups.append(Group())
        }
        let group = groups.count - 1
        groups[group]!.members.append(Member(labels: labels))
        let place = Place(group: group, slot: groups[group]!.members.count - 1)
        places[labels] = place
        return place
    }

    /// Puts back a group of a snapshot.
    mutating func restore(_ number: Int, _ group: Group) {
        while groups.count <= number { groups.append(nil) }
        groups[number] = group
        for (slot, member) in group.members.enumerated() where !member.labels.isEmpty {
            places[member.labels] = Place(group: number, slot: slot)
            newestGone = max(newestGone, member.rawGone)
        }
    }

    /// Notes that samples of a series up to a time are gone.
    mutating func noteGone(_ place: Place, through time: Int64) {
        guard let member = member(place), member.rawGone < time else { return }
        groups[place.group]?.members[place.slot].rawGone = time
        newestGone = max(newestGone, time)
    }

    /// Drops windows; of series that are not alive and have none left, their labels, of groups of such all.
    mutating func drop(_ edge: (_ resolution: Int64) -> Int64?, isAlive: (Labels) -> Bool) {
        for index in groups.indices where groups[index] != nil {
            groups[index]!.set.drop(edge)
            let gone = groups[index]!.set.isEmpty ? .max : groups[index]!.set.levels.map(\.gone).min() ?? .max
            var isUsed = index == groups.count - 1
            for (slot, member) in groups[index]!.members.enumerated() where !member.labels.isEmpty {
                if member.made > gone || isAlive(member.labels) {
                    isUsed = true
                } else {
                    places[member.labels] = nil
                    groups[index]!.members[slot] = Member(labels: .empty)
                }
            }
            if !isUsed { groups[index] = nil }
        }
    }

    /// Finds the series that have buckets and no samples, which no other index knows.
    mutating func findOrphans(isAlive: (Labels) -> Bool) {
        orphans = []
        for (labels, place) in places where !isAlive(labels) {
            if let member = member(place), member.made > .min { orphans.append(place) }
        }
    }

    /// Whether samples of any series are gone that may lie in a range.
    func hasGone(in range: ClosedRange<Int64>) -> Bool { newestGone >= range.lowerBound }

    /// Whether buckets of a living series may stand for samples of a range.
    func mayAnswer(_ range: ClosedRange<Int64>, _ use: SampleUse) -> Bool {
        use.isExact || newestGone >= range.lowerBound
    }

    func rollup(_ place: Place) -> LooseRollup? {
        guard let member = member(place), let set = groups[place.group]?.set, !set.isEmpty else { return nil }
        return LooseRollup(member: member, slot: UInt32(place.slot), set: set)
    }
}

/// The rollups of one single series, read without a lock.
struct LooseRollup: Sendable {
    var member: LooseRollups.Member
    var slot: UInt32
    var set: RollupSet

    /// Buckets and, behind them, samples; `samples` reads those in a range.
    func read(
        _ range: ClosedRange<Int64>, _ use: SampleUse, samples: (ClosedRange<Int64>) -> SeriesColumns?
    ) -> SeriesColumns? {
        let choice = RollupChoice(set.levels, made: member.made, rawGone: member.rawGone, use, in: range)
        guard choice.isNeeded(in: range) else { return samples(range) }
        let buckets = set.buckets(slot, choice, range, use)
        var rest: SeriesColumns?
        if choice.samplesAfter < range.upperBound {
            rest = samples(max(range.lowerBound, choice.samplesAfter &+ 1)...range.upperBound)
        }
        guard !buckets.isEmpty else { return rest }
        let whole = RollupMerge.series(member.labels, buckets, [], [])
        return rest.map { RollupMerge.merged(whole, $0) } ?? whole
    }
}
