import Documents
import Storage
import TimeSeries

/// `storage.rollups`: how long windows of each length are kept, as `{ 5m: 90d, 1h: 2y }`; `{}` for none.
enum StorageRules {
    static func rollups(_ fields: FieldReader) -> [RollupRule]? {
        guard let pairs = fields.stringMap("rollups") else { return nil }
        var rules: [RollupRule] = []
        for (key, value) in pairs {
            guard let resolution = Duration(prometheus: key), resolution >= .seconds(60),
                resolution.milliseconds % 60_000 == 0
            else {
                fields.report(
                    "\(key) is no length of windows; it must be whole minutes such as 5m", at: "rollups")
                continue
            }
            guard let retention = Duration(prometheus: value), retention >= resolution else {
                fields.report(
                    "\(value) is no retention for windows of \(key); expected a longer duration such as 90d",
                    at: "rollups")
                continue
            }
            rules.append(RollupRule(resolution: resolution, retention: retention))
        }
        rules.sort { $0.resolution < $1.resolution }
        for (fine, coarse) in zip(rules, rules.dropFirst())
        where coarse.resolution.milliseconds % fine.resolution.milliseconds != 0
            || coarse.resolution == fine.resolution
        {
            fields.report(
                "windows of \(coarse.resolution.prometheusText) are no multiple of those of "
                    + "\(fine.resolution.prometheusText); each length must be a multiple of the one before",
                at: "rollups")
        }
        return rules
    }
}
