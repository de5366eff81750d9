import Curl
import Discovery
import Documents
import Relabelling
import Testing
import TimeSeries

struct ScrapeConfigurationTests {
    /// Reads `global` and `scrape_configs` of a configuration file.
    static func read(_ yaml: String, file: String = "prometheus.yml") throws -> [ScrapeConfiguration] {
        let document = DocumentReader(file: file)
        let root = try YAMLDocument.parse(yaml, file: file)
        var defaults = ScrapeDefaults()
        if let global = root["global"] {
            defaults = document.mapping(global, "global") { ScrapeDefaults.read($0) } ?? defaults
        }
        let jobs = root["scrape_configs"].map {
            ScrapeConfiguration.readList($0, document, defaults: defaults, directory: "/etc/prometheus")
        }
        return try document.finish(jobs ?? [])
    }

    private func one(_ yaml: String) throws -> ScrapeConfiguration {
        try #require(try ScrapeConfigurationTests.read("scrape_configs:\n" + yaml).first)
    }

    @Test func `a job alone has Prometheus' defaults and a body limit`() throws {
        let job = try one("- job_name: a")

        #expect(job.interval == .seconds(60))
        #expect(job.timeout == .seconds(10))
        #expect(job.metricsPath == "/metrics")
        #expect(job.scheme == "http")
        #expect(!job.honorsLabels)
        #expect(job.honorsTimestamps)
        #expect(job.limits.bodyBytes == 16 << 20)
        #expect(job.limits.samples == 200_000)
    }

    @Test func `global values are inherited and may be replaced`() throws {
        let jobs = try ScrapeConfigurationTests.read(
            """
            global: { scrape_interval: 15s, scrape_timeout: 12s, sample_limit: 1500, body_size_limit: 15MB }
            scrape_configs:
            - { job_name: a }
            - { job_name: b, scrape_interval: 50s, scrape_timeout: 5s, sample_limit: 0, body_size_limit: 1GB }
            - { job_name: c, scrape_interval: 5s }
            """)

        #expect(jobs.map(\.interval) == [.seconds(15), .seconds(50), .seconds(5)])
        #expect(jobs.map(\.timeout) == [.seconds(12), .seconds(5), .seconds(5)])
        #expect(jobs.map(\.limits.samples) == [1500, nil, 1500])
        #expect(jobs.map(\.limits.bodyBytes) == [15 << 20, 1 << 30, 15 << 20])
    }

    @Test func `formats are asked for as Prometheus would, unless the file says otherwise`() throws {
        let jobs = try ScrapeConfigurationTests.read(
            """
            global: { scrape_protocols: [PrometheusText0.0.4], fallback_scrape_protocol: OpenMetricsText1.0.0 }
            scrape_configs:
            - { job_name: a }
            - { job_name: b, scrape_protocols: [OpenMetricsText1.0.0, PrometheusProto] }
            """)
        let native = try one("- { job_name: c, scrape_native_histograms: true }")

        #expect(jobs.map(\.protocols) == [[.text004], [.openMetrics100, .protobuf]])
        #expect(jobs.map(\.fallbackProtocol) == [.openMetrics100, .openMetrics100])
        #expect(native.protocols == [.protobuf] + ScrapeProtocol.standard)
        #expect(native.readsNativeHistograms)
    }

    @Test func `conversion of histograms and the log of failures are inherited and may be replaced`() throws {
        let jobs = try ScrapeConfigurationTests.read(
            """
            global: { convert_classic_histograms_to_nhcb: true, scrape_failure_log_file: /all.log }
            scrape_configs:
            - { job_name: a }
            - { job_name: b, convert_classic_histograms_to_nhcb: false, scrape_failure_log_file: own.log }
            """)

        #expect(jobs.map(\.convertsClassicHistograms) == [true, false])
        #expect(jobs.map(\.failureLog) == ["/all.log", "/etc/prometheus/own.log"])
    }

    @Test func `paths are relative to the configuration`() throws {
        let job = try one(
            """
            - job_name: a
              authorization: { credentials_file: token }
              tls_config: { ca_file: /ca.pem, cert_file: cert.pem, key_file: key.pem, server_name: x }
              file_sd_configs: [ { files: [ targets/*.json, /abs.yml ], refresh_interval: 10s } ]
            """)

        #expect(
            job.client.authentication
                == .authorization(scheme: "Bearer", credentials: .file("/etc/prometheus/token")))
        #expect(job.client.tls?.authorityFile == "/ca.pem")
        #expect(job.client.tls?.certificateFile == "/etc/prometheus/cert.pem")
        #expect(job.client.tls?.serverName == "x")
        #expect(job.files.first?.files == ["/etc/prometheus/targets/*.json", "/abs.yml"])
        #expect(job.files.first?.refreshInterval == .seconds(10))
    }

    @Test func `the fleet is a source of targets`() throws {
        #expect(
            try one("- { job_name: a, flyball_sd_configs: [ { role: node }, { role: replica } ] }").fleetRoles
                == [.node, .replica])
    }

    @Test(arguments: [
        ("- { metrics_path: /m }", "needs \"job_name\""), ("- { job_name: '' }", "must not be empty"),
        ("- ", "empty scrape configuration"),
        ("- { job_name: a }\n- { job_name: a }", "\"a\" is given twice"),
        ("- { job_name: a, scrape_interval: 5s, scrape_timeout: 6s }", "longer than scrape_interval"),
        ("- { job_name: a, scrape_interval: 5 }", "a duration such as 15s"),
        ("- { job_name: a, body_size_limit: 100 }", "a size such as 15MB"),
        ("- { job_name: a, scheme: ftp }", "http or https"),
        ("- { job_name: a, static_configs: [ { targets: ['http://x'] } ] }", "is no target"),
        ("- { job_name: a, static_configs: [ { hosts: [x] } ] }", "unknown key \"hosts\""),
        ("- { job_name: a, file_sd_configs: [ { files: [x.txt] } ] }", "must end in .json"),
        ("- { job_name: a, file_sd_configs: [ { files: ['*/x.yml'] } ] }", "one * in its last part"),
        ("- { job_name: a, file_sd_configs: [ { files: [] } ] }", "at least one of files"),
        ("- { job_name: a, consul_sd_configs: [ {} ] }", "consul_sd_configs is not supported yet"),
        ("- { job_name: a, consult_sd_configs: [ {} ] }", "unknown key"),
        ("- { job_name: a, basic_auth: { username: x }, bearer_token: y }", "at most one"),
        ("- { job_name: a, basic_auth: { username: x, password: y, password_file: z } }", "at most one"),
        ("- { job_name: a, tls_config: { cert_file: x } }", "need each other"),
        ("- { job_name: a, scrape_protocols: [ PrometheusProto, PrometheusProto ] }", "scrape_protocols"),
        ("- { job_name: a, proxy_url: 'http://x' }", "not supported yet"),
    ])
    func `a job that cannot work is refused with its place`(yaml: String, reason: String) {
        let error = #expect(throws: DocumentError.self) {
            try ScrapeConfigurationTests.read("scrape_configs:\n" + yaml)
        }

        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        #expect(error?.description.hasPrefix("prometheus.yml:") == true)
    }

    @Test func `credentials are read when a request is made`() throws {
        let files = FileTable()
        files.write("/token", "s3cret\n")
        let client = HTTPClientConfiguration(
            authentication: .basic(user: .text("me"), password: .file("/token")),
            headers: [HTTPClientConfiguration.Header(name: "X", values: [.text("1"), .text("2")])])

        let headers = try client.requestHeaders(files.access)

        #expect(headers.map(\.name) == ["X", "X", "Authorization"])
        #expect(headers.last?.value == "Basic bWU6czNjcmV0")
        #expect(throws: FileFailure.self) {
            try HTTPClientConfiguration(
                authentication: .authorization(scheme: "Bearer", credentials: .file("/none"))
            ).requestHeaders(files.access)
        }
    }

    @Test func `what names and native histograms may be is inherited and may be replaced`() throws {
        let jobs = try ScrapeConfigurationTests.read(
            """
            global: { metric_name_validation_scheme: legacy, native_histogram_bucket_limit: 100 }
            scrape_configs:
            - { job_name: a, native_histogram_min_bucket_factor: 1.1 }
            - { job_name: b, metric_name_validation_scheme: utf8, native_histogram_bucket_limit: 0 }
            - { job_name: c, metric_name_escaping_scheme: values }
            """)

        #expect(jobs.map(\.names.areLegacy) == [true, false, true])
        #expect(jobs.map(\.names.escaping) == ["underscores", "allow-utf-8", "values"])
        #expect(jobs.map(\.histogramBuckets) == [100, nil, 100])
        #expect(jobs.map(\.histogramFactor) == [1.1, 0, 0])
    }
}
