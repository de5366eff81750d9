import Fleet
import Scaling
import TimeSeries

/// What is seen of a queue and its workers at a tick.
struct QueueView {
    var seconds: Int
    /// Jobs a second over the last minute.
    var arrivals: Double
    /// Jobs that wait, and that are being done.
    var waiting: Int
    var busy: Int
    /// How long all but a hundredth of the jobs that were begun in the last two minutes had waited; nil without any.
    var latency: Double?
    var ready: Int
    var starting: Int
    var desired: Int
}

protocol QueueController {
    mutating func desired(_ view: QueueView) -> Int
}

/// KEDA: the length of the queue as an external metric of a HorizontalPodAutoscaler.
struct QueueLengthController: QueueController {
    struct Settings: Hashable, Sendable {
        /// Jobs by worker.
        var threshold: Double
        /// Whether jobs that are being done count, as they do for most of its sources.
        var countsBusy: Bool
        var windowSeconds: Int
        var minReplicas: Int

        var text: String {
            "\(ScalingBenchmark.short(threshold))\(countsBusy ? " with those in work" : ""), window "
                + "\(windowSeconds) s, min \(minReplicas)"
        }
    }

    private let settings: Settings
    private var autoscaler: HorizontalPodAutoscaler

    init(_ settings: Settings, maxReplicas: Int) {
        self.settings = settings
        var configuration = HorizontalPodAutoscaler.Configuration(
            minReplicas: settings.minReplicas, maxReplicas: maxReplicas)
        configuration.down.windowSeconds = settings.windowSeconds
        autoscaler = HorizontalPodAutoscaler(configuration)
    }

    mutating func desired(_ view: QueueView) -> Int {
        let length = view.waiting + (settings.countsBusy ? view.busy : 0)
        return autoscaler.desired(
            [.averageValue(Double(length), target: settings.threshold)], current: view.desired,
            seconds: view.seconds)
    }
}

/// A policy as in production: signals named `arrivals`, `backlog`, `work` (with what is being done), `demand` (the backlog,
/// and what arrives until it is worked off) and `latency` read what they are called.
struct QueuePolicyController: QueueController {
    private let policy: ScalingPolicy
    private let forecasts: PolicyForecasts?
    private var memory = ScalingMemory()
    private let start = Timestamp(milliseconds: 1_599_436_800_000)

    init(_ policy: ScalingPolicy, forecasts: PolicyForecasts?) {
        self.policy = policy
        self.forecasts = forecasts
    }

    mutating func desired(_ view: QueueView) -> Int {
        let now = start + .seconds(view.seconds)
        let signals = policy.signals.map { signal in
            let reading: Signal.Reading? = value(signal, view).map { .value($0, measuredAt: now) }
            let outlook =
                policy.prediction?.signal == signal.name
                ? forecasts?.outlook(atSeconds: view.seconds, scale: 1) : nil
            return Signal(name: signal.name, reading: reading ?? .missing, outlook: outlook)
        }
        let measurement = Measurement(
            policy: policy.name, workload: policy.workload, at: now, signals: signals)
        let counts = ReplicaCounts(desired: view.desired, ready: view.ready, starting: view.starting)
        return decide(policy, measurement, counts: counts, memory: &memory, now: now, explains: false).desired
    }

    private func value(_ signal: SignalPolicy, _ view: QueueView) -> Double? {
        switch signal.name {
        case "arrivals": return view.arrivals
        case "backlog": return Double(view.waiting)
        case "work": return Double(view.waiting + view.busy)
        case "latency": return view.latency
        case "demand":
            guard case .backlog(_, let within) = signal.target else { return nil }
            return Double(view.waiting) + view.arrivals * Double(within.milliseconds) / 1000
        default: return nil
        }
    }
}
