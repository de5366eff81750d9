package import TimeSeries

/// What a rule remembers between evaluations.
package struct RuleState: Sendable {
    /// The series of the last evaluation; those that are missing from the next are marked stale.
    var series: Set<Labels> = []
    /// By their labels; resolved ones included.
    package var alerts: [Labels: Alert] = [:]
    package var health = RuleHealth.unknown
    package var lastError: String?
    var evaluationTime = Duration.zero
    var lastEvaluation: Timestamp?

    /// In the order of their labels.
    var orderedAlerts: [Alert] { alerts.values.sorted { $0.labels < $1.labels } }

    func status(of rule: Rule) -> RuleStatus {
        var kind = RuleStatus.Kind.recording
        if case .alerting(let alerting) = rule.kind {
            let active = orderedAlerts.filter { $0.state != .inactive }
            kind = .alerting(
                RuleStatus.Alerting(
                    state: active.map(\.state).max() ?? .inactive, holdDuration: alerting.holdDuration,
                    keepFiringFor: alerting.keepFiringFor,
                    annotations: Annotations(alerting.annotations.map { ($0.name, $0.template.text) }),
                    alerts: active.map(\.status)))
        }
        return RuleStatus(
            name: rule.name, query: rule.query, labels: rule.labelTexts, health: health, lastError: lastError,
            evaluationTime: evaluationTime, lastEvaluation: lastEvaluation, kind: kind)
    }
}
