/// A native histogram with floating-point counts: exponential buckets (schema -4...8) or custom bounds (-53).
/// Prometheus' native histogram specification.
package struct FloatHistogram: Hashable, Sendable, Codable {
    /// A run of consecutive buckets: `offset` empty indices after the end of the run before, then `length` buckets.
    package struct BucketRun: Hashable, Sendable, Codable {
        package var offset: Int32
        package var length: UInt32

        package init(offset: Int32, length: UInt32) {
            self.offset = offset
            self.length = length
        }
    }

    /// Whether a drop of the count against the sample before is a counter reset.
    package enum ResetHint: String, Hashable, Sendable, Codable { case unknown, reset, notReset, gauge }

    package static let customBucketsSchema: Int32 = -53

    /// More buckets than that, of both signs together, nobody has a use for: what comes with more is merged into coarser ones or
    /// refused. Instrumented programs have some hundred at most.
    package static let mostBuckets = 10_000

    /// Whether it has more buckets, runs of them or custom bounds than that.
    package var isTooLarge: Bool {
        max(
            positiveBuckets.count + negativeBuckets.count, positiveRuns.count + negativeRuns.count,
            customBounds.count) > FloatHistogram.mostBuckets
    }

    package var resetHint: ResetHint = .unknown
    package var schema: Int32
    package var zeroThreshold: Double
    package var zeroCount: Double
    package var count: Double
    package var sum: Double
    package var positiveRuns: [BucketRun]
    package var negativeRuns: [BucketRun]
    package var positiveBuckets: [Double]
    package var negativeBuckets: [Double]
    /// Upper bounds, for `customBucketsSchema` only; the last bucket reaches to +Inf.
    package var customBounds: [Double]

    package init(
        schema: Int32 = 0, zeroThreshold: Double = 0, zeroCount: Double = 0, count: Double = 0,
        sum: Double = 0,
        positiveRuns: [BucketRun] = [], negativeRuns: [BucketRun] = [],
        positiveBuckets: [Double] = [], negativeBuckets: [Double] = [], customBounds: [Double] = []
    ) {
        self.schema = schema
        self.zeroThreshold = zeroThreshold
        self.zeroCount = zeroCount
        self.count = count
        self.sum = sum
        self.positiveRuns = positiveRuns
        self.negativeRuns = negativeRuns
        self.positiveBuckets = positiveBuckets
        self.negativeBuckets = negativeBuckets
        self.customBounds = customBounds
    }
}
