import Codecs
import TimeSeries

/// Reads `TimeSeries` messages one after the other: labels 1, samples 2, exemplars 3, histograms 4.
struct SeriesDecoder {
    /// The most samples of one batch, which readers of the store wait for.
    static let batchSize = 8192

    let limits: RemoteWriteLimits
    let latest: Timestamp
    private var labels = CanonicalLabels()
    var collector = LabelCollector()
    private var batch = SampleBatch()
    private var keys: [WireKey?] = []
    var exemplarMessages: [Range<Int>] = []
    private var isAscending = true
    private var batches: [(SampleBatch, keys: [WireKey?])] = []
    var exemplars: [SeriesExemplars] = []
    private(set) var refusedCount = 0
    private(set) var firstRefusal: String?

    init(limits: RemoteWriteLimits, latest: Timestamp) {
        self.limits = limits
        self.latest = latest
    }

    /// Reads a series; it is left out where it holds no sample or its labels are refused. `key` goes with it.
    mutating func read(
        _ message: Range<Int>, _ bytes: Span<UInt8>, _ key: WireKey? = nil
    ) throws(CodecError) {
        labels.removeAll()
        exemplarMessages.removeAll(keepingCapacity: true)
        isAscending = true
        var position = message.lowerBound
        while position < message.upperBound {
            // A short field as nearly all are, else what the general reader makes of it.
            let isShort = position + 2 <= message.upperBound && bytes[position + 1] < 0x80
            let end = isShort ? position + 2 + Int(bytes[position + 1]) : .max
            let tag = bytes[position]
            if tag & 7 == 2, tag < 0x80, tag > 7, end <= message.upperBound {
                try take(Int(tag >> 3), position + 2..<end, bytes)
                position = end
                continue
            }
            var cursor = ProtobufCursor(position..<message.upperBound)
            guard let field = try cursor.next(bytes) else { break }
            position = cursor.position
            if let range = field.payload.range { try take(field.number, range, bytes) }
        }
        try close(message, bytes, key)
    }

    private mutating func take(_ number: Int, _ range: Range<Int>, _ bytes: Span<UInt8>) throws(CodecError) {
        switch number {
        case 1: labels.add(range, bytes)
        case 2: append(try sample(range, bytes))
        case 3: exemplarMessages.append(range)
        case 4: try histogram(range, bytes)
        default: break
        }
    }

    /// What was read since the last call, in as few batches as their size allows.
    mutating func takeBatches() -> [(SampleBatch, keys: [WireKey?])] {
        finish()
        defer { batches = [] }
        return batches
    }

    private mutating func finish() {
        if !batch.entries.isEmpty { batches.append((batch, keys: keys)) }
        batch = SampleBatch()
        keys = []
    }

    /// Ends a series. Labels that are not as most are get a close look.
    private mutating func close(
        _ message: Range<Int>, _ bytes: Span<UInt8>, _ key: WireKey?
    ) throws(CodecError) {
        let count = batch.samples.count - batch.openSamples + batch.histograms.count - batch.openHistograms
        if !isAscending { batch.samples[batch.openSamples...].sort { $0.timestamp < $1.timestamp } }
        if exemplarMessages.isEmpty, labels.isPlain(limit: limits.labels) {
            guard count > 0 else { return }
            batch.close(hash: labels.append(to: &batch.labelBytes))
        } else {
            try collect(message, bytes)
            guard count > 0 || !exemplarMessages.isEmpty, let labels = collected(bytes, count) else { return }
            try takeExemplars(of: labels, bytes)
            guard count > 0 else { return }
            batch.labelBytes += labels.bytes
            batch.close(hash: labels.processHash)
        }
        keys.append(key)
        if batch.sampleCount >= Self.batchSize { split() }
    }

    /// The labels that were collected; nil, and the samples of the series are refused, where they cannot be taken.
    private mutating func collected(_ bytes: Span<UInt8>, _ count: Int) -> Labels? {
        do {
            return try collector.labels(bytes, limits)
        } catch {
            batch.discardOpen()
            if count > 0 { refuse(count, error.reason) }
            return nil
        }
    }

    mutating func collect(_ message: Range<Int>, _ bytes: Span<UInt8>) throws(CodecError) {
        collector.removeAll()
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            if field.number == 1, let range = field.payload.range { try collector.add(range, bytes) }
        }
    }

    /// Begins another batch. A series with more samples than a batch should have is spread over several.
    private mutating func split() {
        let last = batch.entries.count - 1
        guard batch.sampleRange(last).count + batch.histogramRange(last).count > Self.batchSize else {
            return finish()
        }
        let series = batch.series(last)
        batch.removeLast()
        keys.removeLast()
        finish()
        for start in stride(from: 0, to: series.samples.count, by: Self.batchSize) {
            let end = min(series.samples.count, start + Self.batchSize)
            batch.append(SeriesSamples(labels: series.labels, samples: Array(series.samples[start..<end])))
            keys.append(nil)
            finish()
        }
        for start in stride(from: 0, to: series.histograms.count, by: Self.batchSize) {
            let end = min(series.histograms.count, start + Self.batchSize)
            batch.append(
                SeriesSamples(
                    labels: series.labels, samples: [], histograms: Array(series.histograms[start..<end])))
            keys.append(nil)
            finish()
        }
    }

    /// Samples of a clock that is far ahead would make every later one too old.
    private mutating func isTooFarAhead(_ moment: Timestamp) -> Bool {
        guard moment > latest else { return false }
        refuse(1, "out of bounds: too far in the future")
        return true
    }

    private mutating func append(_ sample: Sample) {
        if isTooFarAhead(sample.timestamp) { return }
        if batch.samples.count > batch.openSamples,
            batch.samples[batch.samples.count - 1].timestamp > sample.timestamp
        {
            isAscending = false
        }
        batch.samples.append(sample)
    }

    /// A `Sample` message: value 1, timestamp 2.
    private func sample(_ message: Range<Int>, _ bytes: Span<UInt8>) throws(CodecError) -> Sample {
        var value = 0.0
        var time: Int64 = 0
        // As senders write it: the value, left out where it is zero, then the time.
        let hasValue = message.count > 10 && bytes[message.lowerBound] == 0x09
        let tag = message.lowerBound + (hasValue ? 9 : 0)
        if message.count > 1, bytes[tag] == 0x10 {
            if hasValue { value = Double(bitPattern: bytes.littleEndian64(at: message.lowerBound + 1)) }
            var cursor = ByteCursor(tag + 1..<message.upperBound)
            time = Int64(bitPattern: try cursor.varint(bytes))
            if cursor.isAtEnd { return Sample(Timestamp(milliseconds: time), Sample.fromSender(value)) }
        }
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            switch (field.number, field.payload) {
            case (1, .fixed64(let bits)): value = Double(bitPattern: bits)
            case (2, .varint(let bits)): time = Int64(bitPattern: bits)
            default: break
            }
        }
        return Sample(Timestamp(milliseconds: time), Sample.fromSender(value))
    }

    private mutating func histogram(_ message: Range<Int>, _ bytes: Span<UInt8>) throws(CodecError) {
        let wire = try WireHistogram(message, bytes)
        let moment = Timestamp(milliseconds: wire.timestamp)
        if Marker.isStale(wire.sum) { return append(Sample(moment, Marker.stale)) }
        if isTooFarAhead(moment) { return }
        do {
            batch.histograms.append((timestamp: moment, histogram: try wire.histogram()))
        } catch {
            refuse(1, "invalid native histogram: \(error.reason)")
        }
    }

    private mutating func refuse(_ count: Int, _ reason: String) {
        refusedCount += count
        if firstRefusal == nil { firstRefusal = reason }
    }
}
