import Documents
package import PromQL
package import TimeSeries
package import Web

/// `/api/v1/query`, `/api/v1/query_range`, `/api/v1/format_query`, `/api/v1/parse_query`.
package struct QueryRoutes: Sendable {
    /// The most steps of a range query: 60 s for a week, 1 h for a year.
    package static let maxSteps = 11_000

    private let engine: any QueryEngine
    private let limits: QueryLimits
    private let parsed: ParsedQueries
    private let clock: any Clock
    private let desk: QueryDesk
    private let workers: Workers

    /// - Parameters:
    ///   - desk: where queries wait for their turn.
    ///   - workers: by whom long answers are written.
    package init(
        engine: any QueryEngine, limits: QueryLimits, features: QueryFeatures, clock: any Clock,
        desk: QueryDesk? = nil, workers: Workers = .one
    ) {
        self.workers = workers
        self.desk = desk ?? QueryDesk(clock: clock)
        self.engine = engine
        self.limits = limits
        parsed = ParsedQueries(features: features)
        self.clock = clock
    }

    package var routes: [Route] {
        [
            Route(
                [.get, .post], "/api/v1/query", role: .query, "Evaluates PromQL at one moment",
                neverBlocks: true,
                handler: { request in
                    try await desk.compute(key(request), maxSamples: limits.maxSamples) {
                        try await instant(request, $0)
                    }
                }),
            Route(
                [.get, .post], "/api/v1/query_range", role: .query, "Evaluates PromQL over a range of time",
                neverBlocks: true,
                handler: { request in
                    try await desk.compute(key(request), maxSamples: limits.maxSamples) {
                        try await range(request, $0)
                    }
                }),
            Route([.get, .post], "/api/v1/format_query", role: .query, "Formats PromQL", handler: format),
            Route(
                [.get, .post], "/api/v1/parse_query", role: .query, "Shows the tree of a query",
                handler: tree),
        ]
    }

    /// What tells queries apart that may cost different amounts.
    private func key(_ request: WebRequest) -> Int {
        var hasher = Hasher()
        hasher.combine(request["query"])
        hasher.combine(request["step"])
        hasher.combine(request["lookback_delta"])
        if let start = try? request.moment("start"), let end = try? request.moment("end") {
            hasher.combine(end.milliseconds &- start.milliseconds)
        }
        return hasher.finalize()
    }

    private func instant(_ request: WebRequest, _ attempt: QueryDesk.Attempt) async throws -> WebResponse {
        let moment = try request.moment("time") ?? clock.now
        let limit = try request.count("limit") ?? 0
        let expression = try parse(request)
        let range = EvaluationRange.instant(moment)
        return try await answer(expression, range, request, limit: limit, attempt)
    }

    private func range(_ request: WebRequest, _ attempt: QueryDesk.Attempt) async throws -> WebResponse {
        let start = try request.requiredMoment("start")
        let end = try request.requiredMoment("end")
        guard end >= start else {
            throw WebError.invalid("end", "end timestamp must not be before start time")
        }
        guard let step = try request.duration("step") else {
            throw WebError.invalid("step", "cannot parse \"\" to a valid duration")
        }
        guard step > .zero else {
            let message =
                "zero or negative query resolution step widths are not accepted. Try a positive integer"
            throw WebError.invalid("step", message)
        }
        let range = EvaluationRange(start: start, end: end, step: max(step, .milliseconds(1)))
        guard (end - start).milliseconds / range.step.milliseconds <= Int64(Self.maxSteps) else {
            throw WebError.badRequest(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                    + "Try decreasing the query resolution (?step=XX)")
        }
        let limit = try request.count("limit") ?? 0
        return try await answer(try parse(request), range, request, limit: limit, attempt)
    }

    private func format(_ request: WebRequest) async throws -> WebResponse {
        let expression = try parse(request)
        return Envelope.success { $0.string(expression.formatted()) }
    }

    private func tree(_ request: WebRequest) async throws -> WebResponse {
        let expression = try parse(request)
        return Envelope.success { $0.expression(expression) }
    }

    private func parse(_ request: WebRequest) throws(WebError) -> Expression {
        do {
            return try parsed.parse(request["query"] ?? "")
        } catch {
            throw .invalid("query", error.description)
        }
    }

    private func answer(
        _ expression: Expression, _ range: EvaluationRange, _ request: WebRequest, limit: Int,
        _ attempt: QueryDesk.Attempt
    ) async throws -> WebResponse {
        let stats = request["stats"] ?? ""
        var limits = limits
        limits.maxSamples = attempt.maxSamples
        limits.countsSamples = !stats.isEmpty || desk.log.isOpen
        if let timeout = try request.duration("timeout") { limits.timeout = min(limits.timeout, timeout) }
        if let lookback = try request.duration("lookback_delta"), lookback > .zero {
            limits.lookback = lookback
        }
        var result: QueryResult
        let timings: QueryTimings
        let explanation: QueryExplanation?
        do {
            (result, explanation, timings) = try await desk.evaluate(
                expression, over: range, limits: limits, explains: request["explain"] == "true", with: engine,
                for: request, isLast: attempt.isLast)
        } catch let error as QueryError {
            throw WebError(error)
        }
        if limit > 0, result.value.truncate(to: limit) {
            result.warnings.append("results truncated due to limit")
        }
        let value = result.value
        let samples = result.samples
        return Envelope.success(
            warnings: result.warnings, infos: result.infos, reserving: JSONWriter.estimatedSize(value)
        ) { json in
            json.object { json in
                json.queryValue(value, at: range.start, workers)
                if !stats.isEmpty { json.statistics(timings, samples, all: stats == "all") }
                if let explanation { json.explanation(explanation) }
            }
        }
    }
}

extension QueryValue {
    /// Keeps the first `limit` series; whether any were dropped.
    fileprivate mutating func truncate(to limit: Int) -> Bool {
        switch self {
        case .vector(let elements) where elements.count > limit:
            self = .vector(Array(elements.prefix(limit)))
        case .matrix(let series) where series.count > limit:
            self = .matrix(Array(series.prefix(limit)))
        default: return false
        }
        return true
    }
}
