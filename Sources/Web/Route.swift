/// The verbs that routes answer. HEAD is answered wherever GET is.
package enum Method: String, Hashable, Sendable, CaseIterable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
}

/// One address of the service: how it is asked, who may ask, and what answers. There is no way to make one without
/// a role.
package struct Route: Sendable {
    package typealias Handler = @Sendable (WebRequest) async throws -> WebResponse

    package let methods: [Method]
    /// `/api/v1/label/:name/values`: a segment that begins with a colon takes any one segment of a path.
    package let pattern: String
    package let role: Role
    /// One line for a person.
    package let summary: String
    /// The most bytes of a request body.
    package let bodyLimit: Int
    /// Whether the handler only looks something up, or leaves for other threads at once: then it runs on the thread of
    /// its connection, which saves two changes of threads and would hold up other connections for as long as it runs.
    package let neverBlocks: Bool
    package private(set) var handler: Handler
    let segments: [Segment]

    /// A part of a pattern between two slashes.
    enum Segment: Sendable {
        case literal(Substring)
        /// Takes any one segment of a path.
        case parameter(String)
    }

    package init(
        _ methods: [Method], _ pattern: String, role: Role, _ summary: String, bodyLimit: Int = 1 << 20,
        neverBlocks: Bool = false, handler: @escaping Handler
    ) {
        precondition(
            !methods.isEmpty && pattern.hasPrefix("/"), "a route needs a method and a path, got \(pattern)")
        self.methods = methods
        self.pattern = pattern
        self.role = role
        self.summary = summary
        self.bodyLimit = bodyLimit
        self.neverBlocks = neverBlocks
        self.handler = handler
        segments = Route.split(pattern).map { part in
            part.hasPrefix(":") ? .parameter(String(part.dropFirst())) : .literal(part)
        }
    }

    /// The same route, answered by another handler.
    package func answered(by handler: @escaping Handler) -> Route {
        var route = self
        route.handler = handler
        return route
    }

    /// The values of the pattern's named segments, or nil where the path is another one.
    func match(_ path: [Substring]) -> [String: String]? {
        guard path.count == segments.count else { return nil }
        var values: [String: String] = [:]
        for (segment, part) in zip(segments, path) {
            switch segment {
            case .literal(let text):
                guard text == part else { return nil }
            case .parameter(let name):
                guard !part.isEmpty, let value = PercentEncoding.decode(part, plusIsSpace: false) else {
                    return nil
                }
                values[name] = value
            }
        }
        return values
    }

    /// The segments of a path, without its first character.
    static func split(_ path: String) -> [Substring] {
        path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map(Substring.init)
    }
}

/// All routes of a server. No two answer the same method and pattern.
package struct RouteTable: Sendable {
    package enum Match: Sendable {
        case found(Route, parameters: [String: String])
        /// The path is known, the method is not; the methods that are.
        case wrongMethod(allowed: [String])
        case unknown
    }

    package let routes: [Route]
    /// The routes whose pattern is the path itself.
    private let literals: [String: [Route]]
    /// The others, by the number of their segments.
    private let patterns: [Int: [Route]]

    package init(_ routes: [Route]) {
        var seen: Set<String> = []
        for route in routes {
            for method in route.methods {
                precondition(
                    seen.insert("\(method.rawValue) \(route.pattern)").inserted,
                    "\(method.rawValue) \(route.pattern) is registered twice")
            }
        }
        self.routes = routes
        literals = Dictionary(grouping: routes.filter { !$0.pattern.contains(":") }, by: \.pattern)
        patterns = Dictionary(
            grouping: routes.filter { $0.pattern.contains(":") }, by: \.segments.count)
    }

    /// - Parameter method: as sent; HEAD counts as GET.
    package func match(_ method: String, _ path: String) -> Match {
        let wanted = Method(rawValue: method == "HEAD" ? "GET" : method)
        let literal = literals[path] ?? []
        if let wanted, let route = literal.first(where: { $0.methods.contains(wanted) }) {
            return .found(route, parameters: [:])
        }
        let parts = Route.split(path)
        var allowed = Set(literal.flatMap { $0.methods.map(\.rawValue) })
        let candidates = patterns[parts.count] ?? []
        // By their places: a copy of a route holds on to all that it has.
        for index in candidates.indices {
            guard let parameters = candidates[index].match(parts) else { continue }
            let route = candidates[index]
            if let wanted, route.methods.contains(wanted) { return .found(route, parameters: parameters) }
            allowed.formUnion(route.methods.map(\.rawValue))
        }
        guard !allowed.isEmpty else { return .unknown }
        if allowed.contains("GET") { allowed.insert("HEAD") }
        return .wrongMethod(allowed: allowed.sorted())
    }

    /// The table of all routes for the documentation, in Markdown.
    package var markdown: String {
        let rows = routes.map { route in
            let methods = route.methods.map(\.rawValue).joined(separator: ", ")
            return "| \(methods) | `\(route.pattern)` | \(route.role.rawValue) | \(route.summary) |"
        }
        return (["| method | path | role | what it does |", "|---|---|---|---|"] + rows).joined(
            separator: "\n")
    }
}
