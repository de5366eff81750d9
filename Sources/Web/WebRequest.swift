package import Documents

/// A request as handlers see it: everything has been read, decoded and bounded.
package struct WebRequest: Sendable {
    package var method: String
    /// Without the query, not decoded.
    package var path: String
    /// The values of the pattern's named segments, decoded.
    package var pathParameters: [String: String]
    /// Of the form body and then of the query, in order, as Go's `Request.Form`.
    package var parameters: [(name: String, value: String)]
    /// By lower-case name; several of one name are joined by a comma.
    package var headers: [String: String]
    package var body: [UInt8]
    /// The caller's address.
    package var remoteAddress: String

    package init(
        method: String, path: String, pathParameters: [String: String] = [:],
        parameters: [(name: String, value: String)] = [], headers: [String: String] = [:],
        body: [UInt8] = [], remoteAddress: String = ""
    ) {
        self.method = method
        self.path = path
        self.pathParameters = pathParameters
        self.parameters = parameters
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
    }

    /// The first value of a parameter; nil where it is absent.
    package subscript(name: String) -> String? { parameters.first { $0.name == name }?.value }

    /// Every value of a parameter, in order.
    package func all(_ name: String) -> [String] { parameters.filter { $0.name == name }.map(\.value) }

    /// The JSON body, read by `read`, which sees an empty mapping for an empty body.
    /// - Throws: `WebError` 415 for another media type, 400 with line and column for anything wrong inside.
    package func json<Value>(_ read: (FieldReader) -> Value?) throws(WebError) -> Value {
        guard body.isEmpty || mediaType == "application/json" else {
            throw WebError(415, "bad_data", "the body must be application/json, not \"\(mediaType)\"")
        }
        guard let text = String(validating: body, as: UTF8.self) else {
            throw .badRequest("the body is not UTF-8")
        }
        let reader = DocumentReader(file: "body")
        do {
            let root = try YAMLDocument.parse(text, file: "body")
            return try reader.finish(reader.mapping(root, "the body", read) ?? nil)
        } catch {
            throw .badRequest(error.description)
        }
    }

    /// The content type without its parameters, in lower case.
    package var mediaType: String {
        let value = headers["content-type"] ?? ""
        let type = value.split(separator: ";", maxSplits: 1).first ?? ""
        return type.trimmingPrefix { $0 == " " }.split(separator: " ").first.map { $0.lowercased() } ?? ""
    }
}
