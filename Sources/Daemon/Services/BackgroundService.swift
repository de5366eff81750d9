import ServiceLifecycle

/// A body that runs until the service group shuts down, and is then cancelled.
struct BackgroundService: Service {
    private let body: @Sendable () async throws -> Void

    init(_ body: @escaping @Sendable () async throws -> Void) { self.body = body }

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown(body)
        } catch is CancellationError {
            // How a service ends.
        }
    }
}
