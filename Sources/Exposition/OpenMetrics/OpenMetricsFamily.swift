package import TimeSeries

/// The family of OpenMetrics that the series of one name belong to.
package struct OpenMetricsFamily: Hashable, Sendable {
    package var name: String
    /// Nil where nothing is known: such a family has no metadata lines.
    package var metadata: MetricMetadata?

    private static let suffixes: [(text: String, kinds: Set<MetricMetadata.Kind>)] = [
        ("_bucket", [.histogram, .gaugehistogram]), ("_count", [.histogram, .summary]),
        ("_sum", [.histogram, .summary]), ("_gcount", [.gaugehistogram]), ("_gsum", [.gaugehistogram]),
        ("_created", [.counter, .histogram, .summary]), ("_total", [.counter]), ("_info", [.info]),
    ]

    /// - Parameter metadata: of all metrics, by the name that was scraped with them: the text format counts the suffix
    ///   of a counter in, OpenMetrics does not.
    package init(of series: String, _ metadata: [String: MetricMetadata]) {
        if let own = metadata[series] {
            switch own.kind {
            case .counter where series.hasSuffix("_total"): self.init(String(series.dropLast(6)), own)
            case .info where series.hasSuffix("_info"): self.init(String(series.dropLast(5)), own)
            // Their suffix is their mark: without it the family would be none.
            case .counter, .info: self.init(series, MetricMetadata(help: own.help))
            default: self.init(series, own)
            }
            return
        }
        for suffix in Self.suffixes where series.hasSuffix(suffix.text) {
            let base = String(series.dropLast(suffix.text.utf8.count))
            if let found = metadata[base], suffix.kinds.contains(found.kind) {
                self.init(base, found)
                return
            }
            if suffix.text == "_created", let found = metadata[base + "_total"], found.kind == .counter {
                self.init(base, found)
                return
            }
        }
        self.init(series, nil)
    }

    private init(_ name: String, _ metadata: MetricMetadata?) {
        self.name = name
        self.metadata = metadata
    }
}
