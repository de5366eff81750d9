import Documents
package import TimeSeries
package import Web

/// `/api/v1/series`, `/api/v1/labels`, `/api/v1/label/<name>/values`, `/api/v1/metadata`.
package struct SeriesRoutes: Sendable {
    private let source: any SeriesSource
    private let desk: QueryDesk?

    /// - Parameter desk: on whose threads series are looked up; without one, on those of the caller.
    package init(source: any SeriesSource, desk: QueryDesk? = nil) {
        self.source = source
        self.desk = desk
    }

    package var routes: [Route] {
        [
            Route(
                [.get, .post], "/api/v1/series", role: .query, "Finds series by selectors",
                neverBlocks: desk != nil, handler: { try await computing($0, series) }),
            Route(
                [.get, .post], "/api/v1/labels", role: .query, "Names of labels",
                neverBlocks: desk != nil, handler: { try await computing($0, labels) }),
            Route(
                [.get], "/api/v1/label/:name/values", role: .query, "Values of a label",
                neverBlocks: desk != nil,
                handler: { request in
                    // All values are in the index, which takes less time than a change of threads.
                    let isIndexed = request.all("match[]").isEmpty
                    return isIndexed ? try await values(request) : try await computing(request, values)
                }),
            Route(
                [.get], "/api/v1/metadata", role: .query, "Type, help and unit of metrics", handler: metadata),
        ]
    }

    private func computing(
        _ request: WebRequest, _ handler: @escaping Route.Handler
    ) async throws -> WebResponse {
        guard let desk else { return try await handler(request) }
        return try await desk.compute { try await handler(request) }
    }

    private func series(_ request: WebRequest) async throws -> WebResponse {
        guard !request.all("match[]").isEmpty else {
            throw WebError.badRequest("no match[] parameter provided")
        }
        let found = try await source.series(try request.selectors(), in: try request.range())
        let (kept, warnings) = try Self.limited(found, request)
        return Envelope.success(warnings: warnings) { json in
            json.array { json in for labels in kept { json.labels(labels) } }
        }
    }

    private func labels(_ request: WebRequest) async throws -> WebResponse {
        let found = try await source.labelNames(try request.selectors(), in: try request.range())
        let (kept, warnings) = try Self.limited(found, request)
        return Envelope.success(warnings: warnings) { $0.list(kept) }
    }

    private func values(_ request: WebRequest) async throws -> WebResponse {
        let given = request.pathParameters["name"] ?? ""
        let name = EscapedName.decode(given)
        guard !name.isEmpty else {
            throw WebError.badRequest("invalid label name: \(Labels.quoted(given))")
        }
        let found = try await source.labelValues(name, try request.selectors(), in: try request.range())
        let (kept, warnings) = try Self.limited(found, request)
        return Envelope.success(warnings: warnings) { $0.list(kept) }
    }

    private func metadata(_ request: WebRequest) async throws -> WebResponse {
        let limit = try Self.number(request, "limit")
        let perMetric = try Self.number(request, "limit_per_metric")
        let metric = request["metric"].flatMap { $0.isEmpty ? nil : $0 }
        let known = await source.metadata(of: metric).sorted { Labels.precedes($0.key, $1.key) }
        return Envelope.success { json in
            json.object { json in
                for (name, entries) in limit.map({ Array(known.prefix($0)) }) ?? known {
                    json.key(name)
                    json.array { json in
                        for entry in perMetric.map({ Array(entries.prefix($0)) }) ?? entries {
                            json.object { json in
                                json.field("type", entry.kind.rawValue)
                                json.field("unit", entry.unit)
                                json.field("help", entry.help)
                            }
                        }
                    }
                }
            }
        }
    }

    /// Nil for no limit: absent, zero (for `limit_per_metric`) or negative.
    private static func number(_ request: WebRequest, _ name: String) throws(WebError) -> Int? {
        guard let text = request[name], !text.isEmpty else { return nil }
        guard let number = Int(text) else { throw .badRequest("\(name) must be a number") }
        return number < 0 || (number == 0 && name == "limit_per_metric") ? nil : number
    }

    private static func limited<Item>(
        _ items: [Item], _ request: WebRequest
    ) throws(WebError) -> (items: [Item], warnings: [String]) {
        guard let limit = try request.count("limit"), limit > 0, items.count > limit else {
            return (items, [])
        }
        return (Array(items.prefix(limit)), ["results truncated due to limit"])
    }
}

/// Names in URLs may be escaped, since Prometheus 3: `U__http_2e_status` is `http.status`.
enum EscapedName {
    static func decode(_ text: String) -> String {
        guard text.hasPrefix("U__") else { return text }
        var result = ""
        var rest = text.dropFirst(3)
        while let first = rest.first {
            rest = rest.dropFirst()
            guard first == "_" else {
                result.append(first)
                continue
            }
            if rest.first == "_" {
                result.append("_")
                rest = rest.dropFirst()
                continue
            }
            let digits = rest.prefix { $0 != "_" }
            guard digits.count <= 6, rest.dropFirst(digits.count).first == "_",
                let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code)
            else { return text }
            result.unicodeScalars.append(scalar)
            rest = rest.dropFirst(digits.count + 1)
        }
        return result
    }
}
