import Codecs
import TimeSeries

/// A series that does not come with a scrape: from rules, remote write, or out of order. Its chunks have two
/// columns, time and value. All parts but the last have at least `mergedRows` rows and do not change any more.
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
    /// The newest samples, ascending.
    private(set) var tail: [Sample] = []
    /// Samples that came after newer ones, ascending, until they are sealed.
    private(set) var late: [Sample] = []
    /// By time; the value of the sample is their count.
    private(set) var histograms: [Int64: FloatHistogram] = [:]
    private(set) var newest: Int64 = .min
    /// Parts before this one are in a chunk file already.
    private(set) var persisted = 0

    init(labels: Labels) { self.labels = labels }

    var isEmpty: Bool { parts.isEmpty && tail.isEmpty && late.isEmpty }
    var sampleCount: Int { parts.reduce(0) { $0 + $1.rowCount } + tail.count + late.count }
    var sealedByteCount: Int { parts.reduce(0) { $0 + $1.bytes.count } }
    var tailByteCount: Int { 16 * (tail.count + late.count) }
    var oldest: Int64? {
        var oldest: Int64?
        for part in parts { oldest = min(oldest ?? part.first, part.first) }
        for sample in [tail.first, late.first] {
            if let time = sample?.timestamp.milliseconds { oldest = min(oldest ?? time, time) }
        }
        return oldest
    }

    /// Adds a sample, or says why not.
    mutating func append(
        _ time: Int64, _ value: Double, _ histogram: FloatHistogram? = nil, window: Int64,
        _ encoder: inout LooseEncoder
    ) -> Outcome {
        let sample = Sample(Timestamp(milliseconds: time), value)
        if time > newest {
            newest = time
            if tail.isEmpty { tail.reserveCapacity(LooseSeries.tailRows) }
            tail.append(sample)
            if let histogram { histograms[time] = histogram }
            if tail.count == LooseSeries.tailRows {
                seal(tail, &encoder)
                tail.removeAll(keepingCapacity: true)
            }
            return .accepted
        }
        if let existing = self.value(at: time) {
            let isSame = existing.bitPattern == value.bitPattern && histograms[time] == histogram
            return isSame ? .repeated : .duplicate
        }
        guard window > 0 else { return .outOfOrder }
        guard newest - time <= window else { return .tooOld }
        late.insert(sample, at: late.firstIndex { $0.timestamp.milliseconds > time } ?? late.count)
        if let histogram { histograms[time] = histogram }
        if late.count == LooseSeries.tailRows {
            seal(late, &encoder)
            late.removeAll()
        }
        return .accepted
    }

    /// Puts samples into the last part as long as that is short, else into a new one: a series has few parts.
    private mutating func seal(_ samples: [Sample], _ encoder: inout LooseEncoder) {
        if let last = parts.last, last.rowCount < LooseSeries.mergedRows, persisted < parts.count {
            parts.removeLast()
            parts.append(encoder.seal(after: last, samples))
        } else {
            parts.append(encoder.seal(after: nil, samples))
        }
    }

    private func value(at time: Int64) -> Double? {
        for samples in [tail, late] {
            if let sample = samples.last(where: { $0.timestamp.milliseconds == time }) { return sample.value }
        }
        for part in parts where part.first <= time && time <= part.last {
            if let decoded = part.decoded, let row = decoded.times.firstIndex(of: time) {
                return decoded.values[row]
            }
        }
        return nil
    }

    /// The samples in a range, ascending.
    func samples(in range: ClosedRange<Int64>) -> (times: [Int64], values: [Double]) {
        var times: [Int64] = []
        var values: [Double] = []
        for part in parts where part.first <= range.upperBound && range.lowerBound <= part.last {
            guard let decoded = part.decoded else { continue }
            times += decoded.times
            values += decoded.values
        }
        for samples in [late, tail] {
            for sample in samples where range.contains(sample.timestamp.milliseconds) {
                times.append(sample.timestamp.milliseconds)
                values.append(sample.value)
            }
        }
        let all = LooseSeries.sorted(times, values)
        let rows = all.times.rows(in: range)
        if rows.count == all.times.count { return all }
        return (Array(all.times[rows]), Array(all.values[rows]))
    }

    /// Ascending, the first sample of equal times.
    static func sorted(_ times: [Int64], _ values: [Double]) -> (times: [Int64], values: [Double]) {
        var isSorted = true
        for index in times.indices.dropFirst() where times[index - 1] >= times[index] { isSorted = false }
        if isSorted { return (times, values) }
        var order = Array(times.indices)
        order.sort { (times[$0], $0) < (times[$1], $1) }
        var result: (times: [Int64], values: [Double]) = ([], [])
        for index in order where result.times.last != times[index] {
            result.times.append(times[index])
            result.values.append(values[index])
        }
        return result
    }

    /// Whether a sample may lie in the range.
    func overlaps(_ range: ClosedRange<Int64>) -> Bool {
        guard range.lowerBound <= newest, let oldest else { return false }
        return oldest <= range.upperBound
    }

    mutating func drop(before time: Int64) {
        persisted -= parts.prefix(persisted).count { $0.last < time }
        parts.removeAll { $0.last < time }
        if let last = tail.last, last.timestamp.milliseconds < time { tail = [] }
        if let last = late.last, last.timestamp.milliseconds < time { late = [] }
        if !histograms.isEmpty { histograms = histograms.filter { $0.key >= time } }
    }

    mutating func markPersisted(_ count: Int) { persisted = count }

    /// Puts back the samples of a snapshot that are in no part.
    mutating func restore(
        tail: [Sample], late: [Sample], newest: Int64, histograms: [Int64: FloatHistogram]
    ) {
        self.tail = tail
        self.late = late
        self.newest = newest
        self.histograms = histograms
    }

    /// Puts back the parts of a snapshot, the first ones of which are in chunk files.
    mutating func restore(parts: [Part], persisted: Int) {
        self.parts = parts
        self.persisted = persisted
    }
}

extension LooseSeries.Part {
    var decoded: (times: [Int64], values: [Double])? {
        let bytes = bytes
        guard let opened = try? Chunk.open(bytes.span, 0..<bytes.count) else { return nil }
        var times: [Double] = []
        var values: [Double] = []
        guard (try? opened.decode(0, into: &times)) != nil, (try? opened.decode(1, into: &values)) != nil,
            times.count == values.count
        else { return nil }
        // Times are below 2^51, where doubles are exact; a damaged chunk may say otherwise.
        return (times.map { Int64(exactly: $0) ?? 0 }, values)
    }
}
