import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import PromQL
import TimeSeries
import Web

/// An engine that answers what the test says.
struct StubEngine: QueryEngine {
    var answer: @Sendable (Expression, EvaluationRange, QueryLimits) throws(QueryError) -> QueryResult

    func evaluate(
        _ expression: Expression, over range: EvaluationRange, limits: QueryLimits
    ) async throws(QueryError) -> QueryResult { try answer(expression, range, limits) }

    func explain(
        _ expression: Expression, over range: EvaluationRange, limits: QueryLimits
    ) async throws(QueryError) -> (result: QueryResult, explanation: QueryExplanation) {
        var plan = QueryExplanation.Step(
            operation: "sum", expression: "", source: 0..<7, elapsed: .seconds(3))
        plan.children = [
            QueryExplanation.Step(operation: "selector", expression: "up", elapsed: .seconds(1))
        ]
        let explanation = QueryExplanation(
            planning: .milliseconds(1), reading: .seconds(2), evaluating: .seconds(3),
            readings: [
                QueryExplanation.Reading(
                    matchers: [Matcher(equal: "__name__", "up")], range: range.start...range.end, series: 4,
                    samples: 5)
            ], plan: plan)
        return (try answer(expression, range, limits), explanation)
    }
}

/// A source that knows a few series of label sets.
struct StubSource: SeriesSource {
    var known: [Labels]
    var metadata: [String: [MetricMetadata]] = [:]

    func select(_ selections: [Selection]) async throws -> [[SeriesColumns]] { selections.map { _ in [] } }

    func series(_ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>) async throws -> [Labels] {
        known.filter { labels in
            matcherSets.isEmpty || matcherSets.contains { $0.allSatisfy { $0.matches(labels) } }
        }
    }

    func labelNames(_ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>) async throws -> [String] {
        Set(try await series(matcherSets, in: range).flatMap { $0.pairs.map(\.name) }).sorted()
    }

    func labelValues(
        _ name: String, _ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>
    ) async throws -> [String] {
        Set(try await series(matcherSets, in: range).compactMap { $0[name] }).sorted()
    }

    func metadata(of metric: String?) async -> [String: [MetricMetadata]] {
        metadata.filter { metric == nil || $0.key == metric }
    }
}

/// The answer of routes to one request, without a socket.
func answer(
    _ routes: [Route], _ method: Web.Method, _ uri: String, form: String? = nil, json: String? = nil,
    token: String? = nil
) async throws -> (status: Int, body: String) {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let server = WebServer(
        port: 0, routes: routes, authorization: Authorization(token: "secret"), metrics: MetricRegistry(),
        logger: logger)
    var headers = HTTPFields()
    if form != nil { headers[.contentType] = "application/x-www-form-urlencoded" }
    if json != nil { headers[.contentType] = "application/json" }
    if let token { headers[.authorization] = "Bearer \(token)" }
    let fields = headers
    return try await server.application().test(.router) { client in
        let response = try await client.execute(
            uri: uri, method: HTTPRequest.Method(method.rawValue)!, headers: fields,
            body: (form ?? json).map { ByteBuffer(string: $0) })
        return (response.status.code, String(buffer: response.body))
    }
}
