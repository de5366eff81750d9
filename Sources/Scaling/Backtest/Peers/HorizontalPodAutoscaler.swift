/// Kubernetes' HorizontalPodAutoscaler v2 as its documents and issues describe it (autoscaling.md 2.1), for
/// comparison with policies of ours: what one metric proposes, how several are combined, and how fast the
/// count may follow.
package struct HorizontalPodAutoscaler: Sendable {
    /// The samples of one per-pod metric.
    package struct Pods: Hashable, Sendable {
        /// Of the pods that are ready and have a sample.
        package var ready: [Double]
        /// Not ready yet; known to be so only for CPU.
        package var ignored: Int
        /// Ready and without a sample.
        package var missing: Int

        package init(ready: [Double], ignored: Int = 0, missing: Int = 0) {
            self.ready = ready
            self.ignored = ignored
            self.missing = missing
        }
    }

    package enum Metric: Hashable, Sendable {
        /// Usage as a share of what the pod requests, and the share that is wanted.
        case utilisation(Pods, target: Double)
        /// A number a pod, and what is wanted of it.
        case average(Pods, target: Double)
        /// A number of something else that grows as the pods are too few.
        case value(Double, target: Double, readyPods: Int)
        /// A total, and what each pod should have of it.
        case averageValue(Double, target: Double)
        case failed
    }

    package struct Configuration: Hashable, Sendable {
        package var minReplicas: Int
        package var maxReplicas: Int
        package var upTolerance = 0.1
        package var downTolerance = 0.1
        package var up = PodScalingRules.defaultUp
        package var down = PodScalingRules.defaultDown

        package init(minReplicas: Int = 1, maxReplicas: Int) {
            self.minReplicas = minReplicas
            self.maxReplicas = maxReplicas
        }
    }

    package var configuration: Configuration
    private var memory = PodScalingMemory()

    package init(_ configuration: Configuration) { self.configuration = configuration }

    /// One sync.
    /// - Parameters:
    ///   - current: the count that the workload's specification asks for.
    ///   - seconds: the present, of any beginning.
    package mutating func desired(_ metrics: [Metric], current: Int, seconds: Int) -> Int {
        guard let proposal = combine(metrics, current: current) else { return current }
        let bounded = min(max(proposal, configuration.minReplicas), configuration.maxReplicas)
        let stabilised = memory.stabilise(
            bounded, current: current, upWindow: configuration.up.windowSeconds,
            downWindow: configuration.down.windowSeconds, at: seconds)
        let limited = memory.limit(stabilised, current: current, configuration, at: seconds)
        memory.note(limited - current, at: seconds)
        return limited
    }

    /// The largest proposal; none where all failed, or where one failed and the others ask for less.
    package func combine(_ metrics: [Metric], current: Int) -> Int? {
        let proposals = metrics.map { propose($0, current: current) }
        guard let largest = proposals.compactMap({ $0 }).max() else { return nil }
        return largest < current && proposals.contains(nil) ? nil : largest
    }

    /// What one metric asks for. Nil where it cannot be read.
    package func propose(_ metric: Metric, current: Int) -> Int? {
        switch metric {
        case .failed: return nil
        case .utilisation(let pods, let target): return propose(pods, target, fill: max(1, target), current)
        case .average(let pods, let target): return propose(pods, target, fill: target, current)
        case .value(let value, let target, let ready):
            let ratio = value / target
            guard ratio.isFinite else { return nil }
            guard current > 0 else { return Replicas.covering(ratio) }
            return isTolerated(ratio) ? current : Replicas.covering(ratio * Double(ready))
        case .averageValue(let total, let target):
            guard (total / target).isFinite else { return nil }
            if current > 0, isTolerated(total / (target * Double(current))) { return current }
            return Replicas.covering(total / target)
        }
    }

    private func propose(_ pods: Pods, _ target: Double, fill: Double, _ current: Int) -> Int? {
        guard !pods.ready.isEmpty, target > 0 else { return nil }
        let sum = pods.ready.reduce(0, +)
        let ratio = sum / Double(pods.ready.count) / target
        guard ratio.isFinite else { return nil }
        let rebalances = pods.ignored > 0 && ratio > 1
        // At the target itself nothing is filled in for those without a sample.
        let fills = pods.missing > 0 && ratio != 1
        guard rebalances || fills else {
            return isTolerated(ratio) ? current : Replicas.covering(ratio * Double(pods.ready.count))
        }
        var total = sum
        var count = pods.ready.count
        if fills {
            count += pods.missing
            if ratio < 1 { total += fill * Double(pods.missing) }
        }
        if rebalances { count += pods.ignored }
        let adjusted = total / Double(count) / target
        if isTolerated(adjusted) || ratio < 1 && adjusted > 1 || ratio > 1 && adjusted < 1 { return current }
        let proposal = Replicas.covering(adjusted * Double(count))
        // A count that moves against what the ratio says is no answer.
        return adjusted < 1 && proposal > current || adjusted > 1 && proposal < current ? current : proposal
    }

    private func isTolerated(_ ratio: Double) -> Bool {
        // 0.66 / 0.6 is ten percent, whatever is left of it in binary.
        (1 - configuration.downTolerance - 1e-9)...(1 + configuration.upTolerance + 1e-9) ~= ratio
    }
}

/// How fast one direction may go.
package struct PodScalingRules: Hashable, Sendable {
    package enum Select: Hashable, Sendable { case max, min, disabled }

    package struct Policy: Hashable, Sendable {
        package enum Amount: Hashable, Sendable { case pods(Int), percent(Int) }

        package var amount: Amount
        package var periodSeconds: Int

        package init(_ amount: Amount, periodSeconds: Int) {
            self.amount = amount
            self.periodSeconds = periodSeconds
        }
    }

    package var windowSeconds: Int
    package var select: Select
    package var policies: [Policy]

    package init(windowSeconds: Int, select: Select = .max, policies: [Policy]) {
        self.windowSeconds = windowSeconds
        self.select = select
        self.policies = policies
    }

    package static let defaultUp = PodScalingRules(
        windowSeconds: 0,
        policies: [
            Policy(.percent(100), periodSeconds: 15), Policy(.pods(4), periodSeconds: 15),
        ])
    package static let defaultDown = PodScalingRules(
        windowSeconds: 300, policies: [Policy(.percent(100), periodSeconds: 15)])
}

/// What the controller remembers, in memory only: a restart forgets it.
struct PodScalingMemory: Sendable {
    private var recommendations: [(count: Int, seconds: Int)] = []
    private var changes: [(change: Int, seconds: Int)] = []
    private var hasBegun = false

    /// Clamps the present count into [least of the up window, most of the down window]: the form in which a
    /// window delays a move and never causes one (kubernetes#96671).
    mutating func stabilise(
        _ count: Int, current: Int, upWindow: Int, downWindow: Int, at now: Int
    ) -> Int {
        // The first sync takes the present count for a recommendation of before.
        if !hasBegun { recommendations.append((current, now)) }
        hasBegun = true
        recommendations.removeAll { now - $0.seconds >= max(upWindow, downWindow) }
        var lowest = count
        var highest = count
        for past in recommendations {
            if now - past.seconds < upWindow { lowest = min(lowest, past.count) }
            if now - past.seconds < downWindow { highest = max(highest, past.count) }
        }
        recommendations.append((count, now))
        return max(lowest, min(current, highest))
    }

    /// Rate-limits a move, then keeps it within the bounds.
    func limit(
        _ count: Int, current: Int, _ configuration: HorizontalPodAutoscaler.Configuration, at now: Int
    ) -> Int {
        var limited = count
        if count > current {
            limited = min(count, reach(configuration.up, current: current, isUp: true, at: now))
        } else if count < current {
            limited = max(count, reach(configuration.down, current: current, isUp: false, at: now))
        }
        return min(max(limited, configuration.minReplicas), configuration.maxReplicas)
    }

    private func reach(_ rules: PodScalingRules, current: Int, isUp: Bool, at now: Int) -> Int {
        let reaches = rules.policies.map { policy -> Int in
            let recent = changes.filter { now - $0.seconds < policy.periodSeconds }
            let start = Double(current - recent.reduce(0) { $0 + $1.change })
            return switch (policy.amount, isUp) {
            case (.pods(let pods), true): Replicas.covering(start + Double(pods))
            case (.pods(let pods), false): Replicas.within(start - Double(pods))
            case (.percent(let percent), true): Replicas.covering(start * (1 + Double(percent) / 100))
            case (.percent(let percent), false): Replicas.within(start * (1 - Double(percent) / 100))
            }
        }
        let farthest = isUp ? reaches.max() : reaches.min()
        let nearest = isUp ? reaches.min() : reaches.max()
        let reach: Int? =
            switch rules.select {
            case .max: farthest
            case .min: nearest
            case .disabled: current
            }
        guard let reach else { return current }
        // A limit never forces a move against the direction.
        return isUp ? max(current, reach) : min(current, reach)
    }

    mutating func note(_ change: Int, at now: Int) {
        changes.removeAll { now - $0.seconds > 1800 }
        if change != 0 { changes.append((change, now)) }
    }
}
