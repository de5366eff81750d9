import Codecs
import TimeSeries

/// Reads `TimeSeries` messages one after the other: labels 1, samples 2, exemplars 3, histograms 4.
struct SeriesDecoder {
    private let limits: RemoteWriteLimits
    private let latest: Int64
    private var labels = LabelCollector()
    private var samples: [Sample] = []
    private var histograms: [(timestamp: Timestamp, histogram: FloatHistogram)] = []
    private(set) var refusedCount = 0
    private(set) var firstRefusal: String?

    init(limits: RemoteWriteLimits, latest: Int64) {
        self.limits = limits
        self.latest = latest
    }

    mutating func read(_ message: Range<Int>, _ bytes: Span<UInt8>) throws(CodecError) {
        labels.removeAll()
        samples = []
        histograms = []
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            guard let range = field.payload.range else { continue }
            switch field.number {
            case 1: try labels.add(range, bytes)
            case 2: samples.append(try sample(range, bytes))
            case 4: try histogram(range, bytes)
            default: break
            }
        }
    }

    /// What was read last; nil where it holds no sample or its labels are refused.
    mutating func take(_ bytes: Span<UInt8>) -> SeriesSamples? {
        dropFuture()
        guard !samples.isEmpty || !histograms.isEmpty else { return nil }
        do {
            let labels = try labels.labels(bytes, limits)
            if zip(samples, samples.dropFirst()).contains(where: { $0.timestamp > $1.timestamp }) {
                samples.sort { $0.timestamp < $1.timestamp }
            }
            return SeriesSamples(labels: labels, samples: samples, histograms: histograms)
        } catch {
            refuse(samples.count + histograms.count, error.reason)
            return nil
        }
    }

    /// A `Sample` message: value 1, timestamp 2.
    private func sample(_ message: Range<Int>, _ bytes: Span<UInt8>) throws(CodecError) -> Sample {
        var value = 0.0
        var time: Int64 = 0
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            switch (field.number, field.payload) {
            case (1, .fixed64(let bits)): value = Double(bitPattern: bits)
            case (2, .varint(let bits)): time = Int64(bitPattern: bits)
            default: break
            }
        }
        // To the store these bits mean that there is no sample; to the sender they are a NaN as any other.
        if Marker.isAbsent(value) { value = Marker.notANumber }
        return Sample(Timestamp(milliseconds: time), value)
    }

    private mutating func histogram(_ message: Range<Int>, _ bytes: Span<UInt8>) throws(CodecError) {
        let wire = try WireHistogram(message, bytes)
        let moment = Timestamp(milliseconds: wire.timestamp)
        if Marker.isStale(wire.sum) {
            samples.append(Sample(moment, Marker.stale))
            return
        }
        do {
            histograms.append((timestamp: moment, histogram: try wire.histogram()))
        } catch {
            refuse(1, "invalid native histogram: \(error.reason)")
        }
    }

    /// Samples of a clock that is far ahead would make every later one too old.
    private mutating func dropFuture() {
        let latest = Timestamp(milliseconds: latest)
        let before = samples.count + histograms.count
        if samples.contains(where: { $0.timestamp > latest }) {
            samples.removeAll { $0.timestamp > latest }
        }
        if histograms.contains(where: { $0.timestamp > latest }) {
            histograms.removeAll { $0.timestamp > latest }
        }
        let dropped = before - samples.count - histograms.count
        if dropped > 0 { refuse(dropped, "out of bounds: too far in the future") }
    }

    private mutating func refuse(_ count: Int, _ reason: String) {
        refusedCount += count
        if firstRefusal == nil { firstRefusal = reason }
    }
}
