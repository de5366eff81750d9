import Codecs
import TimeSeries

extension SeriesDecoder {
    /// The most characters of all labels of an exemplar, as OpenMetrics has it.
    private static let longestLabels = 128

    /// Reads the exemplars of a series whose samples are read elsewhere.
    mutating func readExemplars(_ message: Range<Int>, _ bytes: Span<UInt8>) throws(CodecError) {
        exemplarMessages.removeAll(keepingCapacity: true)
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            if field.number == 3, let range = field.payload.range { exemplarMessages.append(range) }
        }
        try collect(message, bytes)
        guard let labels = try? collector.labels(bytes, limits) else { return }
        try takeExemplars(of: labels, bytes)
    }

    /// Takes the exemplars of the series that was read last, in the order of time. One that cannot be taken is left out: it
    /// only illustrates.
    mutating func takeExemplars(of series: Labels, _ bytes: Span<UInt8>) throws(CodecError) {
        guard !exemplarMessages.isEmpty else { return }
        var found: [Exemplar] = []
        for message in exemplarMessages {
            let exemplar = try exemplar(message, bytes)
            if let exemplar, exemplar.timestamp <= latest { found.append(exemplar) }
        }
        guard !found.isEmpty else { return }
        found.sort { $0.timestamp < $1.timestamp }
        exemplars.append(SeriesExemplars(labels: series, exemplars: found))
    }

    /// An `Exemplar` message: labels 1, value 2, timestamp 3.
    private func exemplar(_ message: Range<Int>, _ bytes: Span<UInt8>) throws(CodecError) -> Exemplar? {
        var pairs: [(name: String, value: String)] = []
        var value = 0.0
        var time: Int64 = 0
        var length = 0
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            switch (field.number, field.payload) {
            case (1, .bytes(let range)):
                let pair = try pair(range, bytes)
                length += pair.name.unicodeScalars.count + pair.value.unicodeScalars.count
                guard length <= SeriesDecoder.longestLabels else { return nil }
                pairs.append(pair)
            case (2, .fixed64(let bits)): value = Double(bitPattern: bits)
            case (3, .varint(let bits)): time = Int64(bitPattern: bits)
            default: break
            }
        }
        return Exemplar(labels: Labels(pairs), value: value, timestamp: Timestamp(milliseconds: time))
    }

    /// A `Label` message: name 1, value 2.
    private func pair(
        _ message: Range<Int>, _ bytes: Span<UInt8>
    ) throws(CodecError) -> (name: String, value: String) {
        var pair = (name: "", value: "")
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            switch (field.number, field.payload.range) {
            case (1, let range?): pair.name = String(decoding: bytes.array(range), as: UTF8.self)
            case (2, let range?): pair.value = String(decoding: bytes.array(range), as: UTF8.self)
            default: break
            }
        }
        return pair
    }
}
