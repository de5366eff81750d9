/// Crane's EffectiveHorizontalPodAutoscaler: a HorizontalPodAutoscaler on two metrics, CPU and the largest of the last
/// three days at the same time of day, over the next hour; the larger wins.
struct CraneEHPA: BacktestController {
    let name = Comparator.crane.rawValue
    private var autoscaler: PodAutoscalerController
    private let trace: DemandTrace
    private static let days = 3
    private static let horizonSeconds = 3600
    private var known: (index: Int, peak: Double) = (-1, 0)

    init(_ trace: DemandTrace, _ settings: Backtest.Settings) {
        self.trace = trace
        autoscaler = PodAutoscalerController(settings)
    }

    mutating func desired(_ view: BacktestView) -> Int {
        let index = view.seconds / trace.stepSeconds
        if known.index != index { known = (index, peak(around: index)) }
        return autoscaler.desired(
            view, beside: [.averageValue(known.peak, target: Comparator.share(trace))])
    }

    private func peak(around index: Int) -> Double {
        let day = 86_400 / trace.stepSeconds
        let horizon = Self.horizonSeconds / trace.stepSeconds
        var peak = 0.0
        for cycle in 1...Self.days {
            let first = index - cycle * day
            guard first >= 0 else { break }
            peak = max(peak, trace.values[first...min(first + horizon, index)].max() ?? 0)
        }
        return peak
    }
}
