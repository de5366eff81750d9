/// A forecast of one signal's maximum over the time that new replicas take to start and are then held.
package struct Prediction: Hashable, Sendable, Codable {
    package enum LeadTime: Hashable, Sendable, Codable {
        /// The 95th percentile of the workload's recent start-ups; `assumed` until there are some.
        case measured(assumed: Duration)
        case fixed(Duration)
    }

    /// The signal it is about; its target is `perReplica`.
    package var signal: String
    package var leadTime: LeadTime
    /// How much longer than the lead time the capacity should suffice.
    package var hold: Duration
    /// The share of moments in which demand may exceed the forecast: 0.05 plans for the 95th percentile.
    package var risk: Double
    /// How much of the past the model sees.
    package var history: Duration
    /// The distance of the model's points; nil for the largest that gives the history at most 20,160 points,
    /// not below the policy's interval.
    package var step: Duration?

    package init(
        signal: String, leadTime: LeadTime = .measured(assumed: .seconds(60)), hold: Duration = .seconds(300),
        risk: Double = 0.05, history: Duration = .seconds(14 * 86_400), step: Duration? = nil
    ) {
        self.signal = signal
        self.leadTime = leadTime
        self.hold = hold
        self.risk = risk
        self.history = history
        self.step = step
    }
}
