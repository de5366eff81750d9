import Backends
import Glibc
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// Hands what arrives on the node's socket to its runtime. Who may connect is decided by the file's mode.
struct NodeControlServer: Service {
    let runtime: NodeRuntime
    let socket: String
    let logger: Logger

    func run() async throws {
        // Left by a node that was killed; the caller holds the node's lock, so nobody listens on it.
        Self.removeSocket(socket)
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        let application = Application(
            responder: NodeResponder(runtime: runtime),
            configuration: ApplicationConfiguration(
                address: .unixDomainSocket(path: socket), serverName: nil),
            onServerRunning: { [socket] _ in Self.restrict(socket) }, logger: quiet)
        try await application.run()
    }

    static func removeSocket(_ path: String) { _ = unsafe unlink(path) }

    private static func restrict(_ path: String) { _ = unsafe chmod(path, 0o600) }
}

/// One request to the node.
struct NodeResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let runtime: NodeRuntime

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        let body = try await request.body.collect(upTo: NodeRuntime.maxRequestBytes)
        let answer = await runtime.respond(
            to: NodeAgentRequest(
                method: request.method.rawValue, path: request.uri.path, body: Array(body.readableBytesView)))
        return Response(
            status: HTTPResponse.Status(code: answer.status),
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }
}
