import Fleet
import TimeSeries

/// A policy in a backtest: the same `decide` as in production over what the simulator shows.
///
/// The predicted signal, else the first with `per_replica`, is the demand, scaled so that what the policy
/// lets one replica serve is what a replica serves within its objective. Other signals read what `sources`
/// says.
package struct PolicyController: BacktestController {
    /// What the simulator can show a signal.
    package enum Source: String, Hashable, Sendable, CaseIterable {
        case load, utilisation, replicas, backlog
    }

    package let policy: ScalingPolicy
    package var name: String { policy.name }
    private let forecasts: PolicyForecasts?
    private let sources: [Source]
    /// From the trace's unit to the policy's.
    private let scale: Double
    private var memory = ScalingMemory()
    private var lastDecision = Int.min
    /// A trace begins on a Monday at midnight UTC, as far as schedules are concerned.
    private let start = Timestamp(milliseconds: 1_599_436_800_000)

    /// - Parameters:
    ///   - sources: by signal; where there is none, the target says it: `mean` reads the utilisation,
    ///     `drain_rate` the backlog, others the load.
    ///   - forecasts: made once and shared by the policies of a run.
    ///   - unscaled: whether the policy's target already is in the trace's unit.
    package init(
        _ policy: ScalingPolicy, trace: DemandTrace, sources: [String: Source] = [:],
        forecasts: PolicyForecasts? = nil, unscaled: Bool = false
    ) {
        self.policy = policy
        self.forecasts = forecasts
        let load =
            policy.prediction.flatMap { policy.signal($0.signal) } ?? policy.signals.first { $0.servesShare }
        if !unscaled, case .perReplica(let target)? = load?.target {
            scale = target / trace.capacity
        } else {
            scale = 1
        }
        self.sources = policy.signals.map { signal in
            if let source = sources[signal.name] { return source }
            return switch signal.target {
            case .mean: .utilisation
            case .backlog: .backlog
            case .perReplica, .objective, .steps: .load
            }
        }
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
                Signal(name: signal.name, reading: reading(source, view, at: now), outlook: outlook))
        }
        let measurement = Measurement(
            policy: policy.name, workload: policy.workload, at: now, signals: signals,
            schedules: ScheduleCalendar.active(policy, at: now))
        let counts = ReplicaCounts(desired: view.desired, ready: view.ready, starting: view.starting)
        return decide(policy, measurement, counts: counts, memory: &memory, now: now, explains: false).desired
    }

    private func reading(_ source: Source, _ view: BacktestView, at now: Timestamp) -> Signal.Reading {
        switch source {
        case .load: .value(view.load * scale, measuredAt: now)
        case .utilisation: view.utilisation.map { .value($0, measuredAt: now) } ?? .missing
        case .replicas: .value(Double(view.ready), measuredAt: now)
        case .backlog: .value(view.backlog, measuredAt: now)
        }
    }
}

extension SignalPolicy {
    var servesShare: Bool { if case .perReplica = target { true } else { false } }
}
