import TimeSeries

/// What a job takes of native histograms: no finer buckets than asked for, and no more of them, by merging neighbours.
struct HistogramResolution: Sendable {
    /// The most buckets of a histogram; nil for no limit.
    let limit: Int?
    /// The finest schema.
    private let finest: Int32

    private static let coarsest: Int32 = -4

    /// - Parameters:
    ///   - limit: `native_histogram_bucket_limit`.
    ///   - factor: `native_histogram_min_bucket_factor`: from one bound to the next at least, as far as schemas go.
    init(limit: Int?, factor: Double) {
        self.limit = limit
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
        var fitted = histogram
        let isExponential = histogram.schema != FloatHistogram.customBucketsSchema
        if isExponential, fitted.schema > finest { fitted = fitted.merged(to: finest) }
        guard let limit else { return fitted }
        while fitted.positiveBuckets.count + fitted.negativeBuckets.count > limit {
            guard isExponential, fitted.schema > HistogramResolution.coarsest else { return nil }
            fitted = fitted.merged(to: fitted.schema - 1)
        }
        return fitted
    }
}

extension FloatHistogram {
    /// With exponential buckets of a coarser schema.
    fileprivate func merged(to schema: Int32) -> FloatHistogram {
        var result = self
        let shift = self.schema - schema
        (result.positiveRuns, result.positiveBuckets) = Self.merged(positiveRuns, positiveBuckets, shift)
        (result.negativeRuns, result.negativeBuckets) = Self.merged(negativeRuns, negativeBuckets, shift)
        result.schema = schema
        return result
    }

    private static func merged(
        _ runs: [BucketRun], _ buckets: [Double], _ shift: Int32
    ) -> ([BucketRun], [Double]) {
        var result: (runs: [BucketRun], buckets: [Double]) = ([], [])
        var position = 0
        var index: Int64 = 0
        // Of the bucket that was made last.
        var last: Int64?
        for run in runs {
            index += Int64(run.offset)
            for _ in 0..<min(Int(run.length), buckets.count - position) {
                // A bucket ends at its bound, so index 0 of a coarser schema takes in -1 and 0.
                let target = (index - 1) >> Int64(shift) + 1
                if target == last {
                    result.buckets[result.buckets.count - 1] += buckets[position]
                } else {
                    if let last, target == last + 1 {
                        result.runs[result.runs.count - 1].length += 1
                    } else {
                        let offset = target - (last.map { $0 + 1 } ?? 0)
                        result.runs.append(BucketRun(offset: Int32(clamping: offset), length: 1))
                    }
                    result.buckets.append(buckets[position])
                    last = target
                }
                index += 1
                position += 1
            }
        }
        return result
    }
}
