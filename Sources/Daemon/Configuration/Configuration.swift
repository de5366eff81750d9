package import Control
package import Discovery
package import Fleet
package import Notification
package import Storage
package import TimeSeries

/// `flyball.yml`, read and checked: Prometheus' schema and the sections of ours. Paths are absolute.
package struct Configuration: Sendable {
    package struct Global: Sendable {
        package var evaluationInterval: Duration = .seconds(60)
        package var ruleQueryOffset: Duration = .zero
        package var externalLabels = Labels.empty
        /// Where queries over HTTP are logged; nil for nowhere.
        package var queryLogFile: String?
    }

    package struct StorageSettings: Hashable, Sendable {
        package var path: String?
        package var retention: Duration = .seconds(15 * 86_400)
        /// Nil: half of the machine's or the cgroup's memory.
        package var memoryLimitBytes: Int?
        package var outOfOrderWindow: Duration = .seconds(600)
        /// When scraped samples reach the disk. Remote write is durable before its 2xx unless this is `none`.
        package var sync: StoreConfiguration.SyncPolicy = .interval
        /// How often, with `interval` and `none`.
        package var syncInterval: Duration = .seconds(1)
        package var limits = StoreConfiguration.Limits()
        /// Disk space that is set aside for records of control.
        package var reserveBytes = 64 << 20
        /// Finest first.
        package var rollups = RollupRule.standard
        /// Exemplars kept, the newest ones; 0 for none.
        package var maxExemplars = 100_000
    }

    package struct FleetSettings: Hashable, Sendable {
        package enum BackendKind: String, Hashable, Sendable, CaseIterable {
            case process, dryRun = "dry-run"
        }

        package var backend: BackendKind = .process
        package var nodes: [NodeSpec] = []
        /// How long a node outlives a silent service.
        package var lease: Duration = .seconds(30)
        package var files: [String] = []
        package var guards = GuardLimits()
    }

    package var global = Global()
    /// What `global` says about scrapes; also for the targets that the service adds itself.
    package var scrapeDefaults = ScrapeDefaults()
    package var scrapes: [ScrapeConfiguration] = []
    package var ruleFiles: [String] = []
    package var policyFiles: [String] = []
    package var alerting = AlertingConfiguration()
    package var storage = StorageSettings()
    package var fleet = FleetSettings()
    /// The name of this log in its checkpoints.
    package var auditOrigin = "flyball.local"
    /// Sections that were read and are not acted on.
    package var warnings: [String] = []
    /// The file as text with secrets replaced, for `/api/v1/status/config`.
    package var text = ""

    package init() {}
}
