import TimeSeries

/// A decaying histogram of what replicas use, as the VerticalPodAutoscaler keeps it: buckets that grow by a twentieth,
/// weights that halve with age. Only sums, products and comparisons, so it is a part of the memory of decisions.
package struct UsageHistogram: Hashable, Sendable, Codable {
    private struct Bucket: Hashable, Sendable, Codable {
        var index: Int
        var weight: Double
    }

    private static let growth = 1.05
    private static let mostBuckets = 400
    /// The weight halves in eight steps; the eighth root of a half.
    private static let decay = 0.917_004_043_204_671_2
    private static let stepsPerHalfLife = 8
    static let leastObservations = 60

    /// The width of the first bucket.
    let unit: Double
    /// Ascending.
    private var buckets: [Bucket] = []
    private var decayedAt: Timestamp?
    /// How many usages were taken in, as far as it matters.
    package private(set) var observations = 0

    init(unit: Double) { self.unit = unit }

    mutating func add(_ value: Double, at now: Timestamp, halfLife: Duration) {
        guard value.isFinite, value >= 0 else { return }
        fade(to: now, halfLife: halfLife)
        var index = 0
        var bound = unit
        var width = unit
        while value > bound, index < Self.mostBuckets {
            width *= Self.growth
            bound += width
            index += 1
        }
        observations = min(observations + 1, 1_000_000)
        if let place = buckets.firstIndex(where: { $0.index >= index }) {
            if buckets[place].index == index {
                buckets[place].weight += 1
            } else {
                buckets.insert(Bucket(index: index, weight: 1), at: place)
            }
        } else {
            buckets.append(Bucket(index: index, weight: 1))
        }
    }

    private mutating func fade(to now: Timestamp, halfLife: Duration) {
        guard let since = decayedAt, since <= now else {
            decayedAt = now
            return
        }
        let step = max(Duration.milliseconds(1), halfLife / Self.stepsPerHalfLife)
        let steps = (now - since).milliseconds / max(1, step.milliseconds)
        guard steps > 0 else { return }
        decayedAt = since + .milliseconds(steps * max(1, step.milliseconds))
        guard steps < 400 else { return buckets = [] }
        var factor = 1.0
        for _ in 0..<steps { factor *= Self.decay }
        for index in buckets.indices { buckets[index].weight *= factor }
        buckets.removeAll { $0.weight < 1e-6 }
    }

    /// The upper bound of the bucket in which the quantile lies; nil until enough is known.
    func quantile(_ share: Double) -> Double? {
        guard observations >= Self.leastObservations, !buckets.isEmpty else { return nil }
        let total = buckets.reduce(0) { $0 + $1.weight }
        var sum = 0.0
        var found = buckets[buckets.count - 1].index
        for bucket in buckets {
            sum += bucket.weight
            if sum >= total * share {
                found = bucket.index
                break
            }
        }
        var bound = unit
        var width = unit
        for _ in 0..<found {
            width *= Self.growth
            bound += width
        }
        return bound
    }
}

extension UsageHistogram: ClockBound {
    package mutating func clockStepped(by step: Duration) { decayedAt.clockStepped(by: step) }
}
