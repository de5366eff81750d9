import PromQL
package import TimeSeries
import Web

/// How long a query waited for its turn and then ran.
struct QueryTimings: Hashable, Sendable {
    var waited: Duration
    var took: Duration
}

/// Where every query over HTTP passes: waits its turn, runs on threads of its own, is counted and logged.
package struct QueryDesk: Sendable {
    package let queue: QueryQueue
    package let metrics: QueryMetrics
    package let log: QueryLog
    private let threads: QueryThreads
    private let quick = QuickQueries()
    private let clock: any Clock

    /// - Parameter maxConcurrency: how many queries run at a time; others wait.
    package init(
        maxConcurrency: Int = 20, maxWaiting: Int = 500, clock: any Clock, log: QueryLog = QueryLog()
    ) {
        queue = QueryQueue(maxConcurrency: maxConcurrency, maxWaiting: maxWaiting, clock: clock)
        // One more, so that looking up labels does not wait for queries that run.
        threads = QueryThreads(count: maxConcurrency + 1)
        metrics = QueryMetrics()
        self.log = log
        self.clock = clock
    }

    /// Evaluates when it is the turn of who asks; the time of waiting counts towards the timeout.
    /// - Parameters:
    ///   - explains: whether to take down what each part of the plan costs.
    ///   - isLast: false where it is run again should it read too many samples, which then is no failure.
    func evaluate(
        _ expression: Expression, over range: EvaluationRange, limits: QueryLimits, explains: Bool = false,
        with engine: any QueryEngine, for request: WebRequest, isLast: Bool = true
    ) async throws -> (result: QueryResult, explanation: QueryExplanation?, timings: QueryTimings) {
        try await queue.run(QueryClient(request), timeout: limits.timeout) { waited in
            var limits = limits
            limits.timeout -= waited
            let start = clock.uptime
            let outcome: Result<QueryResult, QueryError>
            var explanation: QueryExplanation?
            do throws(QueryError) {
                if explains {
                    let explained = try await engine.explain(expression, over: range, limits: limits)
                    explanation = explained.explanation
                    outcome = .success(explained.result)
                } else {
                    outcome = .success(try await engine.evaluate(expression, over: range, limits: limits))
                }
            } catch {
                outcome = .failure(error)
            }
            if !isLast, case .failure(let error) = outcome, error.kind == .execution { throw error }
            let took = clock.uptime - start
            metrics.observe(.queueTime, waited)
            metrics.observe(.innerEval, took)
            note(outcome, range, request, waited: waited, took: took)
            return (try outcome.get(), explanation, QueryTimings(waited: waited, took: took))
        }
    }

    /// How far a query may go this time.
    struct Attempt: Sendable {
        var maxSamples: Int
        /// Whether it is not run again with more.
        var isLast: Bool
    }

    /// Runs where the caller is, where the last run of the same took next to no time, and else on the threads of queries.
    /// - Parameters:
    ///   - key: equal for what is the same, but for the moment that it is asked for.
    ///   - body: is told how many samples it may read at most; where these are too few, it is run again with all.
    func compute<Value: Sendable>(
        _ key: Int, maxSamples: Int, _ body: @escaping @Sendable (Attempt) async throws -> Value
    ) async throws -> Value {
        if quick.contains(key) {
            let start = clock.uptime
            do {
                let isLast = maxSamples <= QuickQueries.maxSamples
                let value = try await body(
                    Attempt(maxSamples: min(maxSamples, QuickQueries.maxSamples), isLast: isLast))
                quick.note(key, took: clock.uptime - start)
                return value
            } catch let error as WebError where error.status == 422 && maxSamples > QuickQueries.maxSamples {
                quick.forget(key)
            }
        }
        return try await compute {
            let start = clock.uptime
            let value = try await body(Attempt(maxSamples: maxSamples, isLast: true))
            quick.note(key, took: clock.uptime - start)
            return value
        }
    }

    /// Runs on the threads of queries, cancelled where its caller is. As a child task: a preference for an executor moves
    /// nothing before the first hop, and what does not wait for anything never hops.
    func compute<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask(executorPreference: threads) { try await body() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }

    private func note(
        _ outcome: Result<QueryResult, QueryError>, _ range: EvaluationRange, _ request: WebRequest,
        waited: Duration, took: Duration
    ) {
        guard log.isOpen else { return }
        var entry = QueryLog.Entry(
            query: request["query"] ?? "", range: range, waited: waited, took: took,
            client: request.remoteAddress, method: request.method, path: request.path, at: clock.now)
        switch outcome {
        case .success(let result): entry.samples = result.samples
        case .failure(let error): entry.error = error.description
        }
        log.write(entry)
    }
}
