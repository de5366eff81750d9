package import Documents

/// What a handler answers. Security headers, length and date are added by the server.
package struct WebResponse: Sendable {
    package var status: Int
    package var contentType: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(
        status: Int = 200, contentType: String, headers: [(name: String, value: String)] = [], body: [UInt8]
    ) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }

    package static func text(_ text: String, status: Int = 200) -> WebResponse {
        WebResponse(status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    package static func json(_ json: JSONWriter, status: Int = 200) -> WebResponse {
        WebResponse(status: status, contentType: "application/json", body: json.bytes)
    }
}

/// A request that is refused or failed, in the words of Prometheus' API.
package struct WebError: Error, Sendable, CustomStringConvertible {
    package var status: Int
    /// `errorType`: `bad_data`, `execution`, `not_found`...
    package var kind: String
    package var message: String
    package var headers: [(name: String, value: String)] = []

    package init(_ status: Int, _ kind: String, _ message: String) {
        self.status = status
        self.kind = kind
        self.message = message
    }

    package static func badRequest(_ message: String) -> WebError { WebError(400, "bad_data", message) }
    package static func notFound(_ message: String) -> WebError { WebError(404, "not_found", message) }
    package static func unavailable(_ message: String) -> WebError {
        WebError(503, "unavailable", message)
    }

    package var description: String { message }

    /// Prometheus' error envelope below `/api/`, plain text elsewhere.
    func response(to path: String) -> WebResponse {
        var response: WebResponse
        if path.hasPrefix("/api/") {
            var json = JSONWriter()
            json.object { json in
                json.field("status", "error")
                json.field("errorType", kind)
                json.field("error", message)
            }
            response = .json(json, status: status)
        } else {
            response = .text(message + "\n", status: status)
        }
        response.headers = headers
        return response
    }
}
