import Fleet
import TimeSeries

/// Other autoscalers as controllers of a backtest, with the settings of autoscaling.md 3.2, so that anyone
/// can run old and new side by side.
package enum Comparator: String, Hashable, Sendable, CaseIterable {
    /// Kubernetes' HorizontalPodAutoscaler on CPU at 60 %.
    case hpa = "hpa-v2"
    /// KEDA: an external metric through the HorizontalPodAutoscaler, AverageValue at 60 %.
    case keda
    case nomad = "nomad-target-value"
    case aws = "aws-target-tracking+predictive"
    case crane = "crane-ehpa"
    /// As many as were ever needed before the evaluation.
    case fixed = "static"
    /// Knows the demand and holds it for five minutes: the bound.
    case clairvoyant

    /// Of the physical capacity.
    static let targetUtilisation = 0.6

    package func controller(_ trace: DemandTrace, _ settings: Backtest.Settings) -> any BacktestController {
        switch self {
        case .hpa: return PodAutoscalerController(settings)
        case .keda: return EventDrivenController(trace, settings)
        case .nomad: return TargetValueController()
        case .aws: return AWSPredictive(trace, settings)
        case .crane: return CraneEHPA(trace, settings)
        case .fixed: return StaticCount(trace, settings)
        case .clairvoyant: return Clairvoyant(trace, settings)
        }
    }

    /// What a replica serves at the target utilisation.
    static func share(_ trace: DemandTrace) -> Double {
        trace.capacity / DemandTrace.objectiveUtilisation * targetUtilisation
    }
}

/// HorizontalPodAutoscaler on CPU at 60 %; replicas that start are not ready, and CPU is what they are ignored
/// for.
struct PodAutoscalerController: BacktestController {
    let name = Comparator.hpa.rawValue
    private var autoscaler: HorizontalPodAutoscaler

    init(_ settings: Backtest.Settings) {
        autoscaler = HorizontalPodAutoscaler(
            HorizontalPodAutoscaler.Configuration(maxReplicas: settings.maxReplicas))
    }

    mutating func desired(_ view: BacktestView) -> Int { desired(view, beside: []) }

    /// - Parameter others: metrics beside CPU.
    mutating func desired(_ view: BacktestView, beside others: [HorizontalPodAutoscaler.Metric]) -> Int {
        let pods = HorizontalPodAutoscaler.Pods(
            ready: view.utilisation.map { [Double](repeating: $0, count: view.ready) } ?? [],
            ignored: view.starting)
        return autoscaler.desired(
            [.utilisation(pods, target: Comparator.targetUtilisation)] + others, current: view.desired,
            seconds: view.seconds)
    }
}

/// KEDA: the demand as an external metric with an average of 60 % of what a replica can do.
struct EventDrivenController: BacktestController {
    let name = Comparator.keda.rawValue
    private var autoscaler: EventDrivenAutoscaler

    init(_ trace: DemandTrace, _ settings: Backtest.Settings) {
        autoscaler = EventDrivenAutoscaler(
            target: Comparator.share(trace), minReplicas: 1, maxReplicas: settings.maxReplicas)
    }

    mutating func desired(_ view: BacktestView) -> Int {
        autoscaler.desired(view.load, current: view.desired, seconds: view.seconds)
    }
}

/// Nomad Autoscaler's target-value strategy on CPU.
struct TargetValueController: BacktestController {
    let name = Comparator.nomad.rawValue
    private var strategy = TargetValueStrategy(target: Comparator.targetUtilisation)

    mutating func desired(_ view: BacktestView) -> Int {
        max(1, strategy.desired(view.utilisation, current: view.desired, seconds: view.seconds))
    }
}

/// The largest demand before the evaluation began.
struct StaticCount: BacktestController {
    let name = Comparator.fixed.rawValue
    private let count: Int

    init(_ trace: DemandTrace, _ settings: Backtest.Settings) {
        let known = trace.values.prefix(max(1, settings.evaluateAfterSeconds / trace.stepSeconds))
        count = max(1, Replicas.covering((known.max() ?? 0) / trace.capacity))
    }

    mutating func desired(_ view: BacktestView) -> Int { count }
}

/// The largest demand of the next five minutes, at every moment.
struct Clairvoyant: BacktestController {
    let name = Comparator.clairvoyant.rawValue
    let isClairvoyant = true
    private let trace: DemandTrace
    private let tick: Int

    init(_ trace: DemandTrace, _ settings: Backtest.Settings) {
        self.trace = trace
        tick = settings.tickSeconds
    }

    mutating func desired(_ view: BacktestView) -> Int {
        var peak = 0.0
        for seconds in stride(from: view.seconds, through: view.seconds + 300, by: tick) {
            peak = max(peak, trace.demand(atSeconds: seconds))
        }
        return max(1, Replicas.covering(peak / trace.capacity))
    }
}
