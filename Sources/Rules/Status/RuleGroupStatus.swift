package import TimeSeries

/// A group with its rules and counters, as `/api/v1/rules` and `/metrics` show it.
package struct RuleGroupStatus: Hashable, Sendable {
    package var name: String
    /// The file's path as it was loaded.
    package var file: String
    package var interval: Duration
    /// The most samples or alerts that one rule may yield; 0 for no limit.
    package var limit: Int
    package var rules: [RuleStatus]
    /// How long the last evaluation took.
    package var evaluationTime: Duration
    package var lastEvaluation: Timestamp?
    /// Samples of the last evaluation.
    package var lastSamples: Int
    package var iterations: Int
    /// Iterations that were skipped because the one before took too long.
    package var missedIterations: Int
    package var evaluations: Int
    package var failures: Int

    package init(
        name: String, file: String, interval: Duration, limit: Int = 0, rules: [RuleStatus],
        evaluationTime: Duration = .zero, lastEvaluation: Timestamp? = nil, lastSamples: Int = 0,
        iterations: Int = 0, missedIterations: Int = 0, evaluations: Int = 0, failures: Int = 0
    ) {
        self.name = name
        self.file = file
        self.interval = interval
        self.limit = limit
        self.rules = rules
        self.evaluationTime = evaluationTime
        self.lastEvaluation = lastEvaluation
        self.lastSamples = lastSamples
        self.iterations = iterations
        self.missedIterations = missedIterations
        self.evaluations = evaluations
        self.failures = failures
    }

    /// The alerts of all rules, in the order of the rules.
    package var alerts: [AlertStatus] {
        rules.flatMap { rule -> [AlertStatus] in
            if case .alerting(let alerting) = rule.kind { alerting.alerts } else { [] }
        }
    }
}
