/// AWS: a forecast per hour from up to 14 days, applied at the hour (and five minutes before), never scaling
/// in, beside target tracking on CPU at 60 %; the larger wins. The service's model is not published; the
/// hour's largest value of past days, each day weighing less than the next, stands for it.
struct AWSPredictive: BacktestController {
    let name = Comparator.aws.rawValue
    private var tracking: PolicyController
    private let trace: DemandTrace
    private let maxReplicas: Int
    private static let bufferSeconds = 300
    private var known: (hour: Int, count: Int) = (-1, 0)

    init(_ trace: DemandTrace, _ settings: Backtest.Settings) {
        self.trace = trace
        maxReplicas = settings.maxReplicas
        tracking = PolicyController(
            Comparator.horizontalPodAutoscaler(
                "tracking", .mean(Comparator.targetUtilisation), settings), trace: trace)
    }

    mutating func desired(_ view: BacktestView) -> Int {
        let hour = (view.seconds + Self.bufferSeconds) / 3600
        if known.hour != hour { known = (hour, Replicas.covering(expected(hour) / Comparator.share(trace))) }
        return max(tracking.desired(view), min(known.count, maxReplicas))
    }

    private func expected(_ hour: Int) -> Double {
        let perHour = max(1, 3600 / trace.stepSeconds)
        var sum = 0.0
        var total = 0.0
        var weight = 1.0
        for day in 1...14 {
            let first = (hour - 24 * day) * perHour
            guard first >= 0 else { break }
            sum += weight * (trace.values[first..<min(first + perHour, trace.values.count)].max() ?? 0)
            total += weight
            weight *= 0.8
        }
        return total > 0 ? sum / total : 0
    }
}
