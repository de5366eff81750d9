import Codecs
import TimeSeries

/// A series that does not come with a scrape: from rules, remote write, or out of order. Its chunks have two
/// columns, time and value.
struct LooseSeries: Sendable {
    static let tailRows = 16
    static let mergedRows = 240

    /// A sealed part. Times ascend inside of it; parts may overlap where samples came late.
    struct Part: Sendable {
        var first: Int64
        var last: Int64
        var rowCount: Int
        var bytes: [UInt8]
    }

    /// What became of a sample.
    enum Outcome { case accepted, repeated, duplicate, outOfOrder, tooOld }

    let labels: Labels
    private(set) var parts: [Part] = []
    private(set) var times: [Int64] = []
    private(set) var values: [Double] = []
    private(set) var lateTimes: [Int64] = []
    private(set) var lateValues: [Double] = []
    private(set) var newest: Int64 = .min
    /// Parts before this one are in a chunk file already.
    private(set) var persisted = 0
    /// By time; the values column holds their count.
    private(set) var histograms: [Int64: FloatHistogram] = [:]

    init(labels: Labels) { self.labels = labels }

    var isEmpty: Bool { parts.isEmpty && times.isEmpty && lateTimes.isEmpty }
    var sampleCount: Int { parts.reduce(0) { $0 + $1.rowCount } + times.count + lateTimes.count }
    var sealedByteCount: Int { parts.reduce(0) { $0 + $1.bytes.count } }
    var tailByteCount: Int { 16 * (times.count + lateTimes.count) }
    var oldest: Int64? { [parts.map(\.first).min(), times.first, lateTimes.first].compactMap { $0 }.min() }

    /// Adds a sample, or says why not.
    mutating func append(
        _ time: Int64, _ value: Double, _ histogram: FloatHistogram? = nil, window: Int64
    ) -> Outcome {
        if time > newest {
            appendNewest(time, value, histogram)
            return .accepted
        }
        if let existing = self.value(at: time) {
            let isSame = existing.bitPattern == value.bitPattern && histograms[time] == histogram
            return isSame ? .repeated : .duplicate
        }
        guard window > 0 else { return .outOfOrder }
        guard newest - time <= window else { return .tooOld }
        appendLate(time, value, histogram)
        return .accepted
    }

    private mutating func appendNewest(_ time: Int64, _ value: Double, _ histogram: FloatHistogram?) {
        newest = time
        times.append(time)
        values.append(value)
        if let histogram { histograms[time] = histogram }
        if times.count == LooseSeries.tailRows {
            parts.append(LooseSeries.seal(times, values))
            times = []
            values = []
            merge()
        }
    }

    private mutating func appendLate(_ time: Int64, _ value: Double, _ histogram: FloatHistogram?) {
        let index = lateTimes.firstIndex { $0 > time } ?? lateTimes.count
        lateTimes.insert(time, at: index)
        lateValues.insert(value, at: index)
        if let histogram { histograms[time] = histogram }
        guard lateTimes.count == LooseSeries.tailRows else { return }
        parts.append(LooseSeries.seal(lateTimes, lateValues))
        lateTimes = []
        lateValues = []
        merge()
    }

    private static func seal(_ times: [Int64], _ values: [Double]) -> Part {
        var encoder = ChunkEncoder()
        var bytes: [UInt8] = []
        let columns = times.map(Double.init) + values
        encoder.encode(columns.span, rowCount: times.count, to: &bytes)
        bytes = bytes.fitted
        return Part(first: times[0], last: times[times.count - 1], rowCount: times.count, bytes: bytes)
    }

    /// Merges equally long parts at the end, so that a series has a few parts and each sample moves a few times.
    private mutating func merge() {
        while parts.count > 1, parts[parts.count - 1].rowCount < LooseSeries.mergedRows,
            parts[parts.count - 2].rowCount <= parts[parts.count - 1].rowCount
        {
            let merged = LooseSeries.samples(of: Array(parts.suffix(2)))
            parts.removeLast(2)
            parts.append(LooseSeries.seal(merged.times, merged.values))
        }
    }

    private static func decode(_ part: Part) -> (times: [Int64], values: [Double])? {
        guard let opened = try? Chunk.open(part.bytes.span, 0..<part.bytes.count) else { return nil }
        var times: [Double] = []
        var values: [Double] = []
        guard (try? opened.decode(0, into: &times)) != nil, (try? opened.decode(1, into: &values)) != nil,
            times.count == values.count
        else { return nil }
        // Times are below 2^51, where doubles are exact; a damaged chunk may say otherwise.
        return (times.map { Int64(clamping: $0) ?? 0 }, values)
    }

    private static func samples(of parts: [Part]) -> (times: [Int64], values: [Double]) {
        var times: [Int64] = []
        var values: [Double] = []
        for part in parts {
            guard let decoded = decode(part) else { continue }
            times += decoded.times
            values += decoded.values
        }
        return sorted(times, values)
    }

    /// Ascending, the first sample of equal times.
    static func sorted(_ times: [Int64], _ values: [Double]) -> (times: [Int64], values: [Double]) {
        guard zip(times, times.dropFirst()).contains(where: { $0 >= $1 }) else { return (times, values) }
        var order = Array(times.indices)
        order.sort { (times[$0], $0) < (times[$1], $1) }
        var result: (times: [Int64], values: [Double]) = ([], [])
        for index in order where result.times.last != times[index] {
            result.times.append(times[index])
            result.values.append(values[index])
        }
        return result
    }

    private func value(at time: Int64) -> Double? {
        if let index = times.firstIndex(of: time) { return values[index] }
        if let index = lateTimes.firstIndex(of: time) { return lateValues[index] }
        for part in parts where part.first <= time && time <= part.last {
            if let decoded = LooseSeries.decode(part), let index = decoded.times.firstIndex(of: time) {
                return decoded.values[index]
            }
        }
        return nil
    }

    /// The samples in a range, ascending.
    func samples(in range: ClosedRange<Int64>) -> (times: [Int64], values: [Double]) {
        if lateTimes.isEmpty, parts.allSatisfy({ $0.last < range.lowerBound }) {
            let rows = self.times.rows(in: range)
            return (Array(self.times[rows]), Array(self.values[rows]))
        }
        var times: [Int64] = []
        var values: [Double] = []
        for part in parts where part.first <= range.upperBound && range.lowerBound <= part.last {
            guard let decoded = LooseSeries.decode(part) else { continue }
            times += decoded.times
            values += decoded.values
        }
        let all = LooseSeries.sorted(times + lateTimes + self.times, values + lateValues + self.values)
        let rows = all.times.rows(in: range)
        if rows.count == all.times.count { return all }
        return (Array(all.times[rows]), Array(all.values[rows]))
    }

    /// Whether a sample may lie in the range.
    func overlaps(_ range: ClosedRange<Int64>) -> Bool {
        guard let oldest else { return false }
        return oldest <= range.upperBound && range.lowerBound <= newest
    }

    mutating func drop(before time: Int64) {
        persisted -= parts.prefix(persisted).count { $0.last < time }
        parts.removeAll { $0.last < time }
        if let last = times.last, last < time {
            times = []
            values = []
        }
        if let last = lateTimes.last, last < time {
            lateTimes = []
            lateValues = []
        }
        if !histograms.isEmpty { histograms = histograms.filter { $0.key >= time } }
    }

    /// Parts before this one will not be merged any more: parts get shorter from the first to the last.
    var finalCount: Int { parts.prefix { $0.rowCount >= LooseSeries.mergedRows }.count }

    /// Notes that a part and all before it are in chunk files.
    mutating func markPersisted(through last: Part) {
        let index = parts.prefix(finalCount).lastIndex {
            $0.first == last.first && $0.last == last.last && $0.rowCount == last.rowCount
        }
        persisted = (index ?? -1) + 1
    }

    /// Puts back the samples of a snapshot that are in no part.
    mutating func restore(
        tail: (times: [Int64], values: [Double]), late: (times: [Int64], values: [Double]), newest: Int64,
        histograms: [Int64: FloatHistogram]
    ) {
        (times, values) = tail
        (lateTimes, lateValues) = late
        self.newest = newest
        self.histograms = histograms
    }

    /// Puts back the parts of a snapshot, the first ones of which are in chunk files.
    mutating func restore(parts: [Part], persisted: Int) {
        self.parts = parts
        self.persisted = persisted
    }
}
