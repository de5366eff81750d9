package import TimeSeries

/// One active alert, as `/api/v1/alerts` and `/api/v1/rules` show it.
package struct AlertStatus: Hashable, Sendable {
    /// With `alertname`, without `__name__`.
    package var labels: Labels
    /// Expanded, ordered by name.
    package var annotations: Annotations
    package var state: AlertState
    /// Since when the condition holds.
    package var activeAt: Timestamp
    /// Since when it fires only because of `keep_firing_for`.
    package var keepFiringSince: Timestamp?
    /// The value of the expression at the last evaluation in which it held.
    package var value: Double

    package init(
        labels: Labels, annotations: Annotations, state: AlertState, activeAt: Timestamp,
        keepFiringSince: Timestamp? = nil, value: Double
    ) {
        self.labels = labels
        self.annotations = annotations
        self.state = state
        self.activeAt = activeAt
        self.keepFiringSince = keepFiringSince
        self.value = value
    }
}
