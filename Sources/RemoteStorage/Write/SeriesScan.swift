import Codecs
import TimeSeries

/// The series of a request in flat columns, as far as they are as nearly all are: labels, then samples that ascend. What is
/// not is left to `SeriesDecoder`.
struct SeriesScan {
    struct Series: Sendable {
        /// Where its message stands.
        var message: Range<Int>
        /// Of its labels; nil where it is not plain.
        var key: WireKey?
        /// Where its samples end; one that is not plain has none here.
        var end: Int
        /// Where its labels end as it seems, of one whose labels nobody has looked at; 0 for others.
        var seemingEnd = 0
    }

    private(set) var series: [Series] = []
    private(set) var samples: [Sample] = []
    /// The numbers of plain series with exemplars.
    private(set) var withExemplars: [Int] = []

    private let seed: UInt64
    private let latest: Int64
    private let looksAtAll: Bool

    /// - Parameter looksAtAll: at the labels of all series. Else most are taken to end where the only sample begins that
    ///   seems to stand at the end; that is so where the key is known, and `isRight` tells of the others.
    init(seed: UInt64, latest: Timestamp, byteCount: Int, looksAtAll: Bool) {
        self.seed = seed
        self.looksAtAll = looksAtAll
        self.latest = latest.milliseconds
        // A series with one sample has about a hundred bytes.
        let expected = byteCount / 96
        series.reserveCapacity(expected)
        samples.reserveCapacity(expected)
    }

    /// Takes the series that begin at a place, as far as each seems to have labels and one sample behind them; says where they
    /// end, and how many they are. Of a sender that is not behind these are all of a request.
    /// - Parameter most: so many at most.
    mutating func addRun(from start: Int, most: Int, _ bytes: Span<UInt8>) -> (count: Int, end: Int) {
        guard !looksAtAll else { return (0, start) }
        var (series, samples) = (take(&series), take(&samples))
        if series.count == series.capacity { series.reserveCapacity(2 * series.count + 16) }
        if samples.count == samples.capacity { samples.reserveCapacity(2 * samples.count + 16) }
        let room = min(most, series.capacity - series.count, samples.capacity - samples.count)
        let (first, seed, latest) = (samples.count, seed, latest)
        var (position, count) = (start, 0)
        // Without a look at the arrays for each series.
        series.append(addingCapacity: room) { series in
            samples.append(addingCapacity: room) { samples in
                while count < room, let message = SeriesScan.message(position, bytes),
                    let end = SeriesScan.seemingEnd(message, bytes),
                    let sample = SeriesScan.sample(end &+ 2..<message.upperBound, bytes),
                    sample.timestamp.milliseconds <= latest
                {
                    count &+= 1
                    position = message.upperBound
                    samples.append(sample)
                    let key = WireKey(bytes, message.lowerBound..<end, seed: seed)
                    series.append(Series(message: message, key: key, end: first &+ count, seemingEnd: end))
                }
            }
        }
        (self.series, self.samples) = (series, samples)
        return (count, position)
    }

    /// Takes a `TimeSeries` message: labels 1, samples 2, exemplars 3, histograms 4.
    mutating func add(_ message: Range<Int>, _ bytes: Span<UInt8>) {
        let start = samples.count
        let key = plainKey(message, bytes)
        if key == nil {
            if withExemplars.last == series.count { withExemplars.removeLast() }
            samples.removeLast(samples.count - start)
        }
        series.append(Series(message: message, key: key, end: samples.count))
    }

    /// The message of a series at a place, if its length takes one or two bytes as nearly always.
    @inline(__always)
    static func message(_ place: Int, _ bytes: Span<UInt8>) -> Range<Int>? {
        guard place &+ 3 <= bytes.count, bytes[place] == 0x0a else { return nil }
        var start = place &+ 2
        var length = Int(bytes[place &+ 1])
        if length >= 0x80 {
            let high = Int(bytes[start])
            guard high < 0x80 else { return nil }
            length = length &- 0x80 &+ high &<< 7
            start = start &+ 1
        }
        return start &+ length <= bytes.count ? start..<start &+ length : nil
    }

    /// Where the samples of a series begin.
    func start(_ index: Int) -> Int { index == 0 ? 0 : series[index - 1].end }

    /// The samples of some series, by their handles.
    func known(_ range: Range<Int>, _ handles: [UInt32]) -> KnownSamples {
        let isAll = range == series.indices
        let start = isAll || range.isEmpty ? 0 : start(range.lowerBound)
        return KnownSamples(
            handles: isAll ? handles : Array(handles[range]), ends: series[range].map { $0.end - start },
            samples: isAll || range.isEmpty
                ? samples : Array(samples[start..<series[range.upperBound - 1].end]))
    }

    /// Whether the labels of series without a handle end where they seem to. Those of one that has a handle do: they are the same
    /// bytes as labels that were looked at, and a sample follows.
    func isRight(_ handles: [UInt32], _ bytes: Span<UInt8>) -> Bool {
        for (index, handle) in handles.enumerated()
        where handle == KnownSamples.noHandle && series[index].seemingEnd > 0 {
            let end = SeriesScan.labelsEnd(series[index].message, bytes)
            if end != series[index].seemingEnd { return false }
        }
        return true
    }

    /// Where the labels end of a message that seems to have one sample behind them, with its value or, as it is zero, without.
    @inline(__always)
    private static func seemingEnd(_ message: Range<Int>, _ bytes: Span<UInt8>) -> Int? {
        let end = message.upperBound
        guard message.count >= 36 + WireKey.shortest else { return nil }
        // A time in milliseconds takes six bytes from 1971 to 2109.
        if isSample(end &- 18, bytes, 16) {
            return isSample(end &- 36, bytes, 16) || isSample(end &- 27, bytes, 7) ? nil : end &- 18
        }
        guard isSample(end &- 9, bytes, 7) else { return nil }
        return isSample(end &- 27, bytes, 16) || isSample(end &- 18, bytes, 7) ? nil : end &- 9
    }

    /// Whether a sample of this length seems to begin at a place.
    @inline(__always)
    private static func isSample(_ place: Int, _ bytes: Span<UInt8>, _ length: Int) -> Bool {
        bytes[place] == 0x12 && bytes[place &+ 1] == UInt8(length)
    }

    /// Where the labels of a message end; nil where it does not begin with labels as nearly all do.
    @inline(__always)
    private static func labelsEnd(_ message: Range<Int>, _ bytes: Span<UInt8>) -> Int? {
        var position = message.lowerBound
        let end = message.upperBound
        while position &+ 3 <= end, bytes[position] == 0x0a {
            var length = Int(bytes[position &+ 1])
            if length >= 0x80 {
                let high = Int(bytes[position &+ 2])
                guard high < 0x80 else { return nil }
                length = length &- 0x80 &+ high &<< 7 &+ 1
            }
            position = position &+ 2 &+ length
        }
        return position <= end && position - message.lowerBound >= WireKey.shortest ? position : nil
    }

    private mutating func plainKey(_ message: Range<Int>, _ bytes: Span<UInt8>) -> WireKey? {
        guard var position = SeriesScan.labelsEnd(message, bytes) else { return nil }
        let end = message.upperBound
        let labels = message.lowerBound..<position
        let first = samples.count
        while position < end {
            guard position &+ 2 <= end else { return nil }
            let length = Int(bytes[position &+ 1])
            let next = position &+ 2 &+ length
            guard length < 0x80, next <= end else { return nil }
            switch bytes[position] {
            case 0x12: guard takeSample(position &+ 2..<next, bytes, first) else { return nil }
            case 0x1a: if withExemplars.last != series.count { withExemplars.append(series.count) }
            default: return nil
            }
            position = next
        }
        guard samples.count - first <= SeriesDecoder.batchSize else { return nil }
        return WireKey(bytes, labels, seed: seed)
    }

    private mutating func takeSample(_ message: Range<Int>, _ bytes: Span<UInt8>, _ first: Int) -> Bool {
        guard let sample = SeriesScan.sample(message, bytes), sample.timestamp.milliseconds <= latest,
            samples.count == first || samples[samples.count - 1].timestamp <= sample.timestamp
        else { return false }
        samples.append(sample)
        return true
    }

    /// A `Sample` message as senders write it: value 1, left out where it is zero, then timestamp 2; nil for others.
    @inline(__always)
    private static func sample(_ message: Range<Int>, _ bytes: Span<UInt8>) -> Sample? {
        var position = message.lowerBound
        var value = 0.0
        if message.count > 10, bytes[position] == 0x09 {
            value = Double(bitPattern: bytes.littleEndian64(at: position &+ 1))
            position += 9
        }
        guard position &+ 1 < message.upperBound, bytes[position] == 0x10,
            let bits = bytes.varint(filling: position &+ 1..<message.upperBound)
        else { return nil }
        return Sample(Timestamp(milliseconds: Int64(bitPattern: bits)), Sample.fromSender(value))
    }
}

extension Sample {
    /// To the store the bits of an absent cell mean that there is no sample; to a sender they are a NaN as any other.
    @inline(__always)
    static func fromSender(_ value: Double) -> Double {
        Marker.isAbsent(value) ? Double(bitPattern: 0x7ff8_0000_0000_0001) : value
    }
}
