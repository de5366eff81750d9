import Fleet
import TimeSeries

/// A policy in a backtest: the same `decide` as in production over what the simulator shows.
///
/// The predicted signal, else the first with `per_replica`, is the demand; where nobody says what a replica serves of
/// the trace, it is scaled so that what the policy lets one replica serve is what a replica serves within its objective.
/// Other signals read what `sources` says.
package struct PolicyController: BacktestController {
    package let policy: ScalingPolicy
    package var name: String { policy.name }
    private let forecasts: PolicyForecasts?
    private let sources: [Source]
    /// From the trace's unit to the policy's.
    private let scale: Double
    private let capacity: Double
    private var memory = ScalingMemory()
    private var lastDecision = Int.min
    /// A trace begins on a Monday at midnight UTC, as far as schedules are concerned.
    private let start = Timestamp(milliseconds: 1_599_436_800_000)

    /// - Parameters:
    ///   - sources: by signal; where there is none, the target says it.
    ///   - forecasts: made once and shared by the policies of a run.
    ///   - isScaled: whether the trace is of another unit than the policy's target.
    package init(
        _ policy: ScalingPolicy, trace: DemandTrace, sources: [String: Source] = [:],
        forecasts: PolicyForecasts? = nil, isScaled: Bool = true
    ) {
        var tried = policy
        // Of these days, not of those that were recorded.
        tried.pauses = nil
        // Observers are tried as if they decided.
        tried.mode = .active
        self.policy = tried
        self.forecasts = forecasts
        if isScaled, case .perReplica(let target)? = policy.load?.target {
            scale = target / trace.capacity
        } else {
            scale = 1
        }
        capacity = trace.capacity
        self.sources = policy.signals.map { sources[$0.name] ?? Source(of: $0) }
    }

    package mutating func desired(_ view: BacktestView) -> Int {
        let interval = Int(clamping: policy.interval.milliseconds) / 1000
        // A policy with a longer interval than the tick skips ticks.
        guard lastDecision == .min || view.seconds - lastDecision >= interval else { return view.desired }
        lastDecision = view.seconds
        let now = start + .seconds(view.seconds)
        var signals: [Signal] = []
        signals.reserveCapacity(policy.signals.count)
        for (signal, source) in zip(policy.signals, sources) {
            let outlook =
                policy.prediction?.signal == signal.name
                ? forecasts?.outlook(atSeconds: view.seconds, scale: scale) : nil
            signals.append(
                Signal(name: signal.name, reading: reading(signal, source, view, at: now), outlook: outlook))
        }
        let measurement = Measurement(
            policy: policy.name, workload: policy.workload, at: now, signals: signals,
            schedules: ScheduleCalendar.active(policy, at: now))
        let counts = ReplicaCounts(desired: view.desired, ready: view.ready, starting: view.starting)
        return decide(policy, measurement, counts: counts, memory: &memory, now: now, explains: false).desired
    }

    private func reading(
        _ signal: SignalPolicy, _ source: Source, _ view: BacktestView, at now: Timestamp
    ) -> Signal.Reading {
        let number: Double? =
            switch source {
            case .load: view.load * scale
            case .loadPerReplica: loadPerReplica(signal, view)
            case .utilisation: view.utilisation
            case .percent: view.utilisation.map { 100 * $0 }
            case .replicas: Double(view.ready)
            case .backlog: view.backlog
            case .latency:
                if case .objective(let objective) = signal.target {
                    Self.latency(view, objective: objective)
                } else {
                    nil
                }
            }
        return number.map { .value($0, measuredAt: now) } ?? .missing
    }

    /// Scaled so that the mean is met where a replica serves what it can within its objective.
    private func loadPerReplica(_ signal: SignalPolicy, _ view: BacktestView) -> Double? {
        guard view.ready > 0 else { return nil }
        let share = view.load / Double(view.ready)
        if case .mean(let target) = signal.target { return share / capacity * target }
        return share * scale
    }
}

extension ScalingPolicy {
    /// The signal that is the demand: the predicted one, else the first with `per_replica`.
    var load: SignalPolicy? {
        prediction.flatMap { signal($0.signal) }
            ?? signals.first { if case .perReplica = $0.target { true } else { false } }
    }
}
