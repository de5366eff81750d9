import TimeSeries

/// What latency a replica answers with under what load, learned from what was seen, and made monotone: more load never
/// means less latency. Only sums and comparisons, so it is a part of the memory of decisions and replays like them.
package struct CapacityCurve: Hashable, Sendable, Codable {
    /// From nothing to four times what is written.
    static let binCount = 48
    private static let binsPerExpected = 12.0
    /// What is learned stays within so many times of what is written, more or less.
    static let reach = 4.0
    /// What is seen counts as at most so many observations: a bin follows a change within about as many.
    private static let heaviest = 60.0
    /// What is not seen again fades: half of it is forgotten within some 1,400 observations elsewhere.
    private static let fading = 0.9995
    private static let leastWeight = 3.0
    static let leastObservations = 60.0
    static let leastBins = 4

    /// What one replica serves.
    package struct Capacity: Hashable, Sendable {
        package var load: Double
        /// Whether enough was seen, and the objective met or missed on both sides.
        package var isTrusted: Bool
    }

    /// The load that is written for a replica; the bins are a twelfth of it wide.
    let expected: Double
    private var weights: [Double]
    private var latencies: [Double]
    /// Since when what is seen contradicts what is known.
    private var doubtedSince: Timestamp?

    init(expected: Double) {
        self.expected = expected
        weights = Array(repeating: 0, count: Self.binCount)
        latencies = Array(repeating: 0, count: Self.binCount)
    }

    /// What contradicts the curve is believed once it has lasted for so long.
    private static let patience = Duration.seconds(600)
    /// Up to this share of what a replica serves, its latency is known to meet the objective.
    private static let certainShare = 0.8
    /// How often the objective is missed matters, not by how much: a queue makes any latency.
    private static let worstRatio = 2.0

    /// Takes in what was seen, unless the latency misses the objective under a load that is known to be served well: then
    /// something else is slow, or a queue is being worked off, until that has lasted for long.
    mutating func take(load: Double, latency: Double, objective: Double, at now: Timestamp) {
        if latency > objective, let known = capacity(meeting: objective), known.isTrusted,
            load < known.load * Self.certainShare
        {
            let since = min(doubtedSince ?? now, now)
            doubtedSince = since
            guard now - since >= Self.patience else { return }
        } else {
            doubtedSince = nil
        }
        add(load: load, latency: min(latency, objective * Self.worstRatio))
    }

    private var width: Double { expected / Self.binsPerExpected }

    mutating func add(load: Double, latency: Double) {
        let position = load / width
        let bin =
            position < Double(Self.binCount - 1)
            ? Int(clamping: position.rounded(.down)) ?? 0 : Self.binCount - 1
        for index in weights.indices where index != bin { weights[index] *= Self.fading }
        weights[bin] = min(weights[bin] + 1, Self.heaviest)
        latencies[bin] += (latency - latencies[bin]) / weights[bin]
    }

    /// The largest load under which a replica meets an objective.
    package func capacity(meeting objective: Double) -> Capacity? {
        let points = fitted()
        guard let last = points.last, objective > 0 else { return nil }
        let seen = weights.reduce(0, +)
        let isEnough = seen >= Self.leastObservations && points.count >= Self.leastBins
        guard let first = points.firstIndex(where: { $0.latency > objective }) else {
            // Never missed: what was seen is served, and a little more where there is ample room.
            let load = last.latency <= objective * 0.8 ? last.load * 1.05 : last.load
            return Capacity(load: load, isTrusted: isEnough && load > expected)
        }
        let over = points[first]
        guard first > 0 else {
            return Capacity(load: over.load * objective / over.latency, isTrusted: isEnough)
        }
        let under = points[first - 1]
        let share = (objective - under.latency) / (over.latency - under.latency)
        return Capacity(load: under.load + (over.load - under.load) * share, isTrusted: isEnough)
    }

    private struct Point {
        var load: Double
        var latency: Double
    }

    /// Isotonic regression: neighbours that fall are pooled into their weighted mean.
    private func fitted() -> [Point] {
        var blocks: [(loads: [Double], latency: Double, weight: Double)] = []
        for bin in weights.indices where weights[bin] >= Self.leastWeight {
            blocks.append(([(Double(bin) + 0.5) * width], latencies[bin], weights[bin]))
            while blocks.count > 1, blocks[blocks.count - 2].latency > blocks[blocks.count - 1].latency {
                let upper = blocks.removeLast()
                let lower = blocks.removeLast()
                let weight = lower.weight + upper.weight
                let latency = (lower.latency * lower.weight + upper.latency * upper.weight) / weight
                blocks.append((lower.loads + upper.loads, latency, weight))
            }
        }
        return blocks.flatMap { block in block.loads.map { Point(load: $0, latency: block.latency) } }
    }
}

extension CapacityCurve: ClockBound {
    package mutating func clockStepped(by step: Duration) { doubtedSince.clockStepped(by: step) }
}
