import TimeSeries

/// Requests per second over virtual time: straight lines between points, level before the first and after the last.
package struct LoadProfile: Hashable, Sendable {
    package struct Point: Hashable, Sendable {
        package var after: Duration
        package var rate: Double

        package init(_ after: Duration, _ rate: Double) {
            self.after = after
            self.rate = rate
        }
    }

    private let points: [Point]
    /// The share by which each second's load differs at most from the line, by chance.
    package var noise: Double

    /// - Parameter points: Ascending in time.
    package init(_ points: [Point], noise: Double = 0.02) {
        self.points = points
        self.noise = noise
    }

    package func rate(after elapsed: Duration) -> Double {
        guard let next = points.firstIndex(where: { $0.after > elapsed }) else {
            return points.last?.rate ?? 0
        }
        guard next > 0 else { return points[0].rate }
        let (a, b) = (points[next - 1], points[next])
        let share = (elapsed - a.after).inSeconds / (b.after - a.after).inSeconds
        return a.rate + (b.rate - a.rate) * share
    }
}
