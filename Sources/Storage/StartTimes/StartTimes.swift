import TimeSeries

/// When the counter of a series started, as it changed: few entries, as programs start seldom.
struct StartTimes: Hashable, Sendable {
    struct Change: Hashable, Sendable {
        /// Samples from this time on.
        var time: Int64
        /// In milliseconds; 0 for unknown.
        var start: Int64
    }

    /// Ascending in time.
    private(set) var changes: [Change] = []

    /// With its place in a dictionary.
    var byteCount: Int { 80 + 16 * changes.count }

    /// The changes up to a time.
    private func count(through time: Int64) -> Int {
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].time <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The start of a sample; 0 where unknown.
    func start(at time: Int64) -> Int64 {
        let count = count(through: time)
        return count == 0 ? 0 : changes[count - 1].start
    }

    /// Whether noting this would say anything new.
    func isNews(_ start: Int64, at time: Int64) -> Bool { self.start(at: time) != start }

    /// Notes the start of the samples from a time on, up to the next change that is known.
    mutating func note(_ start: Int64, at time: Int64) {
        guard isNews(start, at: time) else { return }
        let count = count(through: time)
        if count > 0, changes[count - 1].time == time {
            changes[count - 1].start = start
        } else {
            changes.insert(Change(time: time, start: start), at: count)
        }
    }

    /// Forgets what only concerns samples before a time.
    mutating func drop(before time: Int64) {
        let gone = count(through: time) - 1
        if gone > 0 { changes.removeFirst(gone) }
    }

    /// One a sample; nil where none is known.
    func column(_ times: [Int64]) -> [Int64]? {
        var next = 0
        var current: Int64 = 0
        var isKnown = false
        var column: [Int64] = []
        column.reserveCapacity(times.count)
        for time in times {
            while next < changes.count, changes[next].time <= time {
                current = changes[next].start
                next += 1
            }
            isKnown = isKnown || current != 0
            column.append(current)
        }
        return isKnown ? column : nil
    }

    /// The starts of two columns of one series at the times of both together.
    static func merged(_ a: SeriesColumns, _ b: SeriesColumns, _ times: [Int64]) -> [Int64]? {
        guard a.startTimes != nil || b.startTimes != nil else { return nil }
        var byTime: [Int64: Int64] = [:]
        for column in [b, a] {
            guard let starts = column.startTimes else { continue }
            for (row, time) in column.times.milliseconds.enumerated() { byTime[time] = starts[row] }
        }
        return times.map { byTime[$0] ?? 0 }
    }
}
