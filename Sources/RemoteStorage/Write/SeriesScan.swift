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
    }

    private(set) var series: [Series] = []
    private(set) var samples: [Sample] = []
    /// The numbers of plain series with exemplars.
    private(set) var withExemplars: [Int] = []

    private let seed: UInt64
    private let latest: Int64

    init(seed: UInt64, latest: Timestamp, byteCount: Int) {
        self.seed = seed
        self.latest = latest.milliseconds
        // A series with one sample has about a hundred bytes.
        let expected = byteCount / 96
        series.reserveCapacity(expected)
        samples.reserveCapacity(expected)
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

    private mutating func plainKey(_ message: Range<Int>, _ bytes: Span<UInt8>) -> WireKey? {
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
        guard position <= end, position - message.lowerBound >= WireKey.shortest else { return nil }
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

    /// A `Sample` message as senders write it: value 1, left out where it is zero, then timestamp 2.
    @inline(__always)
    private mutating func takeSample(_ message: Range<Int>, _ bytes: Span<UInt8>, _ first: Int) -> Bool {
        var position = message.lowerBound
        var value = 0.0
        if message.count > 10, bytes[position] == 0x09 {
            value = Double(bitPattern: bytes.littleEndian64(at: position &+ 1))
            position += 9
        }
        guard position &+ 1 < message.upperBound, bytes[position] == 0x10 else { return false }
        guard let bits = bytes.varint(filling: position &+ 1..<message.upperBound) else { return false }
        let time = Int64(bitPattern: bits)
        guard time <= latest,
            samples.count == first || samples[samples.count - 1].timestamp.milliseconds <= time
        else { return false }
        samples.append(Sample(Timestamp(milliseconds: time), Sample.fromSender(value)))
        return true
    }
}

extension Sample {
    /// To the store the bits of an absent cell mean that there is no sample; to a sender they are a NaN as any other.
    @inline(__always)
    static func fromSender(_ value: Double) -> Double {
        Marker.isAbsent(value) ? Double(bitPattern: 0x7ff8_0000_0000_0001) : value
    }
}
