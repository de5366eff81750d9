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
        fields.mapping("storage") { configuration.storage = storage($0, &configuration.warnings) }
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
        if let guards = fields.mapping("guards", guards) { settings.guards = guards }
    }

    func time(_ fields: FieldReader, _ key: String) -> Duration? {
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
