package import TimeSeries

/// The series that a script or a rule unit test has loaded. Histograms come back as from a Prometheus store, which keeps of counter
/// reset hints only "gauge", "not reset" and "unknown".
package struct ScriptStorage: Sendable {
    package private(set) var source = ArraySource()

    struct Line: Sendable {
        var labels: Labels
        var values: [SeriesNotation.Element]
        /// Relative to each sample.
        var starts: [Int64?]?
    }

    package init() {}

    /// Loads one series, a sample every interval from `start` on.
    package mutating func load(_ series: SeriesNotation, interval: Duration, start: Timestamp) {
        append(
            Line(labels: series.labels, values: series.values), interval: interval.milliseconds,
            start: start.milliseconds)
    }

    mutating func clear() { source = ArraySource() }

    mutating func load(_ lines: [Line], interval: Int64, withCustomBuckets: Bool) {
        for line in lines { append(line, interval: interval) }
        guard withCustomBuckets else { return }
        for line in ClassicConversion(lines).converted { append(line, interval: interval) }
    }

    private mutating func append(_ line: Line, interval: Int64, start: Int64 = 0) {
        var times: [Int64] = []
        var values: [Double] = []
        var starts: [Int64] = []
        var histograms: [Int: FloatHistogram] = [:]
        var previous: FloatHistogram?
        for (index, element) in line.values.enumerated() {
            let time = start + Int64(index) * interval
            switch element {
            case .omitted: continue
            case .number(let value):
                values.append(value)
                previous = nil
            case .histogram(let histogram, _):
                let stored = ScriptStorage.stored(histogram, after: previous)
                histograms[times.count] = stored
                values.append(stored.count)
                previous = histogram
            }
            times.append(time)
            starts.append((line.starts.flatMap { $0[index] }).map { time + $0 } ?? 0)
        }
        source.append(
            SeriesColumns(
                labels: line.labels, times: TimeColumn(times), values: values,
                histograms: histograms.isEmpty ? nil : histograms,
                startTimes: line.starts == nil ? nil : starts))
    }

    /// A chunk of a Prometheus store holds histograms without resets between them: only its first sample leaves
    /// open whether there was one.
    private static func stored(_ histogram: FloatHistogram, after previous: FloatHistogram?) -> FloatHistogram
    {
        var stored = histogram
        guard histogram.resetHint != .gauge else { return stored }
        let continues =
            previous.map { previous in
                previous.resetHint != .gauge && previous.schema == histogram.schema
                    && previous.zeroThreshold == histogram.zeroThreshold
                    && previous.customBounds == histogram.customBounds && !histogram.isReset(after: previous)
            } ?? false
        stored.resetHint = continues ? .notReset : .unknown
        return stored
    }
}

/// Classic histograms among loaded series, converted to native ones with custom buckets.
private struct ClassicConversion {
    private struct Classic {
        var buckets: [(upper: Double, count: Double)] = []
        var count: Double?
        var sum = 0.0
    }

    private var histograms: [Labels: [Int: Classic]] = [:]
    private var lengths: [Labels: Int] = [:]

    init(_ lines: [ScriptStorage.Line]) {
        for line in lines {
            let name = line.labels.metricName
            guard let suffix = ["_bucket", "_count", "_sum"].first(where: name.hasSuffix) else { continue }
            let base = line.labels.setting("__name__", to: String(name.dropLast(suffix.count)))
                .removing(["le"])
            let upper = line.labels["le"].flatMap(ClassicSeries.bound)
            if suffix == "_bucket", upper == nil { continue }
            for (index, element) in line.values.enumerated() {
                guard case .number(let value) = element else { continue }
                var classic = histograms[base]?[index] ?? Classic()
                switch suffix {
                case "_bucket": classic.buckets.append((upper ?? .infinity, value))
                case "_count": classic.count = value
                default: classic.sum = value
                }
                histograms[base, default: [:]][index] = classic
                lengths[base] = max(lengths[base] ?? 0, index + 1)
            }
        }
    }

    var converted: [ScriptStorage.Line] {
        histograms.keys.sorted().map { labels in
            var values = [SeriesNotation.Element](repeating: .omitted, count: lengths[labels] ?? 0)
            for (index, classic) in histograms[labels] ?? [:] {
                values[index] = .histogram(ClassicConversion.native(classic), hasHint: false)
            }
            return ScriptStorage.Line(labels: labels, values: values)
        }
    }

    private static func native(_ classic: Classic) -> FloatHistogram {
        var buckets = classic.buckets.sorted { $0.upper < $1.upper }
        if buckets.last?.upper != .infinity {
            buckets.append((.infinity, classic.count ?? buckets.last?.count ?? 0))
        }
        var counts: [Double] = []
        var previous = 0.0
        for bucket in buckets {
            counts.append(bucket.count - previous)
            previous = bucket.count
        }
        let run = FloatHistogram.BucketRun(offset: 0, length: UInt32(counts.count))
        return FloatHistogram(
            schema: FloatHistogram.customBucketsSchema, count: classic.count ?? previous, sum: classic.sum,
            positiveRuns: [run], positiveBuckets: counts,
            customBounds: buckets.map(\.upper).filter(\.isFinite)
        ).compacted()
    }
}
