/// A classic histogram while it is being counted: how many observations fell between one bound and the next.
package struct BucketHistogram: Hashable, Sendable {
    /// Upper bounds, ascending and inclusive; the bucket up to infinity is not among them.
    package let bounds: [Double]
    /// Observations per bucket, not cumulative; one more than there are bounds.
    package private(set) var counts: [UInt64]
    package private(set) var sum = 0.0

    /// The bounds of Prometheus' client libraries, in seconds: 5 ms to 10 s.
    package static let defaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// - Parameter bounds: finite; they are sorted, and repeated ones count once.
    package init(bounds: [Double] = BucketHistogram.defaultBounds) {
        var unique: [Double] = []
        for bound in bounds.filter(\.isFinite).sorted() where bound != unique.last { unique.append(bound) }
        self.bounds = unique
        counts = Array(repeating: 0, count: unique.count + 1)
    }

    package var count: UInt64 { counts.reduce(0, +) }

    /// Counts one observation; NaN goes to the bucket up to infinity, as everything that no bound holds.
    package mutating func observe(_ value: Double) {
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        counts[index] += 1
        sum += value
    }
}
