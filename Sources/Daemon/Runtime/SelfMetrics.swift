import Control
import Discovery
import Exposition
import Fleet
import HTTPAPI
import Notification
import PromQL
import RemoteStorage
import Rules
import Scaling
import Scraping
import Storage
import TimeSeries
import Web

/// What the service tells about itself at /metrics, read off its parts when somebody asks.
enum SelfMetrics {
    private typealias Row = MetricRegistry.Observation

    static func register(_ parts: Components, in registry: MetricRegistry) {
        registerStorage(parts.store, registry)
        if let receiver = parts.remoteWrite { registerRemoteWrite(receiver, registry) }
        registerControl(parts, registry)
        registerQueries(parts, registry)
        registry.include("flyball_scrape") { parts.scraper.write(to: &$0) }
        registry.include("flyball_rule") { parts.rules.writeMetrics(to: &$0) }
        registry.include("flyball_notifications") { parts.notifier.writeMetrics(to: &$0) }
        registry.observe(
            "flyball_config_last_reload_successful",
            "Whether the last reload of the configuration was accepted."
        ) { parts.generations.status.reloadError == nil ? 1 : 0 }
        registry.observe(
            "flyball_config_last_reload_success_timestamp_seconds",
            "When the running configuration was loaded."
        ) { parts.generations.status.loadedAt.seconds }
        registry.observe("flyball_build_info", "The version of the service.") {
            [(labels: [(name: "version", value: parts.options.version)], value: 1)]
        }
        registry.observe("process_start_time_seconds", "When the process began.") { parts.startedAt.seconds }
        registry.observe("process_cpu_seconds_total", "CPU time of the process.", kind: .counter) {
            ProcessUsage.cpuSeconds
        }
        registry.observe("process_resident_memory_bytes", "Memory of the process that is in RAM.") {
            ProcessUsage.residentBytes
        }
    }

    /// One look at the store for all of its metrics: it walks every tail under the lock that appends take.
    private static func registerStorage(_ store: Store, _ registry: MetricRegistry) {
        registry.include("flyball_storage") { writer in
            let now = store.statistics(limit: 0)
            func gauge(_ name: String, _ help: String, _ value: Double) {
                writer.gauge("flyball_storage_" + name, help: help, value)
            }
            func counter(_ name: String, _ help: String, _ value: Double) {
                writer.counter("flyball_storage_" + name, help: help, value)
            }
            if let durable = now.durableTimestamp {
                gauge(
                    "durable_timestamp_seconds", "Samples up to this moment are on disk for good.",
                    durable.seconds)
            }
            gauge("series", "Series in memory.", Double(now.series))
            gauge("chunks", "Sealed chunks in memory.", Double(now.chunks))
            gauge("chunk_bytes", "Bytes of sealed chunks.", Double(now.chunkBytes))
            gauge("tail_bytes", "Bytes of raw tails.", Double(now.tailBytes))
            gauge("rollup_buckets", "Windows of series in rollups.", Double(now.rollupBuckets))
            gauge("rollup_bytes", "Bytes of rollups.", Double(now.rollupBytes))
            gauge(
                "memory_bytes", "Memory of samples, rollups, labels and index, as the store counts it.",
                Double(now.memoryBytes))
            gauge("memory_limit_bytes", "What storage.memory.limit allows.", Double(now.memoryLimit))
            gauge(
                "refuses_new_series", "Whether the memory limit keeps new series out.",
                now.refusesNewSeries ? 1 : 0)
            counter(
                "dropped_sample_bytes_total",
                "Bytes of samples that went for the memory limit, rolled up, before their retention was over.",
                Double(now.droppedSampleBytes))
            counter(
                "dropped_rollup_bytes_total",
                "Bytes of rollups that went for the memory limit before their retention was over.",
                Double(now.droppedRollupBytes))
            gauge(
                "tombstones", "Deletions whose samples are still in memory and files.", Double(now.tombstones)
            )
            gauge("exemplars", "Exemplars in memory.", Double(now.exemplars))
            counter("appended_exemplars_total", "Exemplars taken in.", Double(now.appendedExemplars))
            counter(
                "refused_exemplars_total", "Exemplars that were too old or too long.",
                Double(now.refusedExemplars))
            gauge("disk_bytes", "Bytes of the log and its snapshots.", Double(now.diskBytes))
            gauge(
                "lost_ranges", "Stretches of acknowledged records that recovery did not find.",
                Double(now.losses.count))
            gauge(
                "gap_seconds", "Seconds of time that the stretches cover, by the records around them.",
                now.gapSeconds)
            gauge(
                "damaged_ranges",
                "Stretches of bytes that recovery could not read; torn writes are among them.",
                Double(now.damage.count))
            gauge(
                "quarantined_files", "Damaged files that were set aside.", Double(now.quarantine.count))
            gauge(
                "reserve_bytes", "Disk space that is set aside for records of control; 0 while they use it.",
                store.reserveByteCount)
            counter("appended_samples_total", "Samples taken in.", Double(now.appendedSamples))
            counter("rejected_samples_total", "Samples refused.", Double(now.rejectedSamples))
            counter("failed_commits_total", "Commits that the disk refused.", Double(now.failedCommits))
        }
    }

    private static func registerQueries(_ parts: Components, _ registry: MetricRegistry) {
        parts.queries.metrics.register(in: registry, queue: parts.queries.queue)
        let forecasts = parts.engine.forecasts
        registry.observe(
            "flyball_query_forecast_fits_total", "Models that forecast and its kin have fitted.",
            kind: .counter
        ) { Double(forecasts.statistics.fits) }
        registry.observe("flyball_query_forecast_models", "Fitted models that are kept.") {
            Double(forecasts.statistics.models)
        }
        registry.observe("flyball_query_forecast_model_bytes", "Memory of fitted models, about.") {
            Double(forecasts.statistics.bytes)
        }
        registry.observe(
            "prometheus_engine_query_log_enabled", "Whether queries are logged."
        ) { parts.queries.log.path == nil ? 0 : 1 }
        registry.observe(
            "prometheus_engine_query_log_failures_total", "Queries that could not be logged.", kind: .counter
        ) { Double(parts.queries.log.failures) }
        registry.observe(
            "flyball_scrape_failure_log_failures_total", "Failed scrapes that could not be written down.",
            kind: .counter
        ) { Double(parts.failureLogs.failures) }
    }

    private static func registerRemoteWrite(_ receiver: RemoteWriteReceiver, _ registry: MetricRegistry) {
        registry.observe(
            "flyball_remote_write_requests_total", "Remote-write requests answered, by status.",
            kind: .counter
        ) {
            receiver.statistics.requestsByStatus.sorted { $0.key < $1.key }.map { status, count -> Row in
                (labels: [(name: "code", value: String(status))], value: Double(count))
            }
        }
        registry.observe(
            "flyball_remote_write_memory_bytes",
            "Memory that is kept to know the series again that were sent before."
        ) { Double(receiver.memoryBytes) }
        registry.observe(
            "flyball_remote_write_samples_total", "Samples of remote writes that are durable.", kind: .counter
        ) { Double(receiver.statistics.samples) }
        registry.observe(
            "flyball_remote_write_refused_samples_total", "Samples of remote writes that were refused.",
            kind: .counter
        ) { Double(receiver.statistics.refusedSamples) }
    }

    private static func registerControl(_ parts: Components, _ registry: MetricRegistry) {
        let view = parts.control.view
        let clock = parts.clock
        registry.observe("flyball_replicas", "Replicas by workload, node and phase.") {
            let view = view()
            var counts: [[String]: Double] = [:]
            for replica in view.replicas {
                counts[[replica.workload.name, replica.node.name, replica.phase.rawValue], default: 0] += 1
            }
            // A node without a ready replica shows a zero, so that graphs fall instead of ending.
            for workload in view.workloads {
                for node in view.nodes {
                    counts[[workload.workload.id.name, node.node.id.name, "ready"], default: 0] += 0
                }
            }
            return counts.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, count -> Row in
                (
                    labels: [
                        (name: "workload", value: key[0]), (name: "node", value: key[1]),
                        (name: "phase", value: key[2]),
                    ], value: count
                )
            }
        }
        registry.observe("flyball_workload_desired_replicas", "Replicas that a workload is to have.") {
            view().workloads.map { workloadRow($0, Double($0.desired)) }
        }
        registry.observe(
            "flyball_workload_unplaced_replicas", "Replicas that a workload lacks because no node takes them."
        ) {
            view().workloads.map { entry in
                let running = entry.ready + entry.starting + entry.unready
                return workloadRow(
                    entry, entry.unplaced.isEmpty ? 0 : Double(max(0, entry.desired - running)))
            }
        }
        registerAccounts(view, registry)
        registry.observe("flyball_control_paused", "Whether scaling of a workload is paused.") {
            view().workloads.map { workloadRow($0, $0.pause == nil ? 0 : 1) }
        }
        registry.observe("flyball_fleet_nodes", "Nodes by what is known of their life.") {
            var counts = ["expected": 0.0, "ready": 0, "suspect": 0, "lost": 0]
            for entry in view().nodes { counts[phase(entry.node.health), default: 0] += 1 }
            return counts.sorted { $0.key < $1.key }.map {
                (labels: [(name: "phase", value: $0.key)], value: $0.value)
            }
        }
        registry.observe(
            "flyball_control_frozen", "Whether removals are frozen because the inventory cannot be believed."
        ) {
            view().freeze == nil ? 0 : 1
        }
        registry.observe("flyball_decision_age_seconds", "Time since the control loop last took its turn.") {
            max(0, (clock.now - view().at).inSeconds)
        }
        registry.observe("flyball_control_open_commands", "Commands that are not yet settled.") {
            Double(view().openCommands.count)
        }
        registry.observe("flyball_control_epoch", "The epoch that commands bear.") { Double(view().epoch) }
    }

    private static func phase(_ health: Node.Health) -> String {
        switch health {
        case .expected: "expected"
        case .ready: "ready"
        case .suspect: "suspect"
        case .lost: "lost"
        }
    }

    /// How predictive policies stand beside a reactive autoscaler.
    private static func registerAccounts(
        _ view: @escaping @Sendable () -> ControlView, _ registry: MetricRegistry
    ) {
        @Sendable func rows(_ values: (ReferenceAccount) -> [(side: String?, value: Double)]) -> [Row] {
            view().policies.flatMap { entry in
                (entry.account.map(values) ?? []).map { side, value -> Row in
                    let policy = [
                        (name: "policy", value: entry.policy.name),
                        (name: "workload", value: entry.policy.workload.name),
                    ]
                    return (labels: policy + (side.map { [(name: "of", value: $0)] } ?? []), value: value)
                }
            }
        }
        registry.observe(
            "flyball_policy_cost_ratio",
            "Replica-time of a predictive policy lately, by that of a reactive autoscaler on the same demand."
        ) { rows { [(nil, $0.costRatio)] } }
        registry.observe(
            "flyball_policy_unserved_ratio",
            "Share of the demand lately left unserved by a predictive policy and by a reactive autoscaler, and "
                + "that its forecast would have left."
        ) {
            rows {
                [
                    ("policy", $0.ownShortage), ("reference", $0.referenceShortage),
                    ("forecast", $0.foreseenShortage),
                ]
            }
        }
    }

    private static func workloadRow(_ view: ControlView.WorkloadView, _ value: Double) -> Row {
        (labels: [(name: "workload", value: view.workload.id.name)], value: value)
    }
}
