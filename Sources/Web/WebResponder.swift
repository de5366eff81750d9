import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// From a request on the wire to the answer on it: route, role, limits, handler, headers, metrics, log line.
struct WebResponder: HTTPResponder {
    struct Context: InitializableFromSource {
        let channel: any Channel
        let logger: Logger

        init(source: ApplicationRequestContextSource) {
            channel = source.channel
            logger = source.logger
        }
    }

    let routes: RouteTable
    let authorization: Authorization
    let limits: WebLimits
    let connections: ClientConnections
    let metrics: WebMetrics

    func respond(to request: Request, context: Context) async throws -> Response {
        let clock = ContinuousClock()
        let start = clock.now
        let path = request.uri.path
        let method = request.method.rawValue
        let match = routes.match(method, path)
        var answer: WebResponse
        do {
            answer = try await respond(to: request, match, context: context)
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
        return response(answer, isAPI: path.hasPrefix("/api/"), isHead: method == "HEAD")
    }

    private func respond(
        to request: Request, _ match: RouteTable.Match, context: Context
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
            var seen = try head(of: request, parameters, context: context)
            try authorization.check(route.role, seen)
            try await readBody(of: request, into: &seen, limit: route.bodyLimit)
            return try await run(route, seen, context: context)
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
            remoteAddress: context.channel.remoteAddress?.ipAddress ?? "")
    }

    private func readBody(of request: Request, into seen: inout WebRequest, limit: Int) async throws {
        guard request.method != .get, request.method != .head else { return }
        let tooLarge = WebError(413, "bad_data", "the body is larger than \(limit) bytes")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
            throw tooLarge
        }
        let body = request.body
        seen.body = try await within(limits.bodyTimeout, orThrow: WebError(408, "timeout", "body too slow")) {
            var bytes: [UInt8] = []
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

    /// Runs the handler until it answers, its time is over or its client is gone.
    private func run(_ route: Route, _ request: WebRequest, context: Context) async throws -> WebResponse {
        let late = WebError(503, "timeout", "no answer within \(limits.requestTimeout)")
        return try await withThrowingTaskGroup(of: WebResponse.self) { group in
            group.addTask { try await route.handler(request) }
            group.addTask { [limits] in
                try await Task.sleep(for: limits.requestTimeout)
                throw late
            }
            group.addTask { [connections] in
                await connections.waitUntilGone(context.channel)
                throw CancellationError()
            }
            defer { group.cancelAll() }
            return try await group.next()!
        }
    }

    private func within<Value: Sendable>(
        _ timeout: Duration, orThrow late: WebError, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: timeout)
                throw late
            }
            defer { group.cancelAll() }
            return try await group.next()!
        }
    }

    private func response(_ answer: WebResponse, isAPI: Bool, isHead: Bool) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = answer.contentType
        if isAPI { headers[.cacheControl] = "no-store" }
        for (name, value) in SecurityHeaders.all + answer.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        if isHead {
            headers[.contentLength] = String(answer.body.count)
            return Response(status: .init(code: answer.status), headers: headers)
        }
        return Response(
            status: .init(code: answer.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }
}
