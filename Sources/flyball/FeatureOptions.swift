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

    func features() throws -> QueryFeatures {
        let base: QueryFeatures = isStrict ? .strictPrometheus : []
        return try names.flatMap { $0.split(separator: ",") }.reduce(into: base) { features, name in
            guard let feature = QueryFeatures(named: String(name)) else {
                let known = QueryFeatures.named.map(\.name).joined(separator: ", ")
                throw ValidationError("--enable-feature knows \(known); found \"\(name)\"")
            }
            features.formUnion(feature)
        }
    }
}
