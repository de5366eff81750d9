package import Relabelling
import TimeSeries

/// What `global` says about scrapes.
package struct ScrapeDefaults: Hashable, Sendable {
    package var interval: Duration
    package var timeout: Duration
    package var limits: ScrapeLimits
    /// `extra_scrape_metrics`: also report timeout, sample limit and body size of each scrape.
    package var reportsExtraMetrics: Bool
    /// The formats to ask for, the most wanted first; nil for the standard ones.
    package var protocols: [ScrapeProtocol]?
    /// The format of an answer that does not say its own.
    package var fallback: ScrapeProtocol?
    package var readsNativeHistograms: Bool
    package var keepsClassicHistograms: Bool
    package var convertsClassicHistograms = false
    /// `scrape_failure_log_file`; nil for none.
    package var failureLog: String?
    package var names = NameRules()
    /// `native_histogram_bucket_limit`; nil for none.
    package var histogramBuckets: Int?
    /// `native_histogram_min_bucket_factor`; 0 for any.
    package var histogramFactor = 0.0

    package init(
        interval: Duration = .seconds(60), timeout: Duration = .seconds(10),
        limits: ScrapeLimits = ScrapeLimits(),
        reportsExtraMetrics: Bool = false,
        protocols: [ScrapeProtocol]? = nil, fallback: ScrapeProtocol? = nil,
        readsNativeHistograms: Bool = false, keepsClassicHistograms: Bool = false
    ) {
        self.interval = interval
        self.timeout = timeout
        self.limits = limits
        self.reportsExtraMetrics = reportsExtraMetrics
        self.protocols = protocols
        self.fallback = fallback
        self.readsNativeHistograms = readsNativeHistograms
        self.keepsClassicHistograms = keepsClassicHistograms
    }
}

/// One entry of `scrape_configs`, with what it inherits from `global`.
package struct ScrapeConfiguration: Hashable, Sendable {
    package var jobName: String
    package var interval: Duration
    /// At most `interval`.
    package var timeout: Duration
    package var metricsPath: String
    package var scheme: String
    /// URL parameters, in the order of the file.
    package var parameters: [Parameter]
    /// A label of the target that is also in a line: the line's wins, instead of becoming `exported_...`.
    package var honorsLabels: Bool
    /// Times in the text are taken instead of the time of the scrape.
    package var honorsTimestamps: Bool
    /// Series with times of their own get stale markers too.
    package var tracksTimestampStaleness: Bool
    /// Ask targets that are not on this machine for gzip.
    package var acceptsCompression: Bool
    package var reportsExtraMetrics: Bool
    /// The formats to ask for, the most wanted first.
    package var protocols: [ScrapeProtocol]
    /// The format of an answer that does not say its own; the text format where nil.
    package var fallbackProtocol: ScrapeProtocol?
    /// Take native histograms out of protobuf answers; without it, their classic buckets.
    package var readsNativeHistograms: Bool
    /// Take classic buckets beside native ones.
    package var keepsClassicHistograms: Bool
    /// Make native histograms with custom bounds of classic ones.
    package var convertsClassicHistograms: Bool
    /// A file for a line of JSON per scrape that fails; nil for none.
    package var failureLog: String?
    package var names: NameRules
    /// The most buckets of a native histogram, by merging neighbours; nil for no limit.
    package var histogramBuckets: Int?
    /// From one bound of a native histogram to the next at least.
    package var histogramFactor: Double
    package var limits: ScrapeLimits
    /// How many dropped targets are remembered; nil is all of them.
    package var keepsDroppedTargets: Int?
    package var client: HTTPClientConfiguration
    package var relabelRules: [RelabelRule]
    package var metricRelabelRules: [RelabelRule]
    package var staticGroups: [TargetGroup]
    package var files: [FileDiscovery.Configuration]
    package var fleetRoles: [FleetRole]

    package struct Parameter: Hashable, Sendable {
        package var name: String
        package var values: [String]

        package init(name: String, values: [String]) {
            self.name = name
            self.values = values
        }
    }

    /// The defaults of Prometheus but for the job's name; for tests and for targets the service adds itself.
    package init(jobName: String, defaults: ScrapeDefaults = ScrapeDefaults()) {
        self.jobName = jobName
        interval = defaults.interval
        timeout = min(defaults.timeout, defaults.interval)
        metricsPath = "/metrics"
        scheme = "http"
        parameters = []
        honorsLabels = false
        honorsTimestamps = true
        tracksTimestampStaleness = false
        acceptsCompression = true
        reportsExtraMetrics = defaults.reportsExtraMetrics
        protocols = defaults.protocols ?? ScrapeProtocol.standard
        fallbackProtocol = defaults.fallback
        readsNativeHistograms = defaults.readsNativeHistograms
        keepsClassicHistograms = defaults.keepsClassicHistograms
        convertsClassicHistograms = defaults.convertsClassicHistograms
        failureLog = defaults.failureLog
        names = defaults.names
        histogramBuckets = defaults.histogramBuckets
        histogramFactor = defaults.histogramFactor
        limits = defaults.limits
        keepsDroppedTargets = nil
        client = HTTPClientConfiguration()
        relabelRules = []
        metricRelabelRules = []
        staticGroups = []
        files = []
        fleetRoles = []
    }
}
