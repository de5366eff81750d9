import Exposition
package import Web

/// `/metrics`, `/-/healthy`, `/-/ready`, `/-/reload`: what watches and steers the service itself.
package struct LifecycleRoutes: Sendable {
    private let metrics: MetricRegistry
    private let isReady: @Sendable () -> Bool
    private let reload: @Sendable () async throws -> Void

    /// - Parameters:
    ///   - isReady: whether recovery is done and queries are answered.
    ///   - reload: reads the configuration again; throws where the old one was kept, with what is wrong.
    package init(
        metrics: MetricRegistry, isReady: @escaping @Sendable () -> Bool,
        reload: @escaping @Sendable () async throws -> Void
    ) {
        self.metrics = metrics
        self.isReady = isReady
        self.reload = reload
    }

    package var routes: [Route] {
        [
            Route([.get], "/metrics", role: .open, "Metrics of the service itself") { [metrics] _ in
                WebResponse(contentType: ExpositionWriter.contentType, body: metrics.render())
            },
            Route([.get], "/-/healthy", role: .open, "Whether the service runs", neverBlocks: true) { _ in
                .text("Flyball is Healthy.\n")
            },
            Route([.get], "/-/ready", role: .open, "Whether the service answers queries") { [isReady] _ in
                isReady() ? .text("Flyball is Ready.\n") : .text("Service Unavailable", status: 503)
            },
            Route([.post, .put], "/-/reload", role: .operate, "Reads the configuration again") { [reload] _ in
                do {
                    try await reload()
                } catch {
                    throw WebError(500, "internal", "failed to reload config: \(error)")
                }
                return .text("")
            },
        ]
    }
}
