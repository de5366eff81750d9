package import Control
package import Notification
package import PromQL
package import RemoteStorage
package import Rules
package import Storage
package import TimeSeries
package import Web

/// Everything that the API shows and does, as values and closures: who wires the service fills it in.
package struct APIContext: Sendable {
    // What is measured.
    package var engine: any QueryEngine
    package var source: any SeriesSource
    package var limits: QueryLimits
    package var features: QueryFeatures
    /// Where queries wait for their turn.
    package var queries: QueryDesk
    /// By whom long answers are written.
    package var workers: Workers
    package var targets: @Sendable () async -> TargetListing
    package var ruleGroups: @Sendable () async -> [RuleGroupStatus]
    /// Nil where no Alertmanager is configured.
    package var notifier: @Sendable () async -> NotifierStatistics?
    /// With lists of at most so many entries.
    package var storage: @Sendable (_ limit: Int) async -> StoreStatistics
    /// Nil where remote write is not received.
    package var remoteWrite: RemoteWriteReceiver?
    /// Nil where the admin APIs are not switched on.
    package var administration: StoreAdministration?
    package var exemplars: ExemplarRoutes.Lookup

    // What is controlled.
    package var control: @Sendable () async -> ControlView
    package var requests: OperatorRequests
    package var audit: AuditReading

    // The service itself.
    package var metrics: MetricRegistry
    package var clock: any Clock
    /// The running configuration as YAML, without secrets.
    package var configuration: @Sendable () -> String
    package var flags: [(name: String, value: String)]
    package var runtime: @Sendable () -> RuntimeInformation
    package var build: BuildInformation
    /// Whether recovery is done and queries are answered.
    package var isReady: @Sendable () -> Bool
    /// Reads the configuration again; throws where the old one was kept, with what is wrong.
    package var reload: @Sendable () async throws -> Void

    package init(
        engine: any QueryEngine, source: any SeriesSource, limits: QueryLimits = QueryLimits(),
        features: QueryFeatures = [], queries: QueryDesk? = nil, workers: Workers = .one,
        targets: @escaping @Sendable () async -> TargetListing,
        ruleGroups: @escaping @Sendable () async -> [RuleGroupStatus],
        notifier: @escaping @Sendable () async -> NotifierStatistics? = { nil },
        storage: @escaping @Sendable (_ limit: Int) async -> StoreStatistics,
        remoteWrite: RemoteWriteReceiver? = nil, administration: StoreAdministration? = nil,
        exemplars: @escaping ExemplarRoutes.Lookup = { _, _ in [] },
        control: @escaping @Sendable () async -> ControlView,
        requests: OperatorRequests, audit: AuditReading,
        metrics: MetricRegistry, clock: any Clock, configuration: @escaping @Sendable () -> String,
        flags: [(name: String, value: String)], runtime: @escaping @Sendable () -> RuntimeInformation,
        build: BuildInformation, isReady: @escaping @Sendable () -> Bool,
        reload: @escaping @Sendable () async throws -> Void
    ) {
        self.engine = engine
        self.source = source
        self.limits = limits
        self.features = features
        self.queries = queries ?? QueryDesk(clock: clock)
        self.workers = workers
        self.targets = targets
        self.ruleGroups = ruleGroups
        self.notifier = notifier
        self.storage = storage
        self.remoteWrite = remoteWrite
        self.administration = administration
        self.exemplars = exemplars
        self.control = control
        self.requests = requests
        self.audit = audit
        self.metrics = metrics
        self.clock = clock
        self.configuration = configuration
        self.flags = flags
        self.runtime = runtime
        self.build = build
        self.isReady = isReady
        self.reload = reload
    }

    /// Every route below /api/v1, and those that watch and steer the service. What needs the store answers 503 until the
    /// service is ready.
    package var routes: [Route] {
        let lifecycle = LifecycleRoutes(metrics: metrics, isReady: isReady, reload: reload).routes
        let status = StatusRoutes(
            configuration: configuration, flags: flags, runtime: runtime, build: build, clock: clock
        ).routes
        let readers =
            QueryRoutes(
                engine: engine, limits: limits, features: features, clock: clock, desk: queries,
                workers: workers
            ).routes
            + SeriesRoutes(source: source, desk: queries).routes
            + TargetRoutes(targets: targets, notifier: notifier).routes
            + RuleRoutes(groups: ruleGroups).routes
            + StorageRoutes(statistics: storage).routes
            + RemoteWriteRoutes(receiver: remoteWrite).routes
            + AdminRoutes(administration: administration).routes
            + ExemplarRoutes(exemplars: exemplars, features: features).routes
            + TargetMetadataRoutes(targets: targets, source: source).routes
            + FleetRoutes(view: control, requests: requests).routes
            + ScalingRoutes(view: control, requests: requests, audit: audit, clock: clock).routes
            + AuditRoutes(audit: audit).routes
        return lifecycle + status + readers.map { $0.onlyWhen(isReady) }
    }
}

extension Route {
    /// The same route, that answers 503 while the service is not ready.
    fileprivate func onlyWhen(_ isReady: @escaping @Sendable () -> Bool) -> Route {
        answered(by: { [handler] request in
            guard isReady() else { throw WebError.unavailable("Service Unavailable: still recovering") }
            return try await handler(request)
        })
    }
}
