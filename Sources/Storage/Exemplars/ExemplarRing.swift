import TimeSeries

/// The newest exemplars of all series, so many and so many bytes and no more: for a new one the oldest go.
struct ExemplarRing: Sendable {
    private struct Entry: Sendable {
        var series: Labels
        var exemplar: Exemplar
    }

    /// Longer labels of an exemplar, names and values together, are refused (OpenMetrics).
    static let longestLabels = 128

    let capacity: Int
    private var byteLimit = Int.max
    private var entries: [Entry] = []
    /// Entries before this one are gone.
    private var first = 0
    /// The newest exemplar of each series that has any.
    private var newest: [Labels: Exemplar] = [:]
    /// An estimate of what all of it takes, labels included.
    private(set) var byteCount = 0
    private(set) var taken: UInt64 = 0
    private(set) var refused: UInt64 = 0

    init(capacity: Int) { self.capacity = max(0, capacity) }

    var count: Int { entries.count - first }
    var seriesCount: Int { newest.count }

    /// They take a sixteenth of memory at most, from the next one on.
    mutating func share(of memory: Int) { byteLimit = memory / 16 }

    private static func cost(_ exemplar: Exemplar) -> Int { 160 + exemplar.labels.bytes.count }
    private static func cost(ofSeries labels: Labels) -> Int { 160 + labels.bytes.count }

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
        var series = series
        if let known = newest.index(forKey: series) {
            // The bytes of its labels once.
            series = newest.keys[known]
            newest.values[known] = exemplar
        } else {
            newest[series] = exemplar
            byteCount += Self.cost(ofSeries: series)
        }
        entries.append(Entry(series: series, exemplar: exemplar))
        byteCount += Self.cost(exemplar)
        while count > capacity || (byteCount > byteLimit && count > 0) { removeOldest() }
    }

    private mutating func removeOldest() {
        let old = entries[first]
        byteCount -= Self.cost(old.exemplar)
        // The oldest of a series is its newest only where it is the last one left.
        if newest[old.series]?.isSame(as: old.exemplar) ?? false {
            newest[old.series] = nil
            byteCount -= Self.cost(ofSeries: old.series)
        }
        entries[first] = Entry(
            series: .empty, exemplar: Exemplar(labels: .empty, value: 0, timestamp: old.exemplar.timestamp))
        first += 1
        guard first > max(64, entries.count / 4) else { return }
        entries.removeFirst(first)
        first = 0
    }

    /// From the oldest to the newest.
    func forEach<Failure: Error>(_ body: (Labels, Exemplar) throws(Failure) -> Void) throws(Failure) {
        for entry in entries[first...] { try body(entry.series, entry.exemplar) }
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
        isSame(as: other) || !isTimed && hasValue(of: other)
    }

    /// Whether it is so bit for bit: a NaN is another number than itself.
    fileprivate func isSame(as other: Exemplar) -> Bool {
        timestamp == other.timestamp && hasValue(of: other)
    }

    private func hasValue(of other: Exemplar) -> Bool {
        labels == other.labels && value.bitPattern == other.value.bitPattern
    }
}
