package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import ServiceLifecycle

/// What a client may cost (reliability.md 2.10).
package struct WebLimits: Hashable, Sendable {
    package var maxConnections = 1024
    /// An open connection without a request in progress.
    package var idleTimeout: Duration = .seconds(60)
    package var bodyTimeout: Duration = .seconds(30)
    /// A little above the longest query.
    package var requestTimeout: Duration = .seconds(130)
    package var maxHeaderBytes = 32 << 10
    package var maxHeaders = 100

    package init() {}
}

/// Why the server could not start, in one line for a person.
package struct ListenError: Error, CustomStringConvertible {
    package let description: String
}

/// Listens on one address and answers its routes until graceful shutdown, which lets requests in progress finish.
package struct WebServer: Service {
    package let routes: RouteTable
    private let host: String
    private let port: Int
    private let limits: WebLimits
    private let logger: Logger
    private let responder: WebResponder
    private let onListening: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - port: 0 takes any free one.
    ///   - authorization: who may use routes that change state; nobody by default.
    ///   - metrics: where requests are counted.
    ///   - onListening: called with the real port once connections are accepted.
    package init(
        host: String = "127.0.0.1", port: Int, routes: [Route],
        authorization: Authorization = Authorization(token: nil), limits: WebLimits = WebLimits(),
        metrics: MetricRegistry, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.routes = RouteTable(routes)
        self.host = host
        self.port = port
        self.limits = limits
        self.logger = logger
        self.onListening = onListening
        responder = WebResponder(
            routes: self.routes, authorization: authorization, limits: limits,
            connections: ClientConnections(), metrics: WebMetrics(metrics))
    }

    /// - Throws: `ListenError` where the address cannot be had.
    package func run() async throws {
        do {
            try await application().run()
        } catch let error as IOError {
            throw ListenError(description: Self.explain(error, host: host, port: port))
        } catch let error as SocketAddressError {
            throw ListenError(description: "cannot listen on \(host):\(port): no such address (\(error))")
        }
    }

    /// The application itself, for tests that need no socket.
    package func application() -> some ApplicationProtocol {
        let connections = responder.connections
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionObserver(connections)],
            idleTimeout: .milliseconds(Int64(limits.idleTimeout / .milliseconds(1))),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.maxHeaderBytes, maxHeaderListSize: limits.maxHeaderBytes,
                maxHeaderFieldCount: limits.maxHeaders))
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        return Application(
            responder: responder,
            server: HTTPServerBuilder { [responder] answer in
                LoopBoundChannel(
                    base: HTTP1Channel(responder: answer, configuration: channel), responder: responder)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(
                    limits.maxConnections, logger: quiet)),
            onServerRunning: { [onListening, port] channel in
                await onListening(channel.localAddress?.port ?? port)
            },
            logger: logger)
    }

    private static func explain(_ error: IOError, host: String, port: Int) -> String {
        let place = "cannot listen on \(host):\(port)"
        return switch error.errnoCode {
        case 98: "\(place): another process listens there; stop it or choose another --web.listen-address"
        case 13: "\(place): not permitted; ports below 1024 need privileges"
        case 99: "\(place): this machine has no such address"
        default: "\(place): \(error)"
        }
    }
}
