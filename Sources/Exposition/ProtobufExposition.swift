package import Codecs
package import TimeSeries

/// Reads the protobuf exposition, `io.prometheus.client.MetricFamily` messages each behind its length.
///
/// It becomes the text exposition that says the same, so that one reader judges both and one cache serves both; native
/// histograms, which no text can say, come beside it. Exemplars and start times are passed over.
package struct ProtobufExposition: Sendable {
    package struct NativeHistogram: Sendable {
        package var labels: Labels
        package var timestamp: Timestamp?
        package var histogram: FloatHistogram
    }

    package enum Histograms: Sendable {
        /// Only their classic buckets.
        case classic
        /// Native ones, and classic buckets of those that have no others.
        case native
        /// Native ones, and all classic buckets.
        case both
    }

    package private(set) var text: [UInt8] = []
    package private(set) var histograms: [NativeHistogram] = []
    private let wanted: Histograms
    private let limit: Int

    /// - Parameter limit: bytes of text; a small message can say much of it.
    /// - Throws: where the bytes are no such messages, or would become more text than `limit`.
    package init(_ bytes: Span<UInt8>, _ wanted: Histograms, limit: Int) throws(CodecError) {
        self.wanted = wanted
        self.limit = limit
        var cursor = ByteCursor(count: bytes.count)
        while !cursor.isAtEnd { try read(family: try cursor.take(try cursor.length(bytes)), bytes) }
    }

    private enum Kind: Int64 {
        case counter, gauge, summary, untyped, histogram, gaugeHistogram

        var word: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .summary: "summary"
            case .untyped: "untyped"
            case .histogram, .gaugeHistogram: "histogram"
            }
        }
    }

    private mutating func read(family: Range<Int>, _ bytes: Span<UInt8>) throws(CodecError) {
        var name = ""
        var help: String?
        var kind = Kind.counter
        var metrics: [Range<Int>] = []
        var cursor = ProtobufCursor(family)
        while let field = try cursor.next(bytes) {
            switch (field.number, field.payload) {
            case (1, .bytes(let range)): name = try ProtobufExposition.string(bytes, range)
            case (2, .bytes(let range)): help = try ProtobufExposition.string(bytes, range)
            case (3, .varint(let value)):
                guard let known = Kind(rawValue: Int64(bitPattern: value)) else {
                    throw .malformed("metric type \(value)", at: cursor.position)
                }
                kind = known
            case (4, .bytes(let range)): metrics.append(range)
            default: break
            }
        }
        guard !name.isEmpty else {
            throw .malformed("a metric family without a name", at: family.lowerBound)
        }
        let shown = Labels.isLegacyMetricName(name) ? name : ProtobufExposition.quoted(name)
        if let help { write("# HELP \(shown) \(ProtobufExposition.escaped(help))\n") }
        write("# TYPE \(shown) \(kind.word)\n")
        for metric in metrics { try read(metric: metric, name, bytes) }
    }

    private mutating func read(metric: Range<Int>, _ name: String, _ bytes: Span<UInt8>) throws(CodecError) {
        var labels: [(name: String, value: String)] = []
        var timestamp: Int64?
        var parts: [(number: Int, range: Range<Int>)] = []
        var cursor = ProtobufCursor(metric)
        while let field = try cursor.next(bytes) {
            switch (field.number, field.payload) {
            case (1, .bytes(let range)): labels.append(try ProtobufExposition.label(bytes, range))
            case (6, .varint(let value)): timestamp = Int64(bitPattern: value)
            case (_, .bytes(let range)): parts.append((field.number, range))
            default: break
            }
        }
        let line = Line(name: name, labels: labels, timestamp: timestamp)
        for (number, range) in parts {
            switch number {
            case 2, 3, 5: try write(line.text(try ProtobufExposition.value(bytes, range)))
            case 4: try write(summary: range, line, bytes)
            case 7: try write(histogram: range, line, bytes)
            default: break
            }
        }
    }

    private mutating func write(
        summary: Range<Int>, _ line: Line, _ bytes: Span<UInt8>
    ) throws(CodecError) {
        var (count, sum) = (0.0, 0.0)
        var cursor = ProtobufCursor(summary)
        while let field = try cursor.next(bytes) {
            switch (field.number, field.payload) {
            case (1, .varint(let value)): count = Double(value)
            case (2, .fixed64(let bits)): sum = Double(bitPattern: bits)
            case (3, .bytes(let range)):
                let (quantile, value) = try ProtobufExposition.pair(bytes, range)
                try write(line.text(value, extra: (name: "quantile", value: quantile.expositionText)))
            default: break
            }
        }
        try write(line.text(sum, suffix: "_sum"))
        try write(line.text(count, suffix: "_count"))
    }

    private mutating func write(
        histogram: Range<Int>, _ line: Line, _ bytes: Span<UInt8>
    ) throws(CodecError) {
        let read = try ProtobufHistogram(histogram, bytes)
        if wanted != .classic, read.isNative {
            let labels = line.labels + [(name: "__name__", value: line.name)]
            histograms.append(
                NativeHistogram(
                    labels: Labels(labels), timestamp: line.timestamp.map { Timestamp(milliseconds: $0) },
                    histogram: try read.native(at: histogram.lowerBound)))
            if wanted == .native { return }
        }
        var isComplete = false
        for (bound, count) in read.buckets {
            isComplete = isComplete || bound == .infinity
            try write(line.text(count, suffix: "_bucket", extra: (name: "le", value: bound.expositionText)))
        }
        if !isComplete {
            try write(line.text(read.count, suffix: "_bucket", extra: (name: "le", value: "+Inf")))
        }
        try write(line.text(read.sum, suffix: "_sum"))
        try write(line.text(read.count, suffix: "_count"))
    }

    private mutating func write(_ line: String) { text.append(contentsOf: line.utf8) }

    private mutating func write(_ line: Line.Text) throws(CodecError) {
        text.append(contentsOf: line.text.utf8)
        guard text.count <= limit else { throw .tooLong(declared: text.count, limit: limit) }
    }
}

extension ProtobufExposition {
    /// What the lines of one metric have in common.
    private struct Line {
        struct Text { var text: String }

        var name: String
        var labels: [(name: String, value: String)]
        var timestamp: Int64?

        func text(
            _ value: Double, suffix: String = "", extra: (name: String, value: String)? = nil
        ) -> Text {
            let whole = name + suffix
            let isPlain = Labels.isLegacyMetricName(whole)
            var inner = (labels + (extra.map { [$0] } ?? [])).map { label in
                let name = Labels.isLegacyName(label.name) ? label.name : quoted(label.name)
                return name + "=" + quoted(label.value)
            }
            if !isPlain { inner.insert(quoted(whole), at: 0) }
            let head =
                (isPlain ? whole : "") + (inner.isEmpty ? "" : "{" + inner.joined(separator: ",") + "}")
            return Text(text: head + " " + value.expositionText + (timestamp.map { " \($0)" } ?? "") + "\n")
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static func escaped(_ help: String) -> String {
        var result = ""
        for scalar in help.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func string(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(CodecError) -> String {
        guard SeriesScanner.isUTF8(bytes, range) else {
            throw .malformed("text that is not UTF-8", at: range.lowerBound)
        }
        return SeriesScanner.string(bytes, range)
    }

    private static func label(
        _ bytes: Span<UInt8>, _ message: Range<Int>
    ) throws(CodecError) -> (name: String, value: String) {
        var label = (name: "", value: "")
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            guard case .bytes(let range) = field.payload else { continue }
            if field.number == 1 { label.name = try string(bytes, range) }
            if field.number == 2 { label.value = try string(bytes, range) }
        }
        guard !label.name.isEmpty else { throw .malformed("a label without a name", at: message.lowerBound) }
        return label
    }

    /// The `double value = 1` of a counter, gauge or untyped metric.
    private static func value(_ bytes: Span<UInt8>, _ message: Range<Int>) throws(CodecError) -> Double {
        try pair(bytes, message).0
    }

    /// The doubles of the fields 1 and 2.
    private static func pair(
        _ bytes: Span<UInt8>, _ message: Range<Int>
    ) throws(CodecError) -> (Double, Double) {
        var pair = (0.0, 0.0)
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            guard let value = field.payload.double else { continue }
            if field.number == 1 { pair.0 = value }
            if field.number == 2 { pair.1 = value }
        }
        return pair
    }
}
