import Curl
import Foundation
import Logging
import Notification
import PromQL
import RemoteStorage
import Rules
import Scaling
import Scraping
import ServiceLifecycle
import Storage
import TimeSeries
import UnixSignals
import Web

/// `flyball serve`: builds the parts, runs them as one service group, and ends them in reverse order.
package enum FlyballService {
    /// Runs until SIGINT or SIGTERM, which also stop the nodes and replicas that the process backend started.
    /// - Throws: why it could not start, in one line.
    package static func serve(_ options: ServeOptions) async throws {
        ProcessMemory.useOneHeap()
        LineLogHandler.bootstrap(level: options.logLevel, format: options.logFormat)
        let loader = GenerationLoader(features: options.features)
        let generation = try loader.load(options.configurationFile)
        let parts = try Components(options, generation, loader: loader)
        let token = try AccessToken.load(folder: parts.folder)
        let logger = Logger(label: "flyball")
        for warning in generation.configuration.warnings { logger.warning("\(warning)") }
        let listening = Gate()
        var limits = WebLimits()
        limits.requestTimeout = max(limits.requestTimeout, options.limits.timeout + .seconds(10))
        let server = WebServer(
            host: parts.address.host, port: parts.address.port,
            routes: APIRoutes.all(parts, isReady: { listening.isOpen }),
            authorization: Authorization(
                token: token,
                protecting: parts.address.isLoopback ? Role.changing.subtracting([.ingest]) : Role.changing),
            limits: limits, metrics: parts.registry, logger: Logger(label: "web")
        ) { port in
            logger.notice("listening", metadata: ["address": "\(parts.address.host):\(port)"])
            parts.apply(generation)
            listening.open()
        }
        try await run(parts, server, listening, logger)
        await parts.control.stop()
        parts.transport.close()
        logger.notice("stopped")
    }

    private static func run(
        _ parts: Components, _ server: WebServer, _ listening: Gate, _ logger: Logger
    ) async throws {
        /// Nothing acts before the address is ours.
        func background(_ body: @escaping @Sendable () async throws -> Void) -> BackgroundService {
            BackgroundService {
                try await listening.wait()
                try await body()
            }
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: StoreService(
                            store: parts.store, interval: { parts.generations.storage.syncInterval },
                            clock: parts.clock,
                            logger: Logger(label: "storage"),
                            outsideBytes: {
                                parts.remoteWrite?.forgetUnsent()
                                return parts.remoteWrite?.memoryBytes ?? 0
                            })),
                    .init(service: background { await parts.notifier.run() }),
                    .init(service: background { await parts.rules.run() }),
                    .init(service: background { await parts.control.run() }),
                    .init(service: background { try await parts.measurements.run() }),
                    .init(service: background { await parts.scraper.run() }),
                    .init(service: background { await reloadOnHangUp(parts) }),
                    .init(service: background { try await giveBackMemory(parts.clock) }),
                    .init(service: server),
                ],
                gracefulShutdownSignals: [.sigint, .sigterm], logger: quiet(logger)))
        try await group.run()
    }

    /// Once what start-up needed is done, and from time to time after that: what the heap does not use every half minute, or as
    /// seldom as takes a thousandth of the time, for nothing is allocated meanwhile; code after a minute once more, when all
    /// targets have been met, and then every half hour.
    private static func giveBackMemory(_ clock: any Clock) async throws {
        try await clock.sleep(for: .seconds(1))
        var nextCode = clock.uptime
        var isFirst = true
        while true {
            if clock.uptime >= nextCode {
                ProcessMemory.giveBackCode()
                nextCode = clock.uptime + (isFirst ? .seconds(60) : .seconds(1800))
                isFirst = false
            }
            let start = clock.uptime
            ProcessMemory.giveBackHeap()
            try await clock.sleep(for: max(.seconds(30), (clock.uptime - start) * 1000))
        }
    }

    private static func reloadOnHangUp(_ parts: Components) async {
        for await _ in await UnixSignalsSequence(trapping: .sighup) {
            try? await parts.reload()
        }
    }

    private static func quiet(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }
}

extension Components {
    func reload() async throws {
        try await generations.reload { generation, _ in apply(generation) }
    }
}
