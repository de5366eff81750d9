import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import TimeSeries

/// From a request on the wire to the answer on it: route, role, limits, handler, headers, metrics, log line.
struct WebResponder: HTTPResponder {
    struct Context: InitializableFromSource {
        let channel: any Channel
        let logger: Logger
        /// Of the thread of the connection.
        let executor: LoopExecutor?
        /// The caller's, without its port.
        let remoteAddress: String

        init(source: ApplicationRequestContextSource) {
            self.init(channel: source.channel, logger: source.logger, executor: LoopExecutor.current)
        }

        init(channel: any Channel, logger: Logger, executor: LoopExecutor?) {
            self.channel = channel
            self.logger = logger
            self.executor = executor
            remoteAddress = channel.remoteAddress?.ipAddress ?? ""
        }
    }

    private static let securityHeaders = SecurityHeaders.all.compactMap { name, value in
        HTTPField.Name(name).map { HTTPField(name: $0, value: value) }
    }

    let routes: RouteTable
    let authorization: Authorization
    let limits: WebLimits
    let connections: ClientConnections
    let metrics: WebMetrics
    private let date = HTTPDate()

    init(
        routes: RouteTable, authorization: Authorization, limits: WebLimits, connections: ClientConnections,
        metrics: WebMetrics
    ) {
        self.routes = routes
        self.authorization = authorization
        self.limits = limits
        self.connections = connections
        self.metrics = metrics
    }

    func respond(to request: Request, context: Context) async throws -> Response {
        let match = routes.match(request.method.rawValue, request.uri.path)
        let answer = await answer(to: request, match, context: context) { route, seen in
            var seen = seen
            try await readBody(of: request, context, into: &seen, limit: route.bodyLimit)
            return try await run(route, seen, context: context)
        }
        let isHead = request.method == .head
        return Response(
            status: .init(code: answer.status), headers: headers(of: answer, to: request),
            body: isHead ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }

    /// The answer to what `direct` found, as it is written by who does without the server's own handling.
    /// - Parameter isLate: called where the handler fails; whether that is so because its time was over.
    func parts(
        for request: Request, _ match: RouteTable.Match, context: Context, isLate: @Sendable () -> Bool
    ) async -> (status: HTTPResponse.Status, headers: HTTPFields, body: [UInt8]) {
        let answer = await answer(to: request, match, context: context) { route, request in
            do {
                return try await route.handler(request)
            } catch {
                throw isLate() ? late : error
            }
        }
        var headers = headers(of: answer, to: request)
        headers.append(HTTPField(name: .date, value: date.text(SystemClock().now)))
        return (.init(code: answer.status), headers, request.method == .head ? [] : answer.body)
    }

    /// A request without a body whose route holds up no thread, and that route; nil for all other requests.
    func direct(_ head: HTTPRequest) -> (request: Request, match: RouteTable.Match)? {
        guard head.method == .get || head.method == .head, head.path != nil else { return nil }
        for field in head.headerFields {
            switch field.name {
            case .contentLength, .transferEncoding, .connection, .expect, .upgrade: return nil
            default: break
            }
        }
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
        let match = routes.match(head.method.rawValue, request.uri.path)
        guard case .found(let route, _) = match, route.neverBlocks else { return nil }
        return (request, match)
    }

    private typealias Handling = (Route, WebRequest) async throws -> WebResponse

    private func answer(
        to request: Request, _ match: RouteTable.Match, context: Context, by handle: Handling
    ) async -> WebResponse {
        let clock = ContinuousClock()
        let start = clock.now
        let path = request.uri.path
        let method = request.method.rawValue
        var answer: WebResponse
        do {
            answer = try await respond(to: request, match, context: context, by: handle)
        } catch is CancellationError {
            answer = WebError(499, "canceled", "the client went away").response(to: path)
        } catch let error as WebError {
            answer = error.response(to: path)
        } catch {
            context.logger.error(
                "request failed", metadata: ["method": "\(method)", "path": "\(path)", "error": "\(error)"])
            answer = WebError(500, "internal", "\(error)").response(to: path)
        }
        let elapsed = clock.now - start
        let handler = if case .found(let route, _) = match { route.pattern } else { "none" }
        metrics.record(handler: handler, status: answer.status, elapsed: elapsed, bytes: answer.body.count)
        context.logger.debug(
            "request",
            metadata: [
                "method": "\(method)", "path": "\(path)", "status": "\(answer.status)",
                "bytes": "\(answer.body.count)", "duration": "\(elapsed)",
            ])
        return answer
    }

    private func respond(
        to request: Request, _ match: RouteTable.Match, context: Context, by handle: Handling
    ) async throws -> WebResponse {
        switch match {
        case .unknown:
            throw WebError.notFound("no such path: \(request.uri.path)")
        case .wrongMethod(let allowed):
            var error = WebError(
                405, "bad_data", "\(request.uri.path) answers \(allowed.joined(separator: ", ")) only")
            error.headers = [(name: "Allow", value: allowed.joined(separator: ", "))]
            throw error
        case .found(let route, let parameters):
            let seen = try head(of: request, parameters, context: context)
            try authorization.check(route.role, seen)
            return try await handle(route, seen)
        }
    }

    private func head(
        of request: Request, _ parameters: [String: String], context: Context
    ) throws -> WebRequest {
        var headers: [String: String] = [:]
        for field in request.headers {
            let name = field.name.canonicalName
            headers[name] = headers[name].map { $0 + ", " + field.value } ?? field.value
        }
        if let authority = request.head.authority { headers["host"] = authority }
        return WebRequest(
            method: request.method.rawValue, path: request.uri.path, pathParameters: parameters,
            parameters: try PercentEncoding.pairs(request.uri.query ?? ""), headers: headers,
            remoteAddress: context.remoteAddress)
    }

    private func readBody(
        of request: Request, _ context: Context, into seen: inout WebRequest, limit: Int
    ) async throws {
        guard request.method != .get, request.method != .head else { return }
        let tooLarge = WebError(413, "bad_data", "the body is larger than \(limit) bytes")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
            throw tooLarge
        }
        let body = request.body
        let expected = min(request.headers[.contentLength].flatMap { Int($0) } ?? 0, limit)
        let tooSlow = WebError(408, "timeout", "body too slow")
        seen.body = try await within(
            limits.bodyTimeout, orThrow: tooSlow, of: context.channel, on: context.executor
        ) {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(expected)
            for try await buffer in body {
                guard bytes.count + buffer.readableBytes <= limit else { throw tooLarge }
                bytes.append(contentsOf: buffer.readableBytesView)
            }
            return bytes
        }
        guard seen.mediaType == "application/x-www-form-urlencoded" else { return }
        guard let text = String(validating: seen.body, as: UTF8.self) else {
            throw WebError.badRequest("the form is not UTF-8")
        }
        seen.parameters = try PercentEncoding.pairs(text) + seen.parameters
    }

    private var late: WebError { WebError(503, "timeout", "no answer within \(limits.requestTimeout)") }

    /// Runs the handler until it answers, its time is over or its client is gone.
    private func run(_ route: Route, _ request: WebRequest, context: Context) async throws -> WebResponse {
        let place = route.neverBlocks ? context.executor : nil
        return try await within(limits.requestTimeout, orThrow: late, of: context.channel, on: place) {
            try await route.handler(request)
        }
    }

    /// Runs `body` as a task of its own: what cancels it is the connection or the clock, neither of which is a task.
    private func within<Value: Sendable>(
        _ timeout: Duration, orThrow late: WebError, of channel: any Channel, on executor: LoopExecutor?,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        // On its own thread it begins at once, and most that begin there end before anybody waits for them.
        let isThere = executor?.isOnItsThread ?? false
        let task =
            isThere
            ? Task.immediate(executorPreference: executor) { try await body() }
            : Task(executorPreference: executor) { try await body() }
        connections.begin(channel, until: ContinuousClock.now + timeout) { task.cancel() }
        let result = await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            task.cancel()
        }
        if connections.end(channel), case .failure = result { throw late }
        return try result.get()
    }

    private func headers(of answer: WebResponse, to request: Request) -> HTTPFields {
        var headers = HTTPFields()
        headers.reserveCapacity(Self.securityHeaders.count + answer.headers.count + 4)
        headers.append(HTTPField(name: .contentType, value: answer.contentType))
        headers.append(HTTPField(name: .contentLength, value: String(answer.body.count)))
        if request.uri.path.hasPrefix("/api/") {
            headers.append(HTTPField(name: .cacheControl, value: "no-store"))
        }
        for field in Self.securityHeaders { headers.append(field) }
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        return headers
    }
}
