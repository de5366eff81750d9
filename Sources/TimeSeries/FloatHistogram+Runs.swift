/// Buckets by their index, and merged into coarser ones. Runs come from outside: indices wrap around instead of trapping,
/// and no run is longer than there are buckets.
extension FloatHistogram {
    package var usesCustomBuckets: Bool { schema == FloatHistogram.customBucketsSchema }

    /// Runs unrolled to indices.
    package static func indexed(
        _ runs: [BucketRun], _ buckets: [Double]
    ) -> [(index: Int32, count: Double)] {
        var result: [(index: Int32, count: Double)] = []
        result.reserveCapacity(buckets.count)
        var index: Int32 = 0
        for run in runs {
            index &+= run.offset
            for _ in 0..<min(Int(run.length), buckets.count - result.count) {
                result.append((index, buckets[result.count]))
                index &+= 1
            }
        }
        return result
    }

    /// Indices rolled up to runs.
    package static func runs(
        _ indexed: some Sequence<(index: Int32, count: Double)>
    ) -> (runs: [BucketRun], buckets: [Double]) {
        var runs: [BucketRun] = []
        var buckets: [Double] = []
        var end: Int32 = 0
        for (index, count) in indexed {
            if !runs.isEmpty, index == end {
                runs[runs.count - 1].length += 1
            } else {
                runs.append(BucketRun(offset: index &- end, length: 1))
            }
            end = index &+ 1
            buckets.append(count)
        }
        return (runs, buckets)
    }

    /// With coarser exponential buckets; the same for custom ones or where the schema is no lower.
    package func reduced(to schema: Int32) -> FloatHistogram {
        guard !usesCustomBuckets, schema < self.schema, schema >= -4 else { return self }
        var result = self
        result.schema = schema
        let shift = self.schema &- schema
        (result.positiveRuns, result.positiveBuckets) = FloatHistogram.runs(
            FloatHistogram.reduced(FloatHistogram.indexed(positiveRuns, positiveBuckets), by: shift))
        (result.negativeRuns, result.negativeBuckets) = FloatHistogram.runs(
            FloatHistogram.reduced(FloatHistogram.indexed(negativeRuns, negativeBuckets), by: shift))
        return result
    }

    /// Each bucket merged into the one that covers it at a schema lower by `shift`. A bucket ends at its bound, so index 0
    /// of a coarser schema takes in -1 and 0.
    package static func reduced(
        _ buckets: [(index: Int32, count: Double)], by shift: Int32
    ) -> [(index: Int32, count: Double)] {
        var result: [(index: Int32, count: Double)] = []
        for (index, count) in buckets {
            let target = ((index &- 1) >> shift) &+ 1
            if let last = result.last, last.index == target {
                result[result.count - 1].count += count
            } else {
                result.append((target, count))
            }
        }
        return result
    }
}
