import Actuation
import Backends
import Curl
import Glibc
package import Logging
import ServiceLifecycle
import TimeSeries
import UnixSignals
import Web

/// The whole of `flyball node`: takes the node's folder, listens on its socket and for /metrics, and works until it
/// is told to stop, signalled, or left alone for longer than its lease. No replica is left when it returns.
package enum NodeProcess {
    /// - Parameter environment: Of this process.
    /// - Throws: `BackendError.refused` with one line for a person where the node cannot begin.
    package static func run(
        _ options: NodeOptions, environment: [String: String], logger: Logger
    ) async throws {
        // Whatever this process makes is for its user alone, the socket above all.
        _ = umask(0o077)
        let transport = CurlTransport()
        let runtime = try NodeRuntime(
            options: NodeAgent.Options(spec: options.spec, lease: options.lease), folder: options.folder,
            transport: transport, clock: SystemClock(), isInit: getpid() == 1, environment: environment,
            log: { line in logger.info("\(line)") })
        let metrics = WebServer(
            port: options.metricsPort, routes: routes(runtime), metrics: MetricRegistry(), logger: logger,
            onListening: { port in runtime.setMetricsAddress("127.0.0.1:\(port)") })
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: NodeControlServer(
                            runtime: runtime, socket: options.folder.socket, logger: logger),
                        successTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: metrics, successTerminationBehavior: .gracefullyShutdownGroup),
                    .init(
                        service: NodeRuntimeService(runtime: runtime),
                        successTerminationBehavior: .gracefullyShutdownGroup),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        transport.close()
        NodeControlServer.removeSocket(options.folder.socket)
    }

    private static func routes(_ runtime: NodeRuntime) -> [Route] {
        [
            Route([.get], "/metrics", role: .open, "What the node and its replicas use.") { _ in
                WebResponse(contentType: NodeRuntime.metricsContentType, body: runtime.metrics())
            },
            Route([.get], "/-/healthy", role: .open, "That the node runs.") { _ in .text("healthy\n") },
        ]
    }
}

/// Works until the node ends; asked to shut down, it stops the replicas first.
struct NodeRuntimeService: Service {
    let runtime: NodeRuntime

    func run() async throws {
        await withGracefulShutdownHandler {
            await runtime.run()
        } onGracefulShutdown: {
            runtime.stop()
        }
    }
}
