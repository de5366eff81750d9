import Discovery
package import Documents
import Fleet
import Notification
import Storage
import TimeSeries

/// Reads the top level of `flyball.yml`. The sections of scrapes and alerting are read by their own modules.
package struct ConfigurationReader {
    private let reader: DocumentReader
    private let file: String
    private let files: FileSource

    package init(file: String, files: FileSource = FileSource()) {
        reader = DocumentReader(file: file)
        self.file = file
        self.files = files
    }

    /// - Throws: `DocumentError` with every problem and its place.
    package func read(_ text: String) throws(DocumentError) -> Configuration {
        let root = try YAMLDocument.parse(text, file: file)
        var configuration: Configuration? = reader.mapping(root, "the configuration") { fields in
            self.configuration(fields)
        }
        configuration?.text = YAMLDocument.text(of: Redaction.redact(root))
        return try reader.finish(configuration)
    }

    private func configuration(_ fields: FieldReader) -> Configuration {
        var configuration = Configuration()
        fields.mapping("global") { global($0, into: &configuration) }
        let namesAreLegacy = fields.node("global")?["metric_name_validation_scheme"]?.text == "legacy"
        configuration.ruleFiles = patterns(fields, "rule_files")
        configuration.policyFiles = patterns(fields, "policy_files")
        configuration.scrapes = scrapes(fields, configuration.scrapeDefaults)
        if let node = fields.node("alerting") {
            configuration.alerting =
                AlertingConfiguration.read(
                    node, reader, directory: FileSource.folder(of: file)) ?? AlertingConfiguration()
        }
        fields.mapping("storage") { storage($0, into: &configuration) }
        fields.mapping("fleet") { fleet($0, into: &configuration.fleet) }
        fields.mapping("audit") { audit in
            configuration.auditOrigin = audit.string("origin") ?? configuration.auditOrigin
        }
        for section in IdleSections(namesAreLegacy: namesAreLegacy).check(fields) {
            configuration.warnings.append(
                "the section \(section) is read, but this version does not act on it")
        }
        return configuration
    }

    private func global(_ fields: FieldReader, into configuration: inout Configuration) {
        configuration.scrapeDefaults = ScrapeDefaults.read(
            fields, directory: FileSource.folder(of: file))
        configuration.global.evaluationInterval = time(fields, "evaluation_interval") ?? .seconds(60)
        configuration.global.ruleQueryOffset = time(fields, "rule_query_offset") ?? .zero
        if let path = fields.string("query_log_file"), !path.isEmpty {
            configuration.global.queryLogFile = FileSource.resolve(path, besides: file)
        }
        var labels: [(name: String, value: String)] = []
        for (name, value) in fields.stringMap("external_labels") ?? [] {
            if !Labels.isLegacyName(name) && name.isEmpty {
                fields.report("a label needs a name", at: "external_labels")
            }
            labels.append((name: name, value: value))
        }
        configuration.global.externalLabels = Labels(labels)
    }

    private func scrapes(_ fields: FieldReader, _ defaults: ScrapeDefaults) -> [ScrapeConfiguration] {
        var scrapes: [ScrapeConfiguration] = []
        if let node = fields.node("scrape_configs") {
            scrapes = ScrapeConfiguration.readList(
                node, reader, defaults: defaults, directory: FileSource.folder(of: file))
        }
        for path in patterns(fields, "scrape_config_files").flatMap(files.expand) {
            for scrape in included(path, fields, defaults) {
                if scrapes.contains(where: { $0.jobName == scrape.jobName }) {
                    fields.report(
                        "job_name \"\(scrape.jobName)\" of \(path) is given twice; names of jobs are unique",
                        at: "scrape_config_files")
                }
                scrapes.append(scrape)
            }
        }
        return scrapes
    }

    /// One file of `scrape_config_files`: a mapping with `scrape_configs` and nothing else.
    private func included(
        _ path: String, _ fields: FieldReader, _ defaults: ScrapeDefaults
    ) -> [ScrapeConfiguration] {
        do {
            let root = try YAMLDocument.parse(try files.text(path), file: path)
            let inner = DocumentReader(file: path)
            let folder = FileSource.folder(of: path)
            let read = inner.mapping(root, "a scrape configuration file") { fields in
                fields.node("scrape_configs").map {
                    ScrapeConfiguration.readList($0, inner, defaults: defaults, directory: folder)
                } ?? []
            }
            return try inner.finish(read)
        } catch {
            fields.report("\(error)", at: "scrape_config_files")
            return []
        }
    }

    /// Bytes with which a store can hold a few series.
    private static let leastMemory = 1 << 20

    private func storage(_ fields: FieldReader, into configuration: inout Configuration) {
        var settings = Configuration.StorageSettings()
        settings.path = fields.string("path")
        if settings.path?.isEmpty == true { fields.report("must not be empty", at: "path") }
        settings.retention = time(fields, "retention") ?? settings.retention
        settings.outOfOrderWindow = time(fields, "out_of_order_time_window") ?? settings.outOfOrderWindow
        fields.mapping("memory") { memory in
            settings.memoryLimitBytes = memory.scalar(
                "limit", expected: "an amount of memory such as 4GiB", { Quantity.bytes($0).map { Int($0) } })
            if let limit = settings.memoryLimitBytes, limit < Self.leastMemory {
                memory.report(
                    "must be at least 1MiB; without it, it is half of the machine's memory", at: "limit")
            }
        }
        fields.mapping("wal") { wal in
            let policies = StoreConfiguration.SyncPolicy.allCases.map(\.rawValue).joined(separator: ", ")
            settings.sync =
                wal.scalar("sync", expected: "one of " + policies) {
                    StoreConfiguration.SyncPolicy(rawValue: $0)
                } ?? settings.sync
            settings.syncInterval = time(wal, "interval") ?? settings.syncInterval
            if settings.syncInterval < .milliseconds(10) {
                wal.report("must be at least 10ms", at: "interval")
            }
        }
        fields.mapping("limits") { settings.limits = limits($0) }
        let reserve = fields.scalar(
            "reserve", expected: "an amount of disk such as 64MiB", { Quantity.bytes($0).map { Int($0) } })
        settings.reserveBytes = reserve ?? settings.reserveBytes
        // Prometheus' own keys under `storage`; retention counts, the rest is read and has no meaning here.
        fields.mapping("tsdb") { tsdb in
            settings.outOfOrderWindow = time(tsdb, "out_of_order_time_window") ?? settings.outOfOrderWindow
            tsdb.mapping("retention") { retention in
                settings.retention = time(retention, "time") ?? settings.retention
                _ = retention.scalar("size", expected: "a size such as 10GB") { Quantity.bytes($0) }
                _ = retention.scalar("percentage", expected: "a number from 0 to 100") { text in
                    Double(text).flatMap { (0...100).contains($0) ? $0 : nil }
                }
            }
            tsdb.mapping("chunk_encoding") { encoding in
                _ = encoding.scalar("floats", expected: "xor or xor2") {
                    ["xor", "xor2"].contains($0) ? $0 : nil
                }
                _ = encoding.all
            }
            _ = tsdb.all
        }
        fields.mapping("exemplars") { exemplars in
            settings.maxExemplars = max(0, exemplars.integer("max_exemplars") ?? settings.maxExemplars)
        }
        if settings.retention <= .zero {
            fields.report("the retention must be longer than 0s; without it, it is 15d", at: "retention")
        }
        if let rules = StorageRules.rollups(fields) { settings.rollups = rules }
        configuration.storage = settings
    }

    private func limits(_ fields: FieldReader) -> StoreConfiguration.Limits {
        var limits = StoreConfiguration.Limits()
        let known: [(String, WritableKeyPath<StoreConfiguration.Limits, Int>)] = [
            ("series", \.series), ("series_per_target", \.seriesPerTarget), ("labels", \.labels),
            ("label_name_length", \.labelNameLength), ("label_value_length", \.labelValueLength),
        ]
        for (key, path) in known {
            if let limit = fields.integer(key, in: 1...Int.max) { limits[keyPath: path] = limit }
        }
        return limits
    }

    private func fleet(_ fields: FieldReader, into settings: inout Configuration.FleetSettings) {
        settings.files = paths(fields, "files")
        let read: Configuration.FleetSettings? = fields.mapping("backend") { backend in
            var settings = settings
            let kinds = Configuration.FleetSettings.BackendKind.allCases.map(\.rawValue).joined(
                separator: " or ")
            let kind = backend.scalar("kind", expected: kinds) {
                Configuration.FleetSettings.BackendKind(rawValue: $0)
            }
            settings.backend = kind ?? .process
            settings.lease = time(backend, "lease") ?? settings.lease
            settings.nodes = FleetFile.readNodes(backend)
            return settings
        }
        if let read { settings = read }
    }

    private func time(_ fields: FieldReader, _ key: String) -> Duration? {
        fields.scalar(key, expected: "a duration such as 15s or 1h30m") { Duration(prometheus: $0) }
    }

    /// Paths that may have wildcards in their last component, as Prometheus allows.
    private func patterns(_ fields: FieldReader, _ key: String) -> [String] {
        for pattern in fields.strings(key) ?? []
        where pattern.split(separator: "/").dropLast().contains(where: { $0.contains("*") }) {
            fields.report("\"\(pattern)\" has a wildcard before its last component; name the folder", at: key)
        }
        return paths(fields, key)
    }

    private func paths(_ fields: FieldReader, _ key: String) -> [String] {
        (fields.strings(key) ?? []).map { FileSource.resolve($0, besides: file) }
    }
}
