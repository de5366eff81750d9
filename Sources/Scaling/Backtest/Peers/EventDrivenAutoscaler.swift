/// KEDA's part of the work: whether a workload is active at all, and what the autoscaler behind it is told
/// when a source fails (autoscaling.md 2.2). From one replica on, the HorizontalPodAutoscaler counts.
package struct EventDrivenAutoscaler: Sendable {
    package enum Fallback: Hashable, Sendable {
        case none
        /// After so many failures in a row the metric is made up so that so many replicas follow.
        case fixed(replicas: Int, afterFailures: Int)
        /// The larger of that and what runs.
        case currentIfHigher(replicas: Int, afterFailures: Int)
    }

    package var minReplicas = 0
    package var maxReplicas = 100
    /// Active only strictly above it.
    package var activationThreshold = 0.0
    package var cooldownSeconds = 300
    package var fallback = Fallback.none
    /// The wanted average of the metric.
    package var target: Double
    private var failures = 0
    private var lastActive: Int?
    private var autoscaler: HorizontalPodAutoscaler

    package init(target: Double, minReplicas: Int = 0, maxReplicas: Int = 100) {
        self.target = target
        self.minReplicas = minReplicas
        self.maxReplicas = maxReplicas
        autoscaler = HorizontalPodAutoscaler(
            HorizontalPodAutoscaler.Configuration(minReplicas: max(1, minReplicas), maxReplicas: maxReplicas))
    }

    /// One poll.
    /// - Parameter value: nil where the source failed.
    package mutating func desired(_ value: Double?, current: Int, seconds: Int) -> Int {
        failures = value == nil ? failures + 1 : 0
        let isActive = value.map { $0 > activationThreshold } ?? (current > 0)
        if isActive { lastActive = seconds }
        if minReplicas == 0 {
            guard isActive || current > 0 else { return 0 }
            // From any count straight to zero, once nothing has happened for a while.
            if !isActive, seconds - (lastActive ?? seconds) >= cooldownSeconds { return 0 }
            if lastActive == nil { lastActive = seconds }
            // From zero to one at once; the autoscaler goes on from there.
            if current == 0 { return 1 }
        }
        return autoscaler.desired([metric(value, current: current)], current: current, seconds: seconds)
    }

    private func metric(_ value: Double?, current: Int) -> HorizontalPodAutoscaler.Metric {
        if let value { return .averageValue(value, target: target) }
        switch fallback {
        case .fixed(let replicas, let after) where failures >= after:
            return .averageValue(target * Double(replicas), target: target)
        case .currentIfHigher(let replicas, let after) where failures >= after:
            return .averageValue(target * Double(max(replicas, current)), target: target)
        default: return .failed
        }
    }
}

/// Nomad Autoscaler's target-value strategy (autoscaling.md 2.3): the newest value against its target, a
/// threshold, and a cooldown in which nothing is evaluated.
package struct TargetValueStrategy: Sendable {
    package var target: Double
    package var threshold = 0.01
    package var maxScaleUp: Int?
    package var maxScaleDown: Int?
    package var cooldownSeconds = 300
    private var quietUntil: Int?

    package init(target: Double) { self.target = target }

    package mutating func desired(_ value: Double?, current: Int, seconds: Int) -> Int {
        if let quietUntil, seconds < quietUntil { return current }
        guard let value, value.isFinite else { return current }
        let factor = target == 0 ? value : value / target
        guard !((1 - threshold)...(1 + threshold)).contains(factor) else { return current }
        var count = Replicas.covering(current == 0 ? factor : Double(current) * factor)
        if let maxScaleUp { count = min(count, current + maxScaleUp) }
        if let maxScaleDown { count = max(count, current - maxScaleDown) }
        if count != current { quietUntil = seconds + cooldownSeconds }
        return count
    }
}

/// AWS target tracking (autoscaling.md 2.4): out where any policy wants it, in only where all do and nothing
/// warms up; warming instances count as capacity and not in the metric; without data nothing happens.
package struct TargetTracking: Sendable {
    package struct Metric: Hashable, Sendable {
        /// Over the warm instances; nil without data.
        package var mean: Double?
        package var target: Double

        package init(mean: Double?, target: Double) {
            self.mean = mean
            self.target = target
        }
    }

    package init() {}

    package func desired(_ metrics: [Metric], warm: Int, warming: Int, current: Int) -> Int {
        var largest: Int?
        var allWantLess = !metrics.isEmpty
        for metric in metrics {
            guard let mean = metric.mean, mean.isFinite, metric.target > 0 else {
                allWantLess = false
                continue
            }
            let count = Replicas.covering(Double(warm) * mean / metric.target)
            allWantLess = allWantLess && count < current
            largest = max(largest ?? count, count)
        }
        guard let largest else { return current }
        if largest > current { return largest }
        return allWantLess && warming == 0 ? max(1, largest) : current
    }
}
