import Fleet
import TimeSeries

@testable import Scaling

/// A policy with its memory, and a clock that a test moves. Limits are off unless a test sets them.
struct Scene {
    var policy: ScalingPolicy
    var memory = ScalingMemory()
    var now = Timestamp(milliseconds: 1_700_000_000_000)
    var current: Int
    var ready: Int?
    var starting = 0

    static let free = ScalingBehaviour(
        up: ScalingBehaviour.Direction(window: .zero, limit: .none),
        down: ScalingBehaviour.Direction(window: .zero, limit: .none))

    init(
        signals: [SignalPolicy], prediction: Prediction? = nil, behaviour: ScalingBehaviour = Scene.free,
        min: Int = 0, max: Int = 100, current: Int
    ) {
        policy = ScalingPolicy(
            name: "p", workload: WorkloadID("web")!, minReplicas: min, maxReplicas: max, signals: signals,
            prediction: prediction, behaviour: behaviour)
        self.current = current
    }

    init(
        target: SignalPolicy.Target, unit: SignalPolicy.Unit = .plain,
        behaviour: ScalingBehaviour = Scene.free,
        min: Int = 0, max: Int = 100, current: Int
    ) {
        self.init(
            signals: [SignalPolicy(name: "load", query: "q", target: target, unit: unit)],
            behaviour: behaviour,
            min: min, max: max, current: current)
    }

    /// Decides on readings by signal name and takes the decision as done.
    mutating func decide(
        _ readings: [String: Signal.Reading], outlook: Signal.Outlook? = nil, coverage: Double? = nil,
        kept: Double? = nil
    ) -> ScaleDecision {
        let signals = policy.signals.compactMap { signal in
            readings[signal.name].map {
                Signal(
                    name: signal.name, reading: $0, outlook: signal.name == "load" ? outlook : nil,
                    coverage: coverage, kept: kept)
            }
        }
        let measurement = Measurement(
            policy: policy.name, workload: policy.workload, at: now, signals: signals,
            schedules: ScheduleCalendar.active(policy, at: now))
        let counts = ReplicaCounts(desired: current, ready: ready ?? current, starting: starting)
        let decision = Scaling.decide(policy, measurement, counts: counts, memory: &memory, now: now)
        current = decision.desired
        return decision
    }

    /// Decides on a fresh value of the signal `load`.
    mutating func decide(_ load: Double, outlook: Signal.Outlook? = nil) -> ScaleDecision {
        decide(["load": .value(load, measuredAt: now)], outlook: outlook)
    }

    mutating func pass(_ time: Duration) { now += time }
}

extension ScaleDecision {
    func reason(_ kind: Reason.Kind) -> Reason? { reasons.first { $0.kind == kind } }
    var kinds: [Reason.Kind] { reasons.map(\.kind) }
}
