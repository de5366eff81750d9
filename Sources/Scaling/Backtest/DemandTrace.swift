/// Recorded demand on a regular grid, and what one replica is taken to serve of it.
///
/// A replica meets its objective up to `capacity` (the 99.9th percentile of the demand, divided by 50) and
/// works at most at `capacity / 0.8`: autoscaling.md 3.2, so that any series makes a fleet of about fifty.
package struct DemandTrace: Sendable {
    package static let replicasAtPeak = 50.0
    package static let objectiveUtilisation = 0.8

    package let values: [Double]
    /// Whole seconds between two values.
    package let stepSeconds: Int
    /// What a replica serves within its objective.
    package let capacity: Double

    /// Nil where there are fewer than two values, or nothing above zero.
    /// - Parameters:
    ///   - values: NaN is filled from its neighbours; what is below zero is zero.
    ///   - capacity: where it is known; else from the series.
    package init?(_ values: [Double], stepSeconds: Int, capacity: Double? = nil) {
        guard values.count >= 2, stepSeconds >= 1 else { return nil }
        var last = values.first { $0.isFinite } ?? 0
        let filled = values.map { value in
            if value.isFinite { last = max(0, value) }
            return last
        }
        let sorted = filled.sorted()
        let rank = 0.999 * Double(sorted.count - 1)
        let below = Int(rank)
        let above = min(below + 1, sorted.count - 1)
        let peak = sorted[below] + (sorted[above] - sorted[below]) * (rank - Double(below))
        let capacity = capacity ?? peak / Self.replicasAtPeak
        guard capacity > 0, capacity.isFinite else { return nil }
        self.values = filled
        self.stepSeconds = stepSeconds
        self.capacity = capacity
    }

    /// The demand at a moment, linear between its values.
    package func demand(atSeconds seconds: Int) -> Double {
        let index = seconds / stepSeconds
        guard index + 1 < values.count else { return values[values.count - 1] }
        let share = Double(seconds % stepSeconds) / Double(stepSeconds)
        return values[index] + (values[index + 1] - values[index]) * share
    }

    var durationSeconds: Int { (values.count - 1) * stepSeconds }
}
