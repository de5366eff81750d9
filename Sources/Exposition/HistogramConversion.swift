import TimeSeries

/// `convert_classic_histograms_to_nhcb`: a text whose classic histograms have become native ones with the same bounds.
///
/// Of a metric of the type histogram, the lines `_bucket`, `_count` and `_sum` with the same labels that follow each other
/// become one. They are left out of the text, unless they contradict each other. `_created` lines stay.
package struct HistogramConversion: Sendable {
    private struct Pending {
        var labels: Labels
        var lines: [Range<Int>] = []
        var buckets = ClassicBuckets()
        var timestamp: Timestamp?
        var exemplars: [Exemplar] = []
    }

    /// The lines that are left.
    package private(set) var text: [UInt8] = []
    package private(set) var histograms: [ExposedHistogram] = []
    /// What is left out.
    private var converted: [Range<Int>] = []
    private var pending: Pending?

    /// - Parameter keepsClassic: leave the text as it is (`always_scrape_classic_histograms`).
    package init(
        _ body: Span<UInt8>, _ format: ExpositionReader.Format, keepsClassic: Bool
    ) throws(ExpositionError) {
        var reader = ExpositionReader(format)
        /// The metric whose lines are expected, where it is a histogram.
        var family: String?
        while let entry = try reader.next(body) {
            switch entry {
            case .sample(let sample):
                guard let family else { continue }
                try note(sample, of: family, try reader.labels(body), body)
            case .type(let name, let kind):
                settle()
                family = kind == .histogram ? ExpositionReader.name(body, name) : nil
            case .help, .unit, .exemplar: settle()
            }
        }
        settle()
        write(body, all: keepsClassic)
    }

    private mutating func note(
        _ sample: ExpositionSample, of family: String, _ labels: Labels, _ body: Span<UInt8>
    ) throws(ExpositionError) {
        let name = labels.metricName
        let suffixes = ["_bucket", "_count", "_sum"]
        guard let suffix = suffixes.first(where: { name == family + $0 }) else {
            if name != family + "_created" { settle() }
            return
        }
        var bound = 0.0
        if suffix == "_bucket" {
            guard let text = labels["le"], let value = HistogramConversion.bound(text) else {
                return settle()
            }
            bound = value
        }
        let base = labels.setting("__name__", to: family).removing(["le"])
        if pending?.labels != base {
            settle()
            pending = Pending(labels: base, timestamp: sample.timestamp)
        }
        var end = sample.end
        while end < body.count, body[end] != UInt8(ascii: "\n") { end += 1 }
        pending?.lines.append(sample.series.lowerBound..<min(end + 1, body.count))
        switch suffix {
        case "_bucket": pending?.buckets.buckets.append((bound, sample.value))
        case "_count": pending?.buckets.count = sample.value
        default: pending?.buckets.sum = sample.value
        }
        if let range = sample.exemplar {
            let (labels, value, timestamp) = try ExpositionReader.exemplar(body, range)
            if let timestamp {
                pending?.exemplars.append(Exemplar(labels: labels, value: value, timestamp: timestamp))
            }
        }
    }

    /// The metric of before is complete.
    private mutating func settle() {
        guard let pending else { return }
        self.pending = nil
        guard let made = pending.buckets.converted() else { return }
        var histogram = ExposedHistogram(
            labels: pending.labels, timestamp: pending.timestamp, histogram: made)
        histogram.exemplars = pending.exemplars
        histograms.append(histogram)
        converted += pending.lines
    }

    private mutating func write(_ body: Span<UInt8>, all: Bool) {
        text.reserveCapacity(body.count)
        var start = 0
        for line in (all ? [] : converted) + [body.count..<body.count] {
            Runs.append(body.extracting(start..<line.lowerBound), to: &text)
            start = line.upperBound
        }
    }

    private static func bound(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        var position = 0
        guard let value = DecimalNumber.parse(bytes.span, &position), position == bytes.count, !value.isNaN
        else { return nil }
        return value
    }
}
