package import Codecs
package import TimeSeries

/// A remote-write 1.0 request (`prometheus.WriteRequest`), decoded straight into what a sink takes.
///
/// Damage of the message refuses all of it; a series or histogram that cannot be taken is counted and left out.
/// Exemplars are skipped.
package struct WriteRequest: Sendable {
    /// Series with at least one sample, samples ascending in time, in batches that a sink takes in one call each.
    package private(set) var batches: [SampleBatch] = []
    package private(set) var metadata: [String: MetricMetadata] = [:]
    /// Samples of `batches`, native histograms included.
    package private(set) var sampleCount = 0
    /// Samples that were left out.
    package private(set) var refusedCount = 0
    package private(set) var firstRefusal: String?

    /// - Parameters:
    ///   - bytes: the protobuf message, without Snappy.
    ///   - latest: samples behind this moment are refused.
    package init(
        decoding bytes: Span<UInt8>, limits: RemoteWriteLimits = RemoteWriteLimits(),
        latest: Timestamp = .distantFuture
    ) throws(CodecError) {
        var decoder = SeriesDecoder(limits: limits, latest: latest)
        var entries = 0
        var cursor = ProtobufCursor(0..<bytes.count)
        while let field = try cursor.next(bytes) {
            guard let range = field.payload.range, field.number == 1 || field.number == 3 else { continue }
            entries += 1
            guard entries <= limits.entries else {
                throw .malformed("more than \(limits.entries) series in one request", at: cursor.position)
            }
            if field.number == 3 {
                try describe(range, bytes, limits)
                continue
            }
            try decoder.read(range, bytes)
        }
        decoder.finish()
        batches = decoder.batches
        sampleCount = batches.reduce(0) { $0 + $1.sampleCount }
        refusedCount = decoder.refusedCount
        firstRefusal = decoder.firstRefusal
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
