import Documents
import Fleet
import Storage
import TimeSeries

extension ConfigurationReader {
    /// Less memory would refuse the first series.
    private static let leastMemory = 1 << 20
    /// Less would drop samples before anything has looked at them.
    private static let leastRetention = Duration.seconds(60)
    private static let syncIntervals = Duration.milliseconds(10)...Duration.seconds(60)

    /// The section `storage`: keys of ours, and below `tsdb` those of Prometheus.
    func storage(_ fields: FieldReader, _ warnings: inout [String]) -> Configuration.StorageSettings {
        var settings = Configuration.StorageSettings()
        settings.path = fields.string("path")
        if settings.path?.isEmpty == true { fields.report("must name a folder", at: "path") }
        let retention = time(fields, "retention")
        if let retention, retention < Self.leastRetention {
            fields.report("must be at least 1m, found \(retention.prometheusText)", at: "retention")
        }
        let window = time(fields, "out_of_order_time_window")
        settings.retention = retention ?? settings.retention
        settings.outOfOrderWindow = window ?? settings.outOfOrderWindow
        fields.mapping("memory") { memory in
            settings.memoryLimitBytes = memory.scalar("limit", expected: "an amount of memory such as 4GiB") {
                Quantity.bytes($0).map { Int($0) }
            }
            if let limit = settings.memoryLimitBytes, limit < Self.leastMemory {
                memory.report(
                    "must be at least 1MiB; without the key it is half of the machine's or the cgroup's memory",
                    at: "limit")
            }
        }
        fields.mapping("wal") { log($0, into: &settings) }
        fields.mapping("limits") { settings.limits = limits($0) }
        let reserve = fields.scalar(
            "reserve", expected: "an amount of disk such as 64MiB", { Quantity.bytes($0).map { Int($0) } })
        settings.reserveBytes = reserve ?? settings.reserveBytes
        fields.mapping("tsdb") { prometheus($0, retention: retention, window: window, &settings, &warnings) }
        fields.mapping("exemplars") { exemplars in
            settings.maxExemplars = max(0, exemplars.integer("max_exemplars") ?? settings.maxExemplars)
        }
        if let rules = StorageRules.rollups(fields) { settings.rollups = rules }
        return settings
    }

    private func log(_ wal: FieldReader, into settings: inout Configuration.StorageSettings) {
        let policies = StoreConfiguration.SyncPolicy.allCases.map(\.rawValue).joined(separator: ", ")
        settings.sync =
            wal.scalar("sync", expected: "one of " + policies) {
                StoreConfiguration.SyncPolicy(rawValue: $0)
            } ?? settings.sync
        settings.syncInterval = time(wal, "interval") ?? settings.syncInterval
        if !Self.syncIntervals.contains(settings.syncInterval) {
            wal.report("must be at least 10ms and at most 1m", at: "interval")
        }
    }

    /// Prometheus' own keys: retention and the window count, the rest is read and has no meaning here.
    private func prometheus(
        _ tsdb: FieldReader, retention: Duration?, window: Duration?,
        _ settings: inout Configuration.StorageSettings, _ warnings: inout [String]
    ) {
        func own(
            _ key: String, _ value: Duration, besides other: Duration?, _ name: String, _ fields: FieldReader
        ) {
            guard let other, other != value else { return }
            fields.report(
                "is \(value.prometheusText), while storage.\(name) is \(other.prometheusText); give one of them",
                at: key)
        }
        if let value = time(tsdb, "out_of_order_time_window") {
            own("out_of_order_time_window", value, besides: window, "out_of_order_time_window", tsdb)
            settings.outOfOrderWindow = value
        }
        tsdb.mapping("retention") { fields in
            // As Prometheus has it, 0 stands for the default.
            if let value = time(fields, "time"), value != .zero {
                own("time", value, besides: retention, "retention", fields)
                if value < Self.leastRetention {
                    fields.report("must be at least 1m, found \(value.prometheusText)", at: "time")
                }
                settings.retention = value
            }
            let size = fields.scalar("size", expected: "a size such as 10GB") { Quantity.bytes($0) }
            if size ?? 0 > 0 {
                warnings.append(Self.idle("retention.size", "storage.memory.limit bounds the store"))
            }
            let share = fields.scalar("percentage", expected: "a number from 0 to 100") { text in
                Double(text).flatMap { (0...100).contains($0) ? $0 : nil }
            }
            if share ?? 0 > 0 {
                warnings.append(Self.idle("retention.percentage", "storage.memory.limit bounds the store"))
            }
        }
        tsdb.mapping("chunk_encoding") { encoding in
            _ = encoding.scalar("floats", expected: "xor or xor2") {
                ["xor", "xor2"].contains($0) ? $0 : nil
            }
            _ = encoding.all
        }
        _ = tsdb.node("stale_series_compaction_threshold")
    }

    private static func idle(_ key: String, _ instead: String) -> String {
        "storage.tsdb.\(key) is read, but this version does not act on it: \(instead)"
    }

    private func limits(_ fields: FieldReader) -> StoreConfiguration.Limits {
        var limits = StoreConfiguration.Limits()
        let known: [(String, WritableKeyPath<StoreConfiguration.Limits, Int>)] = [
            ("series", \.series), ("series_per_target", \.seriesPerTarget), ("labels", \.labels),
            ("label_name_length", \.labelNameLength), ("label_value_length", \.labelValueLength),
        ]
        for (key, path) in known {
            let most = key == "labels" ? StoreConfiguration.Limits.mostLabels : Int.max
            if let limit = fields.integer(key, in: 1...most) { limits[keyPath: path] = limit }
        }
        return limits
    }
}
