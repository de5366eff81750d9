import Audit
import Console
import Control
import Discovery
import Foundation
import HTTPAPI
import Journal
import Logging
import Notification
import PromQL
import Rules
import Scraping
import Storage
import TimeSeries
import Web

/// Every route of the service, wired to its parts.
enum APIRoutes {
    static func all(_ parts: Components, isReady: @escaping @Sendable () -> Bool) -> [Route] {
        let context = APIContext(
            engine: parts.engine, source: parts.store, limits: parts.options.limits,
            features: parts.options.features, queries: parts.queries, workers: parts.workers,
            targets: {
                TargetListing(
                    active: parts.scraper.targets, dropped: parts.scraper.droppedTargets,
                    droppedCounts: parts.scraper.droppedCounts)
            }, ruleGroups: { parts.rules.statuses }, notifier: { parts.notifier.statistics },
            storage: { parts.store.statistics(limit: $0) }, remoteWrite: parts.remoteWrite,
            administration: parts.options.hasAdminAPI ? StoreCopies.administration(parts) : nil,
            exemplars: { parts.store.exemplars($0, in: $1) }, control: { parts.control.view() },
            requests: OperatorRequests(parts.control.runner), audit: AuditReading(parts.control.audit),
            metrics: parts.registry, clock: parts.clock, configuration: { parts.generations.status.text },
            flags: flags(parts), runtime: { runtime(parts) },
            build: BuildInformation(version: parts.options.version, revision: "", swiftVersion: "6.3"),
            isReady: isReady,
            reload: { try await parts.reload() })
        return context.routes + ConsoleRoutes().routes
    }

    private static func flags(_ parts: Components) -> [(name: String, value: String)] {
        [
            (name: "config.file", value: parts.options.configurationFile ?? ""),
            (
                name: "enable-feature",
                value: QueryFeatures.named.filter { parts.options.features.contains($0.feature) }.map(\.name)
                    .joined(separator: ",")
            ), (name: "log.format", value: parts.options.logFormat.rawValue),
            (name: "log.level", value: parts.options.logLevel.rawValue),
            (name: "query.lookback-delta", value: parts.options.limits.lookback.prometheusText),
            (name: "query.max-concurrency", value: "\(parts.options.maxConcurrentQueries)"),
            (name: "query.max-samples", value: "\(parts.options.limits.maxSamples)"),
            (
                name: "query.strict-prometheus",
                value: "\(parts.options.features.contains(.strictPrometheus))"
            ), (name: "query.timeout", value: parts.options.limits.timeout.prometheusText),
            (name: "storage.path", value: parts.folder),
            (name: "web.enable-admin-api", value: "\(parts.options.hasAdminAPI)"),
            (name: "web.enable-remote-write-receiver", value: "\(parts.options.receivesRemoteWrite)"),
            (name: "web.listen-address", value: parts.options.listenAddress),
        ]
    }

    private static func runtime(_ parts: Components) -> RuntimeInformation {
        let status = parts.generations.status
        let statistics = parts.store.statistics(limit: 0)
        return RuntimeInformation(
            startTime: parts.startedAt, workingDirectory: FileManager.default.currentDirectoryPath,
            hostname: ProcessInfo.processInfo.hostName, reloadSucceeded: status.reloadError == nil,
            reloadError: status.reloadError, configurationLoadedAt: status.loadedAt,
            corruptions: statistics.losses.count + statistics.damage.count,
            processors: ProcessInfo.processInfo.activeProcessorCount,
            retention: parts.store.configuration.retention.prometheusText)
    }
}
