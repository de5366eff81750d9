import Codecs
import TimeSeries

/// What histograms of a series share for as long as their buckets stay the same: all but the numbers in them.
///
///     reset hint 1 | schema signed LEB128 | zero threshold 8 | positive runs, negative runs as `HistogramCodec` |
///     positive buckets, negative buckets: how many | custom bounds: count, then 8 bytes each
struct HistogramLayout: Sendable {
    /// A histogram without counts.
    private(set) var empty: FloatHistogram
    let positiveCount: Int
    let negativeCount: Int

    init(_ histogram: FloatHistogram) {
        positiveCount = histogram.positiveBuckets.count
        negativeCount = histogram.negativeBuckets.count
        empty = histogram
        (empty.zeroCount, empty.count, empty.sum) = (0, 0, 0)
        (empty.positiveBuckets, empty.negativeBuckets) = ([], [])
    }

    /// Equal where layouts are, bit for bit.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        HistogramCodec.append(empty.resetHint, to: &bytes)
        bytes.append(signedVarint: Int64(empty.schema))
        bytes.append(fixed64: empty.zeroThreshold.bitPattern)
        HistogramCodec.append(empty.positiveRuns, to: &bytes)
        HistogramCodec.append(empty.negativeRuns, to: &bytes)
        bytes.append(varint: UInt64(positiveCount))
        bytes.append(varint: UInt64(negativeCount))
        HistogramCodec.append(empty.customBounds, to: &bytes)
        return bytes
    }

    init(_ bytes: Span<UInt8>, _ cursor: inout ByteCursor) throws(CodecError) {
        let hint = try HistogramCodec.hint(bytes, &cursor).hint
        empty = FloatHistogram(schema: Int32(truncatingIfNeeded: try cursor.signedVarint(bytes)))
        empty.resetHint = hint
        empty.zeroThreshold = Double(bitPattern: try cursor.fixed64(bytes))
        empty.positiveRuns = try HistogramCodec.runs(bytes, &cursor)
        empty.negativeRuns = try HistogramCodec.runs(bytes, &cursor)
        positiveCount = Int(clamping: try cursor.varint(bytes))
        negativeCount = Int(clamping: try cursor.varint(bytes))
        empty.customBounds = try HistogramCodec.numbers(bytes, &cursor)
    }
}

/// The columns of a block: zero counts, sums, then one for each bucket that any of its layouts has, in the order in which they
/// come. A bucket has the same column in all layouts of one schema, so that a new one beside it does not begin the others anew.
struct HistogramColumns {
    private struct Bucket: Hashable {
        var schema: Int32
        var isNegative: Bool
        /// Of a layout whose runs do not say which buckets it has; else -1.
        var layout: Int
        var index: Int64
    }

    static let zeroCount = 0
    static let sum = 1

    /// The columns of buckets; empty where all histograms have one layout, as most do.
    private var numbers: [Bucket: Int] = [:]
    private var first: HistogramLayout?
    /// Of each layout the columns of its buckets, positive ones first.
    private(set) var layouts: [[Int]] = []
    private(set) var count = 2

    mutating func add(_ layout: HistogramLayout) {
        guard let first else {
            first = layout
            count += layout.positiveCount + layout.negativeCount
            layouts.append(Array(2..<count))
            return
        }
        if layouts.count == 1 {
            for (column, bucket) in zip(layouts[0], HistogramColumns.buckets(of: first, 0)) {
                numbers[bucket] = column
            }
        }
        layouts.append(
            HistogramColumns.buckets(of: layout, layouts.count).map { bucket in
                if let column = numbers[bucket] { return column }
                numbers[bucket] = count
                count += 1
                return count - 1
            })
    }

    /// The buckets of a layout with this number, positive ones first, no two the same.
    private static func buckets(of layout: HistogramLayout, _ number: Int) -> [Bucket] {
        var buckets: [Bucket] = []
        for (runs, count, isNegative) in [
            (layout.empty.positiveRuns, layout.positiveCount, false),
            (layout.empty.negativeRuns, layout.negativeCount, true),
        ] {
            let indices = indices(runs, count)
            for position in 0..<count {
                buckets.append(
                    Bucket(
                        schema: layout.empty.schema, isNegative: isNegative,
                        layout: indices == nil ? number : -1, index: indices?[position] ?? Int64(position)))
            }
        }
        return buckets
    }

    /// The indices of so many buckets; nil where the runs have more or fewer, or some twice.
    private static func indices(_ runs: [FloatHistogram.BucketRun], _ count: Int) -> [Int64]? {
        var indices: [Int64] = []
        var next: Int64 = 0
        for (number, run) in runs.enumerated() {
            guard number == 0 || run.offset >= 0, Int(run.length) <= count - indices.count else { return nil }
            next += Int64(run.offset)
            for _ in 0..<run.length {
                indices.append(next)
                next += 1
            }
        }
        return indices.count == count ? indices : nil
    }
}
