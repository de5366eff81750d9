extension PolicyController {
    /// What the simulator can show a signal.
    package enum Source: String, Hashable, Sendable, CaseIterable {
        case load
        /// The load by ready replica.
        case loadPerReplica = "load_per_replica"
        case utilisation
        /// The utilisation in percent.
        case percent
        case replicas, backlog
        /// Waiting and service, for a signal with an objective.
        case latency

        /// What a signal reads where nobody says it: what its target looks like.
        init(of signal: SignalPolicy) {
            switch signal.target {
            case .perReplica: self = .load
            case .backlog: self = .backlog
            case .objective: self = .latency
            case .mean(let target): self = Self.utilisation(upTo: target, signal.unit) ?? .loadPerReplica
            case .steps(let steps):
                let bounds = steps.map { step in
                    switch step.condition {
                    case .above(let bound), .below(let bound): bound
                    }
                }
                self = Self.utilisation(upTo: bounds.max() ?? 0, signal.unit) ?? .load
            }
        }

        /// Nil where the number is too large, or of a unit that a utilisation has not.
        private static func utilisation(upTo number: Double, _ unit: SignalPolicy.Unit) -> Source? {
            switch unit {
            case .share: .utilisation
            case .plain: number <= 1 ? .utilisation : number <= 100 ? .percent : nil
            case .seconds, .bytes: nil
            }
        }
    }

    /// What is taken for a signal's number though its target does not say what it is; nil where it does.
    static func assumption(_ signal: SignalPolicy) -> String? {
        guard signal.unit != .share else { return nil }
        let what: String
        switch signal.target {
        case .mean: what = "a mean"
        case .steps: what = "steps"
        case .perReplica, .backlog, .objective: return nil
        }
        let source = Source(of: signal)
        return "the signal \"\(signal.name)\" (\(what) without %) is taken for \(source.rawValue); "
            + "--signal \(signal.name)=... says otherwise"
    }

    /// The least share of a replica's time that counts as idle: service takes no longer than where so much is left.
    private static let leastIdle = 0.05

    /// The latency that the simulator's queue makes, in the unit of the objective.
    ///
    /// Service slows down as 1 / (1 - utilisation), so that the objective is met exactly where a replica serves what it
    /// can within its objective, and takes at most four times as long; what has arrived and not been done waits until all
    /// replicas together have worked it off, or gives up.
    static func latency(_ view: BacktestView, objective: Double) -> Double? {
        guard let utilisation = view.utilisation, view.ready > 0 else { return nil }
        let idle = max(leastIdle, 1 - utilisation)
        let service = objective * (1 - DemandTrace.objectiveUtilisation) / idle
        return service + view.queued * DemandTrace.objectiveUtilisation / Double(view.ready)
    }
}
