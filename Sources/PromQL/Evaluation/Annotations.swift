import TimeSeries

/// What a person should know about a result, in Prometheus' words, each once and in order of appearance.
struct Annotations {
    private(set) var warnings: [String] = []
    private(set) var infos: [String] = []
    private var seen: Set<String> = []
    private var lastForced: (name: String, position: SourceRange)?

    /// How many messages there are.
    var count: Int { seen.count }

    /// The operation a message about histograms is about.
    enum HistogramOperation: String { case addition, subtraction, aggregation }

    mutating func warn(_ message: String, _ position: SourceRange) {
        let text = "PromQL warning: \(message) (\(position.position))"
        if seen.insert(text).inserted { warnings.append(text) }
    }

    mutating func inform(_ message: String, _ position: SourceRange) {
        let text = "PromQL info: \(message) (\(position.position))"
        if seen.insert(text).inserted { infos.append(text) }
    }

    /// Adds what is new in others, behind what is here.
    mutating func add(_ others: Annotations) {
        for text in others.warnings where seen.insert(text).inserted { warnings.append(text) }
        for text in others.infos where seen.insert(text).inserted { infos.append(text) }
    }

    static func forMetric(_ name: String) -> String {
        name.isEmpty ? "" : " for metric name \(Labels.quoted(name))"
    }

    mutating func mixedFloatsAndHistograms(_ name: String, _ position: SourceRange) {
        warn("encountered a mix of histograms and floats for metric name \(Labels.quoted(name))", position)
    }

    mutating func mixedInAggregation(_ position: SourceRange) {
        warn("encountered a mix of histograms and floats for aggregation", position)
    }

    mutating func mixedClassicAndNative(_ name: String, _ position: SourceRange) {
        warn("vector contains a mix of classic and native histograms" + Annotations.forMetric(name), position)
    }

    mutating func notACounter(_ name: String, _ position: SourceRange) {
        warn("this native histogram metric is not a counter: \(Labels.quoted(name))", position)
    }

    mutating func notAGauge(_ name: String, _ position: SourceRange) {
        warn("this native histogram metric is not a gauge: \(Labels.quoted(name))", position)
    }

    mutating func mixedExponentialAndCustom(_ name: String, _ position: SourceRange) {
        warn(
            "vector contains a mix of histograms with exponential and custom buckets schemas for metric name "
                + Labels.quoted(name), position)
    }

    mutating func incompatibleBuckets(_ operation: BinaryOperator, _ position: SourceRange) {
        warn("incompatible bucket layout encountered for binary operator \(operation.rawValue)", position)
    }

    mutating func invalidQuantile(_ value: Double, _ position: SourceRange) {
        warn("quantile value should be between 0 and 1, got \(NumberSyntax.text(value))", position)
    }

    mutating func badBucketLabel(_ name: String, _ value: String, _ position: SourceRange) {
        warn(
            "bucket label \"le\" is missing or has a malformed value of \(Labels.quoted(value))"
                + Annotations.forMetric(name), position)
    }

    mutating func conflictingResets(_ operation: HistogramOperation, _ position: SourceRange) {
        warn("conflicting counter resets during histogram \(operation.rawValue)", position)
    }

    mutating func overlappingStart(_ name: String, _ position: SourceRange) {
        warn(
            "sample has start time that overlaps with previous sample timestamp for metric "
                + Labels.quoted(name), position)
    }

    mutating func reconciledBuckets(_ operation: HistogramOperation, _ position: SourceRange) {
        inform("mismatched custom buckets were reconciled during \(operation.rawValue)", position)
    }

    mutating func maybeNotACounter(_ name: String, _ position: SourceRange) {
        inform(
            "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "
                + Labels.quoted(name), position)
    }

    mutating func maybeNotACounter(_ name: String, type: String, _ position: SourceRange) {
        inform(
            "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", got "
                + "\(Labels.quoted(type)): \(Labels.quoted(name))", position)
    }

    mutating func incompatibleTypes(
        _ left: String, _ operation: BinaryOperator, _ right: String, _ position: SourceRange
    ) {
        let name = operation.rawValue
        inform(
            "incompatible sample types encountered for binary operator \"\(name)\": \(left) \(name) \(right)",
            position)
    }

    mutating func ignoredHistogram(_ aggregation: String, _ position: SourceRange) {
        inform("ignored histogram in \(aggregation) aggregation", position)
    }

    mutating func ignoredHistogramsInRange(_ name: String, _ position: SourceRange) {
        inform(
            "ignored histograms in a range containing both floats and histograms for metric name "
                + Labels.quoted(name), position)
    }

    mutating func nanObservations(
        _ function: String, _ effect: String, _ name: String, _ position: SourceRange
    ) {
        inform("input to \(function) has NaN observations, \(effect)" + Annotations.forMetric(name), position)
    }

    /// Said of many steps of many histograms, so that the text is made for the first one only.
    mutating func forcedMonotonicity(_ name: String, _ position: SourceRange) {
        guard lastForced?.name != name || lastForced?.position != position else { return }
        lastForced = (name, position)
        inform(
            "input to histogram_quantile needed to be fixed for monotonicity (see "
                + "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)"
                + Annotations.forMetric(name), position)
    }

    mutating func ineffectiveSort(_ position: SourceRange) {
        warn("sort is ineffective for range queries since results are always ordered by labels", position)
    }
}
