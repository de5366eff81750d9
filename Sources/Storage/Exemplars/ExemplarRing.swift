import TimeSeries

/// The newest exemplars of all series, so many and no more: a new one takes the place of the oldest.
struct ExemplarRing: Sendable {
    private struct Entry: Sendable {
        var series: Labels
        var exemplar: Exemplar
    }

    /// Longer labels of an exemplar, names and values together, are refused (OpenMetrics).
    static let longestLabels = 128

    let capacity: Int
    private var entries: [Entry] = []
    /// Where the next one goes once the ring is full.
    private var next = 0
    /// The newest exemplar of each series.
    private var newest: [Labels: Exemplar] = [:]
    private(set) var taken: UInt64 = 0
    private(set) var refused: UInt64 = 0

    init(capacity: Int) { self.capacity = max(0, capacity) }

    var count: Int { entries.count }
    var seriesCount: Int { newest.count }
    var byteCount: Int { 160 * entries.count + 120 * newest.count }

    /// Whether an exemplar would be taken: it is new, not older than the newest of its series, and not too long.
    mutating func accepts(_ exemplar: Exemplar, of series: Labels) -> Bool {
        let last = newest[series]
        guard capacity > 0, last.map({ !exemplar.repeats($0) }) ?? true else { return false }
        let length = exemplar.labels.pairs.reduce(0) {
            $0 + $1.name.unicodeScalars.count + $1.value.unicodeScalars.count
        }
        guard length <= ExemplarRing.longestLabels,
            last.map({ $0.timestamp < exemplar.timestamp }) ?? true
        else {
            refused += 1
            return false
        }
        return true
    }

    mutating func append(_ exemplar: Exemplar, of series: Labels) {
        guard capacity > 0 else { return }
        taken += 1
        var exemplar = exemplar
        exemplar.isTimed = true
        newest[series] = exemplar
        let entry = Entry(series: series, exemplar: exemplar)
        guard entries.count >= capacity else {
            entries.append(entry)
            return
        }
        let old = entries[next]
        // The oldest of a series is its newest only where it is the last one left.
        if old.series != series, newest[old.series] == old.exemplar { newest[old.series] = nil }
        entries[next] = entry
        next = (next + 1) % capacity
    }

    /// From the oldest to the newest.
    func forEach<Failure: Error>(_ body: (Labels, Exemplar) throws(Failure) -> Void) throws(Failure) {
        for offset in entries.indices {
            let entry = entries[(next + offset) % entries.count]
            try body(entry.series, entry.exemplar)
        }
    }

    /// Those in a range, of series that meet any of the matcher sets; ordered by labels, then time.
    func select(_ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>) -> [SeriesExemplars] {
        var answers: [Labels: Bool] = [:]
        var found: [Labels: [Exemplar]] = [:]
        forEach { (series, exemplar) throws(Never) in
            guard range.contains(exemplar.timestamp) else { return }
            let meets =
                answers[series]
                ?? matcherSets.contains { $0.allSatisfy { $0.matches(series) } }
            answers[series] = meets
            if meets { found[series, default: []].append(exemplar) }
        }
        return found.sorted { $0.key < $1.key }.map { labels, exemplars in
            let sorted = exemplars.enumerated().sorted {
                ($0.element.timestamp, $0.offset) < ($1.element.timestamp, $1.offset)
            }
            return SeriesExemplars(labels: labels, exemplars: sorted.map(\.element))
        }
    }
}

extension Exemplar {
    /// Whether it is the same once more; one without a time of its own is so whenever it comes.
    fileprivate func repeats(_ other: Exemplar) -> Bool {
        labels == other.labels && value.bitPattern == other.value.bitPattern
            && (timestamp == other.timestamp || !isTimed)
    }
}
