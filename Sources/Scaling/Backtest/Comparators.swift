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
        case .hpa:
            return PolicyController(
                Self.horizontalPodAutoscaler(rawValue, .mean(0.6), settings), trace: trace)
        case .keda:
            return PolicyController(
                Self.horizontalPodAutoscaler(rawValue, .perReplica(Self.share(trace)), settings),
                trace: trace,
                unscaled: true)
        case .nomad: return NomadTargetValue()
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

    /// HorizontalPodAutoscaler v2 with its default behaviour: `decide` takes the same steps in the same
    /// order.
    static func horizontalPodAutoscaler(
        _ name: String, _ target: SignalPolicy.Target, _ settings: Backtest.Settings
    ) -> ScalingPolicy {
        let quarter = Duration.seconds(15)
        return ScalingPolicy(
            name: name, workload: WorkloadID("trace")!, maxReplicas: settings.maxReplicas,
            signals: [SignalPolicy(name: "metric", query: "metric", target: target)],
            behaviour: ScalingBehaviour(
                up: ScalingBehaviour.Direction(
                    window: .zero,
                    limit: .largest([
                        VelocityLimit.Rate(.share(1), per: quarter),
                        VelocityLimit.Rate(.replicas(4), per: quarter),
                    ])),
                down: ScalingBehaviour.Direction(
                    window: .seconds(300), limit: .largest([VelocityLimit.Rate(.share(1), per: quarter)]))))
    }
}

/// Nomad Autoscaler's target-value strategy on CPU: the newest value, a threshold of 1 %, a cooldown of five
/// minutes.
struct NomadTargetValue: BacktestController {
    let name = Comparator.nomad.rawValue
    private var quietUntil = Int.min

    mutating func desired(_ view: BacktestView) -> Int {
        guard view.seconds >= quietUntil, let utilisation = view.utilisation else { return view.desired }
        let factor = utilisation / Comparator.targetUtilisation
        guard abs(factor - 1) > 0.01 else { return view.desired }
        let count = max(1, Replicas.covering(factor * Double(max(1, view.desired))))
        if count != view.desired { quietUntil = view.seconds + 300 }
        return count
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
