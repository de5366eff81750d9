package import TimeSeries

/// Evaluates PromQL over a source of series: everything a query needs is selected in one call, then evaluated
/// synchronously over columns.
package struct LocalEngine: QueryEngine {
    private let source: any SeriesSource
    private let features: QueryFeatures
    private let subqueryStep: Duration
    private let workers: Workers
    private let now: @Sendable () -> Duration
    /// The models of `forecast` and its kin, shared by all copies.
    package let forecasts: ForecastCache
    private let deadline: @Sendable (_ timeout: Duration) -> @Sendable () -> Bool

    /// - Parameters:
    ///   - forecasts: where the models of `forecast` and its kin are kept; results do not depend on it.
    ///   - subqueryStep: the step of a subquery that names none; Prometheus takes the global evaluation interval.
    ///   - workers: share in the work of one query; the result does not depend on how many they are.
    ///   - now: time that only grows, for `explain`; evaluation does not depend on it.
    ///   - deadline: called as a query starts with its timeout; what it returns says whether the time is over.
    ///     Evaluation itself never reads a clock.
    package init(
        source: any SeriesSource, features: QueryFeatures = [], subqueryStep: Duration = .seconds(60),
        forecasts: ForecastCache = ForecastCache(),
        workers: Workers = .one, now: @escaping @Sendable () -> Duration = { .zero },
        deadline: @escaping @Sendable (_ timeout: Duration) -> @Sendable () -> Bool = { _ in { false } }
    ) {
        self.source = source
        self.features = features
        self.subqueryStep = subqueryStep
        self.workers = workers
        self.now = now
        self.forecasts = forecasts
        self.deadline = deadline
    }

    package func evaluate(
        _ expression: Expression, over range: EvaluationRange, limits: QueryLimits
    ) async throws(QueryError) -> QueryResult {
        let (plan, isExpired) = try prepare(expression, range, limits)
        // What counts samples at each step looks at all series at once.
        let selected = try await select(plan, inPieces: limits.countsSamples ? [] : plan.inPieces, limits)
        let evaluator = evaluator(plan, selected, limits, isExpired)
        return try Self.result(evaluator, expression, range)
    }

    package func explain(
        _ expression: Expression, over range: EvaluationRange, limits: QueryLimits
    ) async throws(QueryError) -> (result: QueryResult, explanation: QueryExplanation) {
        let began = now()
        let (plan, isExpired) = try prepare(expression, range, limits)
        let planned = now()
        let selected = try await select(plan, inPieces: [], limits)
        let read = now()
        let evaluator = evaluator(plan, selected, limits, isExpired)
        evaluator.trace = EvaluationTrace(now: now)
        let result = try Self.result(evaluator, expression, range)
        let explanation = QueryExplanation(
            planning: planned - began, reading: read - planned, evaluating: now() - read,
            readings: zip(plan.selections, evaluator.columns).map { selection, series in
                QueryExplanation.Reading(
                    matchers: selection.matchers, range: selection.range, series: series.count,
                    samples: series.sampleCount)
            },
            plan: evaluator.trace?.root ?? plan.root.step)
        return (result, explanation)
    }

    private func prepare(
        _ expression: Expression, _ range: EvaluationRange, _ limits: QueryLimits
    ) throws(QueryError) -> (plan: Plan, isExpired: @Sendable () -> Bool) {
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
        return (plan, isExpired)
    }

    private func evaluator(
        _ plan: Plan, _ selected: [SelectedSeries], _ limits: QueryLimits,
        _ isExpired: @escaping @Sendable () -> Bool
    ) -> Evaluator {
        let evaluator = Evaluator(
            plan: plan, selected: selected, lookback: limits.lookback, features: features,
            maxSamples: limits.maxSamples, models: forecasts, workers: workers, isExpired: isExpired)
        if limits.countsSamples { evaluator.counts = SampleCounts(steps: plan.grid.count) }
        return evaluator
    }

    private static func result(
        _ evaluator: Evaluator, _ expression: Expression, _ range: EvaluationRange
    ) throws(QueryError) -> QueryResult {
        let value = try Evaluator.result(evaluator, expression, range)
        var result = QueryResult(
            value: value, warnings: evaluator.annotations.warnings, infos: evaluator.annotations.infos,
            samplesRead: evaluator.columns.reduce(evaluator.samplesInPieces) { $0 + $1.sampleCount })
        if let counts = evaluator.counts {
            let grid = evaluator.plan.grid
            result.samples = QueryResult.SampleStatistics(
                perStep: counts.perStep.enumerated().map { step, count in
                    (at: Timestamp(milliseconds: grid.time(step)), count: count)
                },
                peak: evaluator.budget.peak)
        }
        return result
    }

    private func select(
        _ plan: Plan, inPieces: Set<Int>, _ limits: QueryLimits
    ) async throws(QueryError) -> [SelectedSeries] {
        guard !plan.selections.isEmpty else { return [] }
        do {
            return try await source.open(
                plan.selections, inPieces: inPieces, sampleLimit: limits.maxSamples)
        } catch let error as QueryError {
            throw error
        } catch is TooManySamples {
            throw SampleBudget.exceeded
        } catch is CancellationError {
            throw QueryError(.canceled, "query was canceled in query preparation")
        } catch {
            throw QueryError(.internalError, "expanding series: \(error)")
        }
    }
}
