/// AWS: a forecast per hour from up to 14 days, applied at the hour (and five minutes before), never scaling
/// in, beside target tracking on CPU at 60 %; the larger wins. Tracking acts on alarms over minutes: three in a
/// row above the target, fifteen below nine tenths of it. The service's model is not published; the
/// hour's largest value of past days, each day weighing less than the next, stands for it.
struct AWSPredictive: BacktestController {
    let name = Comparator.aws.rawValue
    private let tracking = TargetTracking()
    private var tracked = 0
    private var minutesAbove = 0
    private var minutesBelow = 0
    private var lastMinute = -1
    private let trace: DemandTrace
    private let maxReplicas: Int
    private static let bufferSeconds = 300
    private var known: (hour: Int, count: Int) = (-1, 0)

    init(_ trace: DemandTrace, _ settings: Backtest.Settings) {
        self.trace = trace
        maxReplicas = settings.maxReplicas
    }

    mutating func desired(_ view: BacktestView) -> Int {
        let hour = (view.seconds + Self.bufferSeconds) / 3600
        if known.hour != hour { known = (hour, Replicas.covering(expected(hour) / Comparator.share(trace))) }
        // What the forecast brought only tracking takes away.
        tracked = max(track(view), known.count)
        return min(tracked, maxReplicas)
    }

    private mutating func track(_ view: BacktestView) -> Int {
        if tracked == 0 { tracked = max(1, view.desired) }
        let minute = view.seconds / 60
        guard minute != lastMinute, let utilisation = view.utilisation else { return tracked }
        lastMinute = minute
        let target = Comparator.targetUtilisation
        minutesAbove = utilisation > target ? minutesAbove + 1 : 0
        minutesBelow = utilisation < 0.9 * target ? minutesBelow + 1 : 0
        guard minutesAbove >= 3 || minutesBelow >= 15 else { return tracked }
        tracked = tracking.desired(
            [TargetTracking.Metric(mean: utilisation, target: target)], warm: view.ready,
            warming: view.starting, current: view.desired)
        return tracked
    }

    private func expected(_ hour: Int) -> Double {
        var sum = 0.0
        var total = 0.0
        var weight = 1.0
        for day in 1...14 {
            let start = (hour - 24 * day) * 3600
            guard start >= 0 else { break }
            // Each step holds until the next; one may be longer than an hour.
            let first = min(start / trace.stepSeconds, trace.values.count)
            let next = (start + 3599) / trace.stepSeconds + 1
            sum += weight * (trace.values[first..<min(next, trace.values.count)].max() ?? 0)
            total += weight
            weight *= 0.8
        }
        return total > 0 ? sum / total : 0
    }
}
