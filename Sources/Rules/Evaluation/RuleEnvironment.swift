package import PromQL
package import TimeSeries

/// What the evaluation of rules needs from outside.
package struct RuleEnvironment: Sendable {
    package var engine: any QueryEngine
    package var sink: any SampleSink
    /// Measures durations; evaluation times are given.
    package var clock: any Clock
    package var limits: QueryLimits
    package var externalLabels: Labels
    /// Where people reach this server, without a slash at the end.
    package var externalURL: String
    /// How soon a firing alert is sent again (`--rules.alert.resend-delay`).
    package var resendDelay: Duration
    /// How long an outage may have been for the state of alerts to be restored (`--rules.alert.for-outage-tolerance`).
    package var outageTolerance: Duration

    package init(
        engine: any QueryEngine, sink: any SampleSink, clock: any Clock, limits: QueryLimits = QueryLimits(),
        externalLabels: Labels = .empty, externalURL: String = "", resendDelay: Duration = .seconds(60),
        outageTolerance: Duration = .seconds(3600)
    ) {
        self.engine = engine
        self.sink = sink
        self.clock = clock
        self.limits = limits
        self.externalLabels = externalLabels
        self.externalURL = externalURL
        self.resendDelay = resendDelay
        self.outageTolerance = outageTolerance
    }

    /// The elements of an instant query's result; a scalar is one element without labels.
    func vector(_ expression: Expression, at moment: Timestamp) async throws(QueryError) -> [VectorElement] {
        switch try await engine.evaluate(expression, at: moment, limits: limits).value {
        case .vector(let elements): return elements
        case .scalar(let value): return [VectorElement(labels: .empty, number: .float(value))]
        case .string, .matrix: throw QueryError(.execution, "rule result is not a vector or scalar")
        }
    }
}
