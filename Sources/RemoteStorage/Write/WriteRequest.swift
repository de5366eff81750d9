package import Codecs
package import TimeSeries

/// A remote-write 1.0 request (`prometheus.WriteRequest`), decoded straight into what a sink takes.
///
/// Damage of the message refuses all of it; a series, histogram or exemplar that cannot be taken is left out, and its
/// samples are counted.
package struct WriteRequest: Sendable {
    /// What a sink takes in one call each, in the order of the request.
    enum Part: Sendable {
        case known(KnownSamples)
        /// Series with at least one sample, samples ascending in time, and the key of each series that has one.
        case decoded(SampleBatch, keys: [WireKey?])
    }

    private(set) var parts: [Part] = []
    package private(set) var exemplars: [SeriesExemplars] = []
    package private(set) var metadata: [String: MetricMetadata] = [:]
    /// Samples of all parts, native histograms included.
    package private(set) var sampleCount = 0
    /// Samples that were left out.
    package private(set) var refusedCount = 0
    package private(set) var firstRefusal: String?

    /// From known to other series and back more often than this, and all are decoded.
    private static let mostParts = 16

    /// - Parameters:
    ///   - bytes: the protobuf message, without Snappy.
    ///   - latest: samples behind this moment are refused.
    package init(
        decoding bytes: Span<UInt8>, limits: RemoteWriteLimits = RemoteWriteLimits(),
        latest: Timestamp = .distantFuture
    ) throws(CodecError) {
        try self.init(decoding: bytes, limits: limits, latest: latest, seed: 0) {
            Array(repeating: KnownSamples.noHandle, count: $0.count)
        }
    }

    /// - Parameters:
    ///   - seed: of the keys.
    ///   - resolve: the handles of series, `KnownSamples.noHandle` for those without.
    init(
        decoding bytes: Span<UInt8>, limits: RemoteWriteLimits, latest: Timestamp, seed: UInt64,
        resolve: ([SeriesScan.Series]) -> [UInt32]
    ) throws(CodecError) {
        var scan = SeriesScan(seed: seed, latest: latest, byteCount: bytes.count, looksAtAll: false)
        try read(bytes, limits, &scan)
        var handles = resolve(scan.series)
        if !scan.isRight(handles, bytes) {
            scan = SeriesScan(seed: seed, latest: latest, byteCount: bytes.count, looksAtAll: true)
            try read(bytes, limits, &scan)
            handles = resolve(scan.series)
        }
        var decoder = SeriesDecoder(limits: limits, latest: latest)
        try assemble(scan, handles, &decoder, bytes)
        exemplars = decoder.exemplars
        refusedCount = decoder.refusedCount
        firstRefusal = decoder.firstRefusal
    }

    /// Finds the series and takes the descriptions of metrics.
    private mutating func read(
        _ bytes: Span<UInt8>, _ limits: RemoteWriteLimits, _ scan: inout SeriesScan
    ) throws(CodecError) {
        var entries = 0
        var cursor = ProtobufCursor(0..<bytes.count)
        while true {
            let run = scan.addRun(from: cursor.position, most: limits.entries - entries, bytes)
            if run.count > 0 {
                cursor = ProtobufCursor(run.end..<bytes.count)
                entries += run.count
                continue
            }
            if let message = SeriesScan.message(cursor.position, bytes) {
                cursor = ProtobufCursor(message.upperBound..<bytes.count)
                entries += 1
                try check(entries, limits, cursor)
                scan.add(message, bytes)
                continue
            }
            guard let field = try cursor.next(bytes) else { return }
            guard let range = field.payload.range, field.number == 1 || field.number == 3 else { continue }
            entries += 1
            try check(entries, limits, cursor)
            if field.number == 3 { try describe(range, bytes, limits) } else { scan.add(range, bytes) }
        }
    }

    @inline(__always)
    private func check(
        _ entries: Int, _ limits: RemoteWriteLimits, _ cursor: ProtobufCursor
    ) throws(CodecError) {
        guard entries > limits.entries else { return }
        throw .malformed("more than \(limits.entries) series in one request", at: cursor.position)
    }

    /// Makes parts of what is known and of what is to be decoded, in the order of the request.
    private mutating func assemble(
        _ scan: SeriesScan, _ handles: [UInt32], _ decoder: inout SeriesDecoder, _ bytes: Span<UInt8>
    ) throws(CodecError) {
        var changes = 0
        for index in handles.indices.dropFirst() {
            if (handles[index] == KnownSamples.noHandle) != (handles[index - 1] == KnownSamples.noHandle) {
                changes += 1
            }
        }
        let isMixed = changes >= WriteRequest.mostParts
        var start = 0
        while start < handles.count {
            let isKnown = !isMixed && handles[start] != KnownSamples.noHandle
            var end = start
            var count = 0
            while end < handles.count, isMixed || (handles[end] != KnownSamples.noHandle) == isKnown {
                let own = scan.series[end].end - scan.start(end)
                if isKnown, count > 0, count + own > SeriesDecoder.batchSize { break }
                count += own
                if !isKnown { try decoder.read(scan.series[end].message, bytes, scan.series[end].key) }
                end += 1
            }
            if isKnown {
                parts.append(.known(scan.known(start..<end, handles)))
                sampleCount += count
            } else {
                for (batch, keys) in decoder.takeBatches() {
                    parts.append(.decoded(batch, keys: keys))
                    sampleCount += batch.sampleCount
                }
            }
            start = end
        }
        guard !isMixed else { return }
        for index in scan.withExemplars where handles[index] != KnownSamples.noHandle {
            try decoder.readExemplars(scan.series[index].message, bytes)
        }
    }

    /// A `MetricMetadata` message: type 1, metric_family_name 2, help 4, unit 5.
    private mutating func describe(
        _ message: Range<Int>, _ bytes: Span<UInt8>, _ limits: RemoteWriteLimits
    ) throws(CodecError) {
        var name = ""
        var described = MetricMetadata()
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            switch (field.number, field.payload) {
            case (1, .varint(let kind)):
                described.kind = Self.kinds[min(Int(clamping: kind), Self.kinds.count - 1)]
            case (2, .bytes(let range)) where range.count <= limits.labelValueBytes:
                name = String(decoding: bytes.array(range), as: UTF8.self)
            case (4, .bytes(let range)):
                described.help = String(
                    decoding: bytes.array(range.prefix(limits.labelValueBytes)), as: UTF8.self)
            case (5, .bytes(let range)):
                described.unit = String(
                    decoding: bytes.array(range.prefix(limits.labelNameBytes)), as: UTF8.self)
            default: break
            }
        }
        if !name.isEmpty { metadata[name] = described }
    }

    /// By their numbers in `MetricMetadata.MetricType`; a number that is not known stands for the last one.
    private static let kinds: [MetricMetadata.Kind] = [
        .unknown, .counter, .gauge, .histogram, .gaugehistogram, .summary, .info, .stateset, .unknown,
    ]
}
