package import Documents
import Relabelling
import TimeSeries

extension ScrapeDefaults {
    /// Reads the keys of `global` that are about scrapes; the caller reads the others.
    package static func read(_ fields: FieldReader) -> ScrapeDefaults {
        let plain = ScrapeDefaults()
        let interval = fields.duration("scrape_interval")
        let timeout = fields.duration("scrape_timeout")
        if let timeout, timeout > interval ?? plain.interval {
            fields.report("scrape_timeout is longer than scrape_interval", at: "scrape_timeout")
        }
        fields.readWithoutEffect()
        return ScrapeDefaults(
            interval: interval ?? plain.interval,
            timeout: timeout ?? min(plain.timeout, interval ?? plain.interval),
            limits: ScrapeLimits.read(fields, defaults: plain.limits),
            reportsExtraMetrics: fields.bool("extra_scrape_metrics") ?? false)
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
            job.readSamples(fields, defaults)
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

    private mutating func readSamples(_ fields: FieldReader, _ defaults: ScrapeDefaults) {
        honorsLabels = fields.bool("honor_labels") ?? false
        honorsTimestamps = fields.bool("honor_timestamps") ?? true
        tracksTimestampStaleness = fields.bool("track_timestamps_staleness") ?? false
        reportsExtraMetrics = fields.bool("extra_scrape_metrics") ?? defaults.reportsExtraMetrics
        limits = ScrapeLimits.read(fields, defaults: defaults.limits)
        metricRelabelRules = RelabelRule.list("metric_relabel_configs", of: fields)
        fields.readWithoutEffect()
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

    /// Keys of Prometheus that concern formats this service does not ask for; checked, and otherwise without effect.
    func readWithoutEffect() {
        let protocols = [
            "PrometheusProto", "OpenMetricsText0.0.1", "OpenMetricsText1.0.0", "PrometheusText0.0.4",
            "PrometheusText1.0.0",
        ]
        let expected = "one of " + protocols.joined(separator: ", ")
        var seen: Set<String> = []
        _ = list("scrape_protocols") { node in
            document.scalar(node, "each of scrape_protocols", expected: expected) { text in
                guard protocols.contains(text), seen.insert(text).inserted else { return nil as String? }
                return text
            }
        }
        if has("fallback_scrape_protocol") {
            _ = scalar("fallback_scrape_protocol", expected: expected) { protocols.contains($0) ? $0 : nil }
        }
        for key in [
            "scrape_native_histograms", "always_scrape_classic_histograms", "scrape_classic_histograms",
            "convert_classic_histograms_to_nhcb",
        ] { _ = bool(key) }
        _ = integer("native_histogram_bucket_limit")
        _ = number("native_histogram_min_bucket_factor")
        _ = string("scrape_failure_log_file")
        _ = scalar("metric_name_validation_scheme", expected: "utf8 or legacy") {
            ["utf8", "legacy"].contains($0) ? $0 : nil
        }
        let escapings = ["allow-utf-8", "underscores", "dots", "values"]
        _ = scalar("metric_name_escaping_scheme", expected: "one of " + escapings.joined(separator: ", ")) {
            escapings.contains($0) ? $0 : nil
        }
    }
}

extension Node {
    var isEmptyList: Bool {
        if case .sequence(let items) = content { items.isEmpty } else { false }
    }
}
