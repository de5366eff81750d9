package import Codecs
package import TimeSeries

/// Reads the protobuf exposition, `io.prometheus.client.MetricFamily` messages each behind its length.
///
/// It becomes the text exposition that says the same, so that one reader judges both and one cache serves both. What no
/// such text can say comes beside it: native histograms, and exemplars and start times by the number of their line.
package struct ProtobufExposition: Sendable {
    /// What is taken of histograms.
    package struct Histograms: Sendable {
        /// Native ones; without it, their classic buckets.
        package var takesNative: Bool
        /// Classic buckets beside native ones.
        package var keepsClassic: Bool
        /// Those with classic buckets only become native ones with the same bounds.
        package var convertsClassic: Bool

        package init(takesNative: Bool, keepsClassic: Bool = false, convertsClassic: Bool = false) {
            self.takesNative = takesNative
            self.keepsClassic = keepsClassic
            self.convertsClassic = convertsClassic
        }
    }

    /// An exemplar of a line of `text`; lines with a sample count from 0.
    package struct LineExemplar: Hashable, Sendable {
        package var line: Int
        package var labels: Labels
        package var value: Double
        package var timestamp: Timestamp?
    }

    /// When the counters of some lines started.
    package struct LineStart: Hashable, Sendable {
        package var lines: Range<Int>
        package var start: Timestamp
    }

    package private(set) var text: [UInt8] = []
    package private(set) var histograms: [ExposedHistogram] = []
    package private(set) var exemplars: [LineExemplar] = []
    package private(set) var starts: [LineStart] = []
    private var lineCount = 0
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
        let isGauge = kind == .gaugeHistogram
        for metric in metrics { try read(metric: metric, name, isGauge: isGauge, bytes) }
    }

    private mutating func read(
        metric: Range<Int>, _ name: String, isGauge: Bool, _ bytes: Span<UInt8>
    ) throws(CodecError) {
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
        let line = Line(name: name, labels: labels, timestamp: timestamp, isGauge: isGauge)
        for (number, range) in parts {
            switch number {
            case 2, 5: try write(line.text(try ProtobufExposition.value(bytes, range)))
            case 3: try write(counter: range, line, bytes)
            case 4: try write(summary: range, line, bytes)
            case 7: try write(histogram: range, line, bytes)
            default: break
            }
        }
    }

    private mutating func write(
        counter: Range<Int>, _ line: Line, _ bytes: Span<UInt8>
    ) throws(CodecError) {
        var cursor = ProtobufCursor(counter)
        while let field = try cursor.next(bytes) {
            switch (field.number, field.payload) {
            case (2, .bytes(let range)): try note(exemplar: range, bytes)
            case (3, .bytes(let range)): try note(start: range, lines: 1, bytes)
            default: break
            }
        }
        try write(line.text(try ProtobufExposition.value(bytes, counter)))
    }

    private mutating func write(
        summary: Range<Int>, _ line: Line, _ bytes: Span<UInt8>
    ) throws(CodecError) {
        var (count, sum) = (0.0, 0.0)
        let first = lineCount
        var created: Range<Int>?
        var cursor = ProtobufCursor(summary)
        while let field = try cursor.next(bytes) {
            switch (field.number, field.payload) {
            case (1, .varint(let value)): count = Double(value)
            case (2, .fixed64(let bits)): sum = Double(bitPattern: bits)
            case (3, .bytes(let range)):
                let (quantile, value) = try ProtobufExposition.pair(bytes, range)
                try write(line.text(value, extra: (name: "quantile", value: quantile.expositionText)))
            case (4, .bytes(let range)): created = range
            default: break
            }
        }
        try write(line.text(sum, suffix: "_sum"))
        try write(line.text(count, suffix: "_count"))
        if let created { try note(start: created, from: first, lines: lineCount - first, bytes) }
    }

    private mutating func write(
        histogram: Range<Int>, _ line: Line, _ bytes: Span<UInt8>
    ) throws(CodecError) {
        let read = try ProtobufHistogram(histogram, bytes)
        if let native = try taken(of: read, at: histogram.lowerBound) {
            var exposed = ExposedHistogram(
                labels: Labels(line.labels + [(name: "__name__", value: line.name)]),
                timestamp: line.timestamp.map { Timestamp(milliseconds: $0) }, histogram: native)
            if line.isGauge { exposed.histogram.resetHint = .gauge }
            exposed.start = try read.created.flatMap { range throws(CodecError) in
                try ProtobufExposition.timestamp(bytes, range)
            }
            let own = read.exemplars.isEmpty ? read.buckets.compactMap(\.exemplar) : read.exemplars
            for range in own {
                let (labels, value, timestamp) = try ProtobufExposition.exemplar(bytes, range)
                guard let timestamp else { continue }
                exposed.exemplars.append(Exemplar(labels: labels, value: value, timestamp: timestamp))
            }
            histograms.append(exposed)
            if !wanted.keepsClassic { return }
        }
        let first = lineCount
        for bucket in read.buckets {
            if let exemplar = bucket.exemplar { try note(exemplar: exemplar, bytes) }
            try write(
                line.text(
                    bucket.count, suffix: "_bucket", extra: (name: "le", value: bucket.bound.expositionText)))
        }
        if !read.buckets.contains(where: { $0.bound == .infinity }) {
            try write(line.text(read.count, suffix: "_bucket", extra: (name: "le", value: "+Inf")))
        }
        try write(line.text(read.sum, suffix: "_sum"))
        try write(line.text(read.count, suffix: "_count"))
        if let created = read.created {
            try note(start: created, from: first, lines: lineCount - first, bytes)
        }
    }

    /// The native histogram that this one is taken as; nil for classic buckets.
    private func taken(of read: ProtobufHistogram, at position: Int) throws(CodecError) -> FloatHistogram? {
        if wanted.takesNative, read.isNative { return try read.native(at: position) }
        guard wanted.convertsClassic else { return nil }
        let buckets = read.buckets.map { (bound: $0.bound, count: $0.count) }
        return ClassicBuckets(buckets: buckets, count: read.count, sum: read.sum).converted()
    }

    /// An exemplar of the next line.
    private mutating func note(exemplar: Range<Int>, _ bytes: Span<UInt8>) throws(CodecError) {
        let (labels, value, timestamp) = try ProtobufExposition.exemplar(bytes, exemplar)
        exemplars.append(
            LineExemplar(line: lineCount, labels: labels, value: value, timestamp: timestamp))
    }

    /// The start of some lines, of the next ones where nothing is said.
    private mutating func note(
        start: Range<Int>, from first: Int? = nil, lines: Int, _ bytes: Span<UInt8>
    ) throws(CodecError) {
        let first = first ?? lineCount
        guard let start = try ProtobufExposition.timestamp(bytes, start) else { return }
        starts.append(LineStart(lines: first..<first + lines, start: start))
    }

    private mutating func write(_ line: String) { text.append(contentsOf: line.utf8) }

    private mutating func write(_ line: Line.Text) throws(CodecError) {
        text.append(contentsOf: line.text.utf8)
        lineCount += 1
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
        /// A histogram whose counts may sink.
        var isGauge: Bool

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
}
