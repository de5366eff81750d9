import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import NIOPosix

@testable import Web

/// A server with one route of each role, that needs no socket.
func server(
    token: String? = "secret", routes: [Route] = [], limits: WebLimits = WebLimits(),
    metrics: MetricRegistry = MetricRegistry(), authorization: Authorization? = nil,
    host: String = "127.0.0.1", port: Int = 0,
    onListening: @escaping @Sendable (Int) async -> Void = { _ in }
) -> WebServer {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let roles = Role.allCases.map { role in
        Route([.get, .post], "/api/\(role.rawValue)", role: role, "a route") { request in
            .text(request.parameters.map { "\($0.name)=\($0.value)" }.joined(separator: ","))
        }
    }
    return WebServer(
        host: host, port: port, routes: roles + routes,
        authorization: authorization ?? Authorization(token: token),
        limits: limits, metrics: metrics, logger: logger, onListening: onListening)
}

extension WebServer {
    /// The answer to one request.
    func answer(
        _ method: HTTPRequest.Method, _ uri: String, headers: [String: String] = [:], body: String? = nil
    ) async throws -> (status: Int, headers: HTTPFields, body: String) {
        var fields = HTTPFields()
        for (name, value) in headers { fields[HTTPField.Name(name)!] = value }
        let sent = fields
        return try await application().test(.router) { client in
            let response = try await client.execute(
                uri: uri, method: method, headers: sent, body: body.map { ByteBuffer(string: $0) })
            return (response.status.code, response.headers, String(buffer: response.body))
        }
    }
}

/// Sends bytes to a server on this machine; all that it answers until it closes.
func exchange(_ text: String, port: Int) async throws -> String {
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    return try await channel.executeThenClose { inbound, outbound in
        try await outbound.write(ByteBuffer(string: text))
        var answer = ""
        for try await buffer in inbound { answer += String(buffer: buffer) }
        return answer
    }
}
