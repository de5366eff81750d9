package import Documents
import Relabelling
import TimeSeries

extension ScrapeDefaults {
    /// Reads the keys of `global` that are about scrapes; the caller reads the others.
    /// - Parameter directory: what relative paths are relative to, the folder of the configuration file.
    package static func read(_ fields: FieldReader, directory: String = "") -> ScrapeDefaults {
        let plain = ScrapeDefaults()
        let interval = fields.duration("scrape_interval")
        let timeout = fields.duration("scrape_timeout")
        if let timeout, timeout > interval ?? plain.interval {
            fields.report("scrape_timeout is longer than scrape_interval", at: "scrape_timeout")
        }
        let formats = fields.readFormats()
        var defaults = ScrapeDefaults(
            interval: interval ?? plain.interval,
            timeout: timeout ?? min(plain.timeout, interval ?? plain.interval),
            limits: ScrapeLimits.read(fields, defaults: plain.limits),
            reportsExtraMetrics: fields.bool("extra_scrape_metrics") ?? false,
            protocols: formats.protocols, fallback: formats.fallback,
            readsNativeHistograms: formats.native ?? false, keepsClassicHistograms: formats.classic ?? false)
        fields.readHistograms(&defaults.histogramBuckets, &defaults.histogramFactor)
        defaults.names = fields.readNames(plain.names)
        defaults.convertsClassicHistograms = fields.bool("convert_classic_histograms_to_nhcb") ?? false
        defaults.failureLog = fields.readFailureLog(directory)
        return defaults
    }
}

extension ScrapeConfiguration {
    /// Reads `scrape_configs`; refuses a job name that is given twice.
    package static func readList(
        _ node: Node, _ document: DocumentReader, defaults: ScrapeDefaults, directory: String
    ) -> [ScrapeConfiguration] {
        var seen: Set<String> = []
        return document.list(node, "scrape_configs") { node -> ScrapeConfiguration? in
            guard let job = read(node, document, defaults: defaults, directory: directory) else { return nil }
            if !seen.insert(job.jobName).inserted {
                document.report("job_name \"\(job.jobName)\" is given twice", at: node["job_name"]?.position)
            }
            return job
        } ?? []
    }

    /// Reads one entry of `scrape_configs`.
    /// - Parameter directory: what relative paths are relative to, the folder of the configuration file.
    package static func read(
        _ node: Node, _ document: DocumentReader, defaults: ScrapeDefaults, directory: String
    ) -> ScrapeConfiguration? {
        if node.isNull {
            document.report("empty scrape configuration", at: node.position)
            return nil
        }
        return document.mapping(node, "a scrape configuration") { fields in
            var job = ScrapeConfiguration(
                jobName: fields.requiredString("job_name") ?? "", defaults: defaults)
            if job.jobName.isEmpty, fields.has("job_name") {
                fields.report("job_name must not be empty", at: "job_name")
            }
            job.readTimes(fields, defaults)
            job.readRequest(fields, directory)
            job.readSamples(fields, defaults, directory)
            job.readTargets(fields, directory)
            return job
        }
    }

    private mutating func readTimes(_ fields: FieldReader, _ defaults: ScrapeDefaults) {
        interval = fields.duration("scrape_interval") ?? defaults.interval
        let own = fields.duration("scrape_timeout")
        if let own, own > interval {
            fields.report(
                "scrape_timeout \(own.prometheusText) is longer than scrape_interval \(interval.prometheusText)",
                at: "scrape_timeout")
        }
        timeout = own ?? min(defaults.timeout, interval)
    }

    private mutating func readRequest(_ fields: FieldReader, _ directory: String) {
        metricsPath = fields.string("metrics_path") ?? metricsPath
        let schemes = ["http", "https"]
        scheme =
            fields.scalar("scheme", expected: "http or https") { text in
                schemes.first { $0 == text.lowercased() }
            } ?? scheme
        parameters =
            fields.mapping("params") { params in
                params.all.compactMap { pair in
                    guard let name = pair.key.text else { return nil }
                    let values = params.document.list(pair.value, "params.\(name)") {
                        params.document.string($0, "each of params.\(name)")
                    }
                    return Parameter(name: name, values: values ?? [])
                }
            } ?? []
        acceptsCompression = fields.bool("enable_compression") ?? true
        client = HTTPClientConfiguration.read(fields, directory: directory)
    }

    private mutating func readSamples(
        _ fields: FieldReader, _ defaults: ScrapeDefaults, _ directory: String
    ) {
        honorsLabels = fields.bool("honor_labels") ?? false
        honorsTimestamps = fields.bool("honor_timestamps") ?? true
        tracksTimestampStaleness = fields.bool("track_timestamps_staleness") ?? false
        reportsExtraMetrics = fields.bool("extra_scrape_metrics") ?? defaults.reportsExtraMetrics
        limits = ScrapeLimits.read(fields, defaults: defaults.limits)
        metricRelabelRules = RelabelRule.list("metric_relabel_configs", of: fields)
        let formats = fields.readFormats()
        readsNativeHistograms = formats.native ?? defaults.readsNativeHistograms
        keepsClassicHistograms = formats.classic ?? defaults.keepsClassicHistograms
        // Native histograms are in no text.
        let standard = (readsNativeHistograms ? [.protobuf] : []) + ScrapeProtocol.standard
        protocols = formats.protocols ?? defaults.protocols ?? standard
        fallbackProtocol = formats.fallback ?? defaults.fallback
        fields.readHistograms(&histogramBuckets, &histogramFactor)
        names = fields.readNames(defaults.names)
        convertsClassicHistograms =
            fields.bool("convert_classic_histograms_to_nhcb") ?? defaults.convertsClassicHistograms
        failureLog = fields.readFailureLog(directory) ?? defaults.failureLog
    }

    private mutating func readTargets(_ fields: FieldReader, _ directory: String) {
        if let kept = fields.integer("keep_dropped_targets") { keepsDroppedTargets = kept == 0 ? nil : kept }
        relabelRules = RelabelRule.list("relabel_configs", of: fields)
        var index = -1
        staticGroups =
            fields.list("static_configs") { node in
                index += 1
                return TargetGroup.read(node, fields.document, source: "static:\(index)")
            } ?? []
        files = FileDiscovery.Configuration.list(fields, directory: directory)
        fleetRoles =
            fields.list("flyball_sd_configs") { node in
                fields.document.mapping(node, "a flyball_sd_configs entry") { fields in
                    fields.scalar("role", expected: "node or replica") { FleetRole(rawValue: $0) }
                } ?? nil
            } ?? []
        UnsupportedDiscovery.report(fields)
    }
}

extension FieldReader {
    /// A duration in Prometheus' notation; nothing and zero are nil.
    func duration(_ key: String) -> Duration? {
        let value = scalar(key, expected: "a duration such as 15s") { Duration(prometheus: $0) }
        return value == .zero ? nil : value
    }

    /// `scrape_failure_log_file`; nil where there is none.
    func readFailureLog(_ directory: String) -> String? {
        guard let path = string("scrape_failure_log_file"), !path.isEmpty else { return nil }
        return HTTPClientConfiguration.resolve(path, in: directory)
    }

    /// In what formats targets may answer.
    func readFormats() -> (
        protocols: [ScrapeProtocol]?, fallback: ScrapeProtocol?, native: Bool?, classic: Bool?
    ) {
        let expected = "one of " + ScrapeProtocol.allCases.map(\.rawValue).sorted().joined(separator: ", ")
        var seen: Set<ScrapeProtocol> = []
        let protocols: [ScrapeProtocol]? = list("scrape_protocols") { node in
            document.scalar(node, "each of scrape_protocols", expected: expected) { text in
                guard let named = ScrapeProtocol(rawValue: text), seen.insert(named).inserted else {
                    return nil
                }
                return named
            }
        }
        let fallback = scalar("fallback_scrape_protocol", expected: expected) { ScrapeProtocol(rawValue: $0) }
        let native = bool("scrape_native_histograms")
        // Its name before Prometheus 3.
        let formerly = bool("scrape_classic_histograms")
        let classic = bool("always_scrape_classic_histograms") ?? formerly
        return (protocols.flatMap { $0.isEmpty ? nil : $0 }, fallback, native, classic)
    }

    /// How fine native histograms may be; what is not given stays.
    func readHistograms(_ limit: inout Int?, _ factor: inout Double) {
        if let own = integer("native_histogram_bucket_limit") { limit = own == 0 ? nil : own }
        if let own = number("native_histogram_min_bucket_factor"), own != 0 { factor = own }
    }

    /// What names may be. Where they must be legacy and nothing is said of escaping, a target writes underscores.
    func readNames(_ defaults: NameRules) -> NameRules {
        var names = defaults
        let scheme = scalar("metric_name_validation_scheme", expected: "utf8 or legacy") {
            ["utf8", "legacy"].contains($0) ? $0 : nil
        }
        if let scheme, (scheme == "legacy") != names.areLegacy {
            names.areLegacy = scheme == "legacy"
            names.escaping = names.areLegacy ? "underscores" : NameRules().escaping
        }
        let escapings = ["allow-utf-8", "underscores", "dots", "values"]
        let escaping = scalar(
            "metric_name_escaping_scheme", expected: "one of " + escapings.joined(separator: ", ")
        ) { escapings.contains($0) ? $0 : nil }
        if let escaping { names.escaping = escaping }
        if names.areLegacy, names.escaping == "allow-utf-8" {
            report(
                "metric_name_escaping_scheme allow-utf-8 needs metric_name_validation_scheme utf8",
                at: "metric_name_escaping_scheme")
        }
        return names
    }
}

extension Node {
    var isEmptyList: Bool {
        if case .sequence(let items) = content { items.isEmpty } else { false }
    }
}
