package import TimeSeries

/// An alert as Alertmanager is told of it.
package struct AlertNotification: Hashable, Sendable {
    package var labels: Labels
    package var annotations: Annotations
    /// When it began to fire.
    package var startsAt: Timestamp
    /// When it resolved, or until when Alertmanager shall take it for firing if it hears nothing more.
    package var endsAt: Timestamp
    /// Where a person sees the expression behind it.
    package var generatorURL: String

    package init(
        labels: Labels, annotations: Annotations, startsAt: Timestamp, endsAt: Timestamp, generatorURL: String
    ) {
        self.labels = labels
        self.annotations = annotations
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.generatorURL = generatorURL
    }
}
