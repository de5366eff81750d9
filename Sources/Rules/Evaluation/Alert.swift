package import TimeSeries

/// One alert of a rule, from the first evaluation in which its condition held to fifteen minutes after it resolved.
package struct Alert: Hashable, Sendable {
    /// Its identity: those of the element with those of the rule, and `alertname`.
    package var labels: Labels
    package var annotations: Annotations
    package var state: AlertState
    package var value: Double
    /// Since when the condition holds.
    package var activeAt: Timestamp
    package var firedAt: Timestamp?
    package var resolvedAt: Timestamp?
    package var keepFiringSince: Timestamp?
    package var lastSentAt: Timestamp?

    /// How long a resolved alert is kept and sent again, so that an Alertmanager that was away hears of it.
    package static let resolvedRetention = Duration.seconds(15 * 60)

    init(labels: Labels, annotations: Annotations, value: Double, activeAt: Timestamp) {
        self.labels = labels
        self.annotations = annotations
        self.value = value
        self.activeAt = activeAt
        state = .pending
    }

    var status: AlertStatus {
        AlertStatus(
            labels: labels, annotations: annotations, state: state, activeAt: activeAt,
            keepFiringSince: keepFiringSince, value: value)
    }

    /// Whether Alertmanager should hear of it now: newly firing, newly resolved, or the last word is too old.
    func needsSending(at moment: Timestamp, resendDelay: Duration) -> Bool {
        guard state != .pending else { return false }
        guard let lastSentAt else { return true }
        if let resolvedAt, resolvedAt > lastSentAt { return true }
        return lastSentAt + resendDelay < moment
    }

    /// Moves every time by what the wall clock jumped.
    mutating func shift(by jump: Duration) {
        activeAt += jump
        firedAt = firedAt.map { $0 + jump }
        resolvedAt = resolvedAt.map { $0 + jump }
        keepFiringSince = keepFiringSince.map { $0 + jump }
        lastSentAt = lastSentAt.map { $0 + jump }
    }
}

/// An alert that changed its state.
package struct AlertTransition: Hashable, Sendable {
    package var labels: Labels
    package var from: AlertState
    package var to: AlertState
    package var at: Timestamp
}
