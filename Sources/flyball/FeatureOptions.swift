import ArgumentParser
import PromQL

/// `--enable-feature`, as Prometheus has it.
struct FeatureOptions: ParsableArguments {
    @Option(
        name: .customLong("enable-feature"),
        help: ArgumentHelp(
            "Experimental parts of PromQL, joined by commas or repeated: "
                + QueryFeatures.named.map(\.name).joined(separator: ", ") + ".",
            valueName: "features"))
    var names: [String] = []

    @Flag(
        name: .customLong("query.strict-prometheus"),
        help: "Refuse forecast, trend, seasonality and anomaly_score, which Prometheus does not know.")
    var isStrict = false

    /// Features of Prometheus that are not switched here: what they bring is always there, or is about its own files and
    /// runtime. Who moves over keeps the flag.
    private static let unswitched: Set<String> = [
        "auto-gomaxprocs", "auto-gomemlimit", "concurrent-rule-eval", "created-timestamp-zero-ingestion",
        "delayed-compaction", "exemplar-storage", "memory-snapshot-on-shutdown", "metadata-wal-records",
        "native-histograms", "promql-at-modifier", "promql-negative-offset", "promql-per-step-stats",
        "use-uncached-io",
    ]

    func features() throws -> QueryFeatures {
        let base: QueryFeatures = isStrict ? .strictPrometheus : []
        return try names.flatMap { $0.split(separator: ",") }.reduce(into: base) { features, name in
            if Self.unswitched.contains(String(name)) { return }
            guard let feature = QueryFeatures(named: String(name)) else {
                let known = QueryFeatures.named.map(\.name).joined(separator: ", ")
                throw ValidationError("--enable-feature knows \(known); found \"\(name)\"")
            }
            features.formUnion(feature)
        }
    }
}
