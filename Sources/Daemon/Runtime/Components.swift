import Actuation
import Audit
import Backends
import Control
import Coordination
import Curl
import Discovery
import Dispatch
import Fleet
import Foundation
import HTTPAPI
import Journal
import Logging
import Notification
import PromQL
import RemoteStorage
import Rules
import Scaling
import Scraping
import Storage
import TimeSeries
import Web

/// Everything the service is made of, built once. A reload only swaps what a generation describes.
struct Components: Sendable {
    let options: ServeOptions
    let address: ListenAddress
    let folder: String
    let clock = SystemClock()
    let startedAt: Timestamp
    let generations: Generations
    let store: Store
    /// What a query and its answer are shared among.
    let workers: Workers
    let engine: LocalEngine
    let queries: QueryDesk
    let transport: CurlTransport
    let scraper: Scraper
    let failureLogs = ScrapeFailureLogs()
    let rules: RuleService
    let notifier: AlertmanagerNotifier
    let measurements: MeasurementLoop
    let control: ControlPlane
    /// Nil where the command line does not ask for it.
    let remoteWrite: RemoteWriteReceiver?
    let registry = MetricRegistry()

    /// Opens and recovers everything; nothing runs yet.
    /// - Throws: `StartError` and what the parts throw, each one clear line.
    init(_ options: ServeOptions, _ generation: Generation, loader: GenerationLoader) throws {
        self.options = options
        let configuration = generation.configuration
        address = try ListenAddress(options.listenAddress)
        startedAt = clock.now
        folder = try ServiceFolder.resolve(options.storagePath ?? configuration.storage.path ?? "data")
        generations = Generations(
            generation, file: options.configurationFile, pathIsGiven: options.storagePath != nil,
            loader: loader, clock: clock, logger: Logger(label: "config"))
        let disk = try Self.disk(folder)
        let lock = try Self.lock(disk, folder)
        if ServiceFolder.lacksSamples(folder) {
            Logger(label: "storage").warning("\(ServiceFolder.lackingSamples); the store begins empty")
        }
        if try StoreCopies.adopt(disk) {
            Logger(label: "storage").notice(
                "the folder is a copy of a store; it is a service's from now on, with the samples in its folder samples",
                metadata: ["folder": "\(folder)"])
        }
        // One query shares its work among as many threads as there are processors.
        workers = Workers(count: ProcessInfo.processInfo.activeProcessorCount) { pieces, body in
            DispatchQueue.concurrentPerform(iterations: pieces, execute: body)
        }
        let reserve = DiskReserve(disk, byteCount: configuration.storage.reserveBytes)
        // Nothing is dropped by a clock that nobody has looked at yet.
        store = try Store(
            disk: try RealDisk(root: folder + "/samples"), configuration: Self.storage(configuration.storage),
            workers: workers, now: Timestamp(milliseconds: 0), reserve: reserve)
        Self.report(store.statistics(limit: 0))
        let began = ContinuousClock.now
        engine = LocalEngine(
            source: store, features: options.features,
            subqueryStep: configuration.global.evaluationInterval, workers: workers,
            now: { ContinuousClock.now - began }
        ) { timeout in
            let end = ContinuousClock.now + timeout
            return { ContinuousClock.now > end }
        }
        queries = QueryDesk(maxConcurrency: options.maxConcurrentQueries, clock: clock)
        transport = CurlTransport()
        notifier = AlertmanagerNotifier(transport: transport, clock: clock)
        control = try ControlPlane(
            configuration, disk: disk, lock: lock, reserve: reserve, folder: folder, transport: transport,
            clock: clock)
        let control = control
        let store = store
        let measurements = MeasurementLoop(
            measurer: Measurer(engine: engine), clock: clock,
            learned: { control.runner.learned }, store: { _ = store.append($0) },
            submit: { control.submit(.measured($0)) })
        self.measurements = measurements
        let failureLogs = failureLogs
        scraper = Scraper(
            transport: transport, clock: clock, sink: store, userAgent: "flyball/" + options.version,
            fleet: { role in FleetTargetProvider.groups(role, control.view()) },
            onLanded: { landed in
                failureLogs.note(landed)
                measurements.landed()
            })
        let notifier = notifier
        rules = RuleService(
            environment: Self.environment(configuration, engine, store, clock, address),
            notify: { notifier.send($0) },
            observe: { group, outcome in
                for failure in outcome.failures {
                    Logger(label: "rules").warning(
                        "a rule failed",
                        metadata: [
                            "group": "\(group.name)", "rule": "\(failure.rule)",
                            "reason": "\(failure.message)",
                        ])
                }
            })
        remoteWrite = options.receivesRemoteWrite ? Self.receiver(store, clock, configuration.storage) : nil
        SelfMetrics.register(self, in: registry)
    }

    /// Puts a generation to use: at start, and on each reload.
    func apply(_ generation: Generation) {
        let configuration = generation.configuration
        if let problem = queries.log.open(configuration.global.queryLogFile) {
            Logger(label: "queries").error("\(problem)")
        }
        let added = FleetTargetProvider.jobs(
            own: address.localAddress, defaults: configuration.scrapeDefaults)
        let names = Set(configuration.scrapes.map(\.jobName))
        let jobs = configuration.scrapes + added.filter { !names.contains($0.jobName) }
        for problem in failureLogs.open(Set(jobs.compactMap(\.failureLog))) {
            Logger(label: "scraping").error("\(problem)")
        }
        store.apply(Self.storage(configuration.storage))
        remoteWrite?.apply(Self.remoteWriteLimits(configuration.storage))
        scraper.apply(jobs)
        notifier.apply(configuration.alerting, externalLabels: configuration.global.externalLabels)
        rules.apply(
            generation.groups, environment: Self.environment(configuration, engine, store, clock, address))
        measurements.apply(generation.policies)
        control.configure(generation)
    }

    private static func disk(_ folder: String) throws -> RealDisk {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            return try RealDisk(root: folder)
        } catch let error as DiskError {
            throw StartError("cannot use the storage folder \(folder): \(error)")
        } catch {
            let reason = ServiceFolder.obstacle(folder) ?? SystemReason.text(error)
            throw StartError("cannot use the storage folder \(folder): \(reason)")
        }
    }

    private static func lock(_ disk: RealDisk, _ folder: String) throws -> DirectoryLock {
        do {
            return try DirectoryLock(disk, owner: "pid \(ProcessInfo.processInfo.processIdentifier)")
        } catch {
            throw StartError("\(folder): \(error)")
        }
    }

    /// Logs what recovery did not find or could not read.
    private static func report(_ found: StoreStatistics) {
        let logger = Logger(label: "storage")
        for loss in found.losses { logger.error("stored samples are lost", metadata: ["loss": "\(loss)"]) }
        for range in found.damage {
            logger.warning(
                "bytes of a file could not be read",
                metadata: [
                    "path": "\(range.path)", "offset": "\(range.offset)", "length": "\(range.length)",
                ])
        }
        for path in found.foreign {
            logger.warning("no file of the store; it is left alone", metadata: ["path": "\(path)"])
        }
        for length in found.unmadeRollups {
            logger.warning(
                "no more windows of this length are made, as storage.rollups does not name it; those that are there stay for the longest time that it names, and go where it names none",
                metadata: ["length": "\(length.prometheusText)"])
        }
        guard found.unreadableRecords > 0 else { return }
        logger.error(
            "records or chunks are damaged or refer to something that is lost",
            metadata: ["count": "\(found.unreadableRecords)"])
    }

    private static func storage(_ settings: Configuration.StorageSettings) -> StoreConfiguration {
        StoreConfiguration(
            sync: settings.sync, retention: settings.retention, outOfOrderWindow: settings.outOfOrderWindow,
            memoryLimit: settings.memoryLimitBytes ?? ProcessUsage.defaultMemoryLimit,
            limits: settings.limits,
            rollups: settings.rollups, maxExemplars: settings.maxExemplars)
    }

    /// What remote write may cost and bring, by the limits of the store that it writes to.
    private static func remoteWriteLimits(_ settings: Configuration.StorageSettings) -> RemoteWriteLimits {
        var limits = RemoteWriteLimits()
        limits.labels = settings.limits.labels
        limits.labelNameBytes = settings.limits.labelNameLength
        limits.labelValueBytes = settings.limits.labelValueLength
        limits.fit(memoryLimit: settings.memoryLimitBytes ?? ProcessUsage.defaultMemoryLimit)
        return limits
    }

    private static func receiver(
        _ store: Store, _ clock: SystemClock, _ settings: Configuration.StorageSettings
    ) -> RemoteWriteReceiver {
        RemoteWriteReceiver(
            sink: store, clock: clock,
            durability: GroupCommit(
                durablePosition: { store.durablePosition }, commit: { try store.sync() }),
            limits: remoteWriteLimits(settings))
    }

    private static func environment(
        _ configuration: Configuration, _ engine: LocalEngine, _ store: Store, _ clock: SystemClock,
        _ address: ListenAddress
    ) -> RuleEnvironment {
        RuleEnvironment(
            engine: engine, sink: store, clock: clock, externalLabels: configuration.global.externalLabels,
            externalURL: "http://" + address.localAddress)
    }
}
