package import TimeSeries

/// A rule with how it fares, as `/api/v1/rules` shows it.
package struct RuleStatus: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case recording
        case alerting(Alerting)
    }

    /// What only an alerting rule has.
    package struct Alerting: Hashable, Sendable {
        /// The worst state of its alerts.
        package var state: AlertState
        package var holdDuration: Duration
        package var keepFiringFor: Duration
        /// Templates as written.
        package var annotations: Annotations
        /// Pending and firing alerts, ordered by labels.
        package var alerts: [AlertStatus]

        package init(
            state: AlertState, holdDuration: Duration, keepFiringFor: Duration, annotations: Annotations,
            alerts: [AlertStatus]
        ) {
            self.state = state
            self.holdDuration = holdDuration
            self.keepFiringFor = keepFiringFor
            self.annotations = annotations
            self.alerts = alerts
        }
    }

    /// The series it records, or the alert's name.
    package var name: String
    /// PromQL, in the canonical form.
    package var query: String
    /// As written, with those of the group.
    package var labels: Labels
    package var health: RuleHealth
    /// Nil where the last evaluation went well or there was none.
    package var lastError: String?
    package var evaluationTime: Duration
    package var lastEvaluation: Timestamp?
    package var kind: Kind

    package init(
        name: String, query: String, labels: Labels, health: RuleHealth, lastError: String? = nil,
        evaluationTime: Duration = .zero, lastEvaluation: Timestamp? = nil, kind: Kind
    ) {
        self.name = name
        self.query = query
        self.labels = labels
        self.health = health
        self.lastError = lastError
        self.evaluationTime = evaluationTime
        self.lastEvaluation = lastEvaluation
        self.kind = kind
    }
}
