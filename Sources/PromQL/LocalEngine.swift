package import TimeSeries

/// Evaluates PromQL over a source of series: everything a query needs is selected in one call, then evaluated
/// synchronously over columns.
package struct LocalEngine: QueryEngine {
    private let source: any SeriesSource
    private let features: QueryFeatures
    private let subqueryStep: Duration
    private let deadline: @Sendable (_ timeout: Duration) -> @Sendable () -> Bool

    /// - Parameters:
    ///   - subqueryStep: the step of a subquery that names none; Prometheus takes the global evaluation interval.
    ///   - deadline: called as a query starts with its timeout; what it returns says whether the time is over.
    ///     Evaluation itself never reads a clock.
    package init(
        source: any SeriesSource, features: QueryFeatures = [], subqueryStep: Duration = .seconds(60),
        deadline: @escaping @Sendable (_ timeout: Duration) -> @Sendable () -> Bool = { _ in { false } }
    ) {
        self.source = source
        self.features = features
        self.subqueryStep = subqueryStep
        self.deadline = deadline
    }

    package func evaluate(
        _ expression: Expression, over range: EvaluationRange, limits: QueryLimits
    ) async throws(QueryError) -> QueryResult {
        guard range.isInstant || range.step > .zero else {
            throw QueryError(.badData, "zero or negative query resolution step widths are not accepted")
        }
        if !range.isInstant, expression.type != .scalar, expression.type != .vector {
            throw QueryError(
                .badData,
                "invalid expression type \"\(expression.type.documentedName)\" for range query, must be Scalar or instant Vector"
            )
        }
        let isExpired = deadline(limits.timeout)
        let plan = try Planner.plan(
            expression, over: range, lookback: limits.lookback, subqueryStep: subqueryStep)
        let columns = try await select(plan.selections)
        let read = columns.reduce(0) { $0 + $1.reduce(0) { $0 + $1.values.count } }
        let evaluator = Evaluator(
            plan: plan, columns: columns, lookback: limits.lookback, features: features,
            maxSamples: limits.maxSamples, isExpired: isExpired)
        let value = try Evaluator.result(evaluator, expression, range)
        return QueryResult(
            value: value, warnings: evaluator.annotations.warnings, infos: evaluator.annotations.infos,
            samplesRead: read)
    }

    private func select(_ selections: [Selection]) async throws(QueryError) -> [[SeriesColumns]] {
        guard !selections.isEmpty else { return [] }
        do {
            return try await source.select(selections)
        } catch let error as QueryError {
            throw error
        } catch is CancellationError {
            throw QueryError(.canceled, "query was canceled in query preparation")
        } catch {
            throw QueryError(.internalError, "expanding series: \(error)")
        }
    }
}
