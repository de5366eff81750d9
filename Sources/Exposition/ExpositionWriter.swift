package import TimeSeries

/// Writes the Prometheus text format 0.0.4: families with HELP and TYPE, then their samples.
///
/// The caller keeps the samples of a family together and gives a family once, as the format wants it.
package struct ExpositionWriter: Sendable {
    package typealias LabelPairs = [(name: String, value: String)]

    /// The value of `Content-Type` that belongs to the bytes.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package private(set) var bytes: [UInt8] = []

    package init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// The head of a family; `sample` follows for each of its series.
    package mutating func family(_ name: String, _ kind: MetricMetadata.Kind, help: String) {
        if !help.isEmpty {
            text("# HELP ")
            metricName(name)
            space()
            escaped(help, quotes: false)
            newline()
        }
        text("# TYPE ")
        metricName(name)
        space()
        text(kind.textFormatName)
        newline()
    }

    /// One line without labels.
    package mutating func sample(_ name: String, _ value: Double, at timestamp: Timestamp? = nil) {
        sample(name, [], value, at: timestamp)
    }

    /// One line of the family that was begun; for histograms and summaries `name` bears the suffix.
    package mutating func sample(
        _ name: String, _ labels: LabelPairs, _ value: Double, at timestamp: Timestamp? = nil
    ) {
        series(name, labels, extra: nil)
        space()
        text(value.expositionText)
        if let timestamp {
            space()
            text(String(timestamp.milliseconds))
        }
        newline()
    }

    /// A counter with one series; the name ends in `_total`.
    package mutating func counter(_ name: String, help: String, _ value: Double) {
        counter(name, help: help, [([], value)])
    }

    package mutating func counter(_ name: String, help: String, _ series: [(LabelPairs, Double)]) {
        family(name, .counter, help: help)
        for (labels, value) in series { sample(name, labels, value) }
    }

    /// A gauge with one series.
    package mutating func gauge(_ name: String, help: String, _ value: Double) {
        gauge(name, help: help, [([], value)])
    }

    package mutating func gauge(_ name: String, help: String, _ series: [(LabelPairs, Double)]) {
        family(name, .gauge, help: help)
        for (labels, value) in series { sample(name, labels, value) }
    }

    /// A classic histogram with one series.
    package mutating func histogram(_ name: String, help: String, _ histogram: BucketHistogram) {
        self.histogram(name, help: help, [([], histogram)])
    }

    /// A classic histogram: cumulative `_bucket` lines with `le`, `_sum` and `_count` for each series.
    package mutating func histogram(_ name: String, help: String, _ series: [(LabelPairs, BucketHistogram)]) {
        family(name, .histogram, help: help)
        for (labels, histogram) in series {
            var cumulative: UInt64 = 0
            for (index, count) in histogram.counts.enumerated() {
                cumulative += count
                let bound = index < histogram.bounds.count ? histogram.bounds[index] : .infinity
                self.series(name + "_bucket", labels, extra: (name: "le", value: bound.expositionText))
                space()
                text(String(cumulative))
                newline()
            }
            sample(name + "_sum", labels, histogram.sum)
            self.series(name + "_count", labels, extra: nil)
            space()
            text(String(cumulative))
            newline()
        }
    }
}

extension ExpositionWriter {
    private mutating func series(_ name: String, _ labels: LabelPairs, extra: (name: String, value: String)?)
    {
        let isPlain = Labels.isLegacyMetricName(name)
        if isPlain { text(name) }
        guard !isPlain || !labels.isEmpty || extra != nil else { return }
        text("{")
        var separator = ""
        if !isPlain {
            quoted(name)
            separator = ","
        }
        for label in labels + (extra.map { [$0] } ?? []) {
            text(separator)
            if Labels.isLegacyName(label.name) { text(label.name) } else { quoted(label.name) }
            text("=")
            quoted(label.value)
            separator = ","
        }
        text("}")
    }

    private mutating func metricName(_ name: String) {
        if Labels.isLegacyMetricName(name) { text(name) } else { quoted(name) }
    }

    private mutating func quoted(_ value: String) {
        text("\"")
        escaped(value, quotes: true)
        text("\"")
    }

    private mutating func escaped(_ value: String, quotes: Bool) {
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): text("\\\\")
            case UInt8(ascii: "\n"): text("\\n")
            case UInt8(ascii: "\"") where quotes: text("\\\"")
            default: bytes.append(byte)
            }
        }
    }

    private mutating func text(_ value: String) { bytes.append(contentsOf: value.utf8) }
    private mutating func space() { bytes.append(UInt8(ascii: " ")) }
    private mutating func newline() { bytes.append(UInt8(ascii: "\n")) }
}

extension MetricMetadata.Kind {
    /// The word behind `# TYPE`; what the text format has no word for is untyped or the nearest it has.
    var textFormatName: String {
        switch self {
        case .counter, .gauge, .histogram, .summary: rawValue
        case .info, .stateset: "gauge"
        case .gaugehistogram: "histogram"
        case .unknown: "untyped"
        }
    }
}
