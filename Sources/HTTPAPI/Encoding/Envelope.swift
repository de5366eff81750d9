package import Documents
package import PromQL
package import Web

/// The form of every answer below /api/v1: `{"status":"success","data":...}` with warnings and infos where there are
/// any (Prometheus HTTP API).
package enum Envelope {
    package static func success(
        warnings: [String] = [], infos: [String] = [], reserving capacity: Int = 1024,
        _ data: (inout JSONWriter) throws -> Void
    ) rethrows -> WebResponse {
        var json = JSONWriter(reserving: capacity)
        try json.object { json in
            json.field("status", "success")
            json.key("data")
            try data(&json)
            json.texts("warnings", warnings)
            json.texts("infos", infos)
        }
        return .json(json)
    }
}

extension WebError {
    /// With the status that Prometheus gives each kind.
    package init(_ error: QueryError) {
        let status =
            switch error.kind {
            case .badData: 400
            case .execution: 422
            case .canceled: 499
            case .timeout, .unavailable: 503
            case .internalError: 500
            }
        self.init(status, error.kind.rawValue, error.description)
    }

    package static func invalid(_ parameter: String, _ message: String) -> WebError {
        .badRequest("invalid parameter \"\(parameter)\": \(message)")
    }
}

extension JSONWriter {
    /// A list of texts; nothing at all for an empty one.
    package mutating func texts(_ name: String, _ texts: [String]) {
        guard !texts.isEmpty else { return }
        key(name)
        list(texts)
    }

    package mutating func list(_ texts: [String]) {
        array { json in for text in texts { json.string(text) } }
    }

    package mutating func pairs(_ name: String, _ pairs: [(name: String, value: String)]) {
        key(name)
        object { json in for pair in pairs { json.field(pair.name, pair.value) } }
    }
}
