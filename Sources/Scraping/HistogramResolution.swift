import TimeSeries

/// What a job takes of native histograms: no finer buckets than asked for, and no more of them, by merging neighbours.
struct HistogramResolution: Sendable {
    /// The most buckets of a histogram.
    let limit: Int
    /// The finest schema.
    private let finest: Int32

    private static let coarsest: Int32 = -4

    /// - Parameters:
    ///   - limit: `native_histogram_bucket_limit`; nil for no more than a store takes.
    ///   - factor: `native_histogram_min_bucket_factor`: from one bound to the next at least, as far as schemas go.
    init(limit: Int?, factor: Double) {
        self.limit = min(limit ?? FloatHistogram.mostBuckets, FloatHistogram.mostBuckets)
        var schema = HistogramResolution.coarsest
        // The factor of schema -4 is 2^16; each finer one has its square root.
        var own = 65_536.0
        while schema < 8, own.squareRoot() >= factor {
            own = own.squareRoot()
            schema += 1
        }
        finest = schema
    }

    /// The histogram as it is taken; nil where it has too many buckets even so.
    func fit(_ histogram: FloatHistogram) -> FloatHistogram? {
        var fitted = histogram.reduced(to: finest)
        while fitted.positiveBuckets.count + fitted.negativeBuckets.count > limit {
            guard !fitted.usesCustomBuckets, fitted.schema > HistogramResolution.coarsest else { return nil }
            fitted = fitted.reduced(to: fitted.schema - 1)
        }
        return fitted.isTooLarge ? nil : fitted
    }
}
