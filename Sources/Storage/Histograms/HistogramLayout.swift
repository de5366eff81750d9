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

/// How many columns and rows histograms of a series would have in one block.
struct HistogramWidth {
    /// So many rows of the histogram with the most buckets.
    private static let mostCells = LooseGroup.mergedRows * FloatHistogram.mostBuckets
    /// Of all layouts together: to find out which they share takes as long as there are.
    private static let mostBuckets = 1 << 16

    private var buckets: Set<HistogramColumns.Bucket> = []
    private var known: Set<[UInt8]> = []
    private var bucketCount = 0
    private var rowCount = 0

    /// Adds histograms if they fit; whether they do.
    mutating func add(_ layouts: [HistogramLayout], _ rows: Int) -> Bool {
        let new = layouts.filter { !known.contains($0.bytes) }
        let added = new.reduce(0) { $0 + $1.positiveCount + $1.negativeCount }
        guard bucketCount + added <= HistogramWidth.mostBuckets else { return false }
        for layout in new {
            buckets.formUnion(HistogramColumns.buckets(of: layout, known.count))
            known.insert(layout.bytes)
        }
        bucketCount += added
        rowCount += rows
        return buckets.count * rowCount <= HistogramWidth.mostCells
    }
}

/// The columns of a block: zero counts, sums, then one for each bucket that any of its layouts has, in the order in which they
/// come. A bucket has the same column in all layouts of one schema, so that a new one beside it does not begin the others anew.
struct HistogramColumns {
    struct Bucket: Hashable {
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

    /// Which buckets of which histograms stand in a column.
    struct Owners {
        /// Where the entries of each column end, from the first one of a bucket on.
        private var ends: [Int32]
        private var entries: [(layout: Int32, bucket: Int32)]
        /// The histograms of each layout.
        private var histograms: [[Int]]

        /// - Parameter numbers: the layout of each histogram.
        init(_ columns: HistogramColumns, _ numbers: [Int]) {
            ends = [Int32](repeating: 0, count: columns.count + 1)
            for column in columns.layouts.joined() { ends[column + 1] += 1 }
            for column in ends.indices.dropFirst() { ends[column] += ends[column - 1] }
            entries = Array(repeating: (0, 0), count: Int(ends[columns.count]))
            for (layout, buckets) in columns.layouts.enumerated() {
                for (bucket, column) in buckets.enumerated() {
                    entries[Int(ends[column])] = (Int32(layout), Int32(bucket))
                    ends[column] += 1
                }
            }
            histograms = Array(repeating: [], count: columns.layouts.count)
            for (histogram, layout) in numbers.enumerated() { histograms[layout].append(histogram) }
        }

        func forEach(of column: Int, _ body: (_ histogram: Int, _ bucket: Int) -> Void) {
            let start = column == 0 ? 0 : Int(ends[column - 1])
            for entry in start..<Int(ends[column]) {
                let (layout, bucket) = entries[entry]
                for histogram in histograms[Int(layout)] { body(histogram, Int(bucket)) }
            }
        }
    }

    /// The buckets of a layout with this number, positive ones first, no two the same.
    static func buckets(of layout: HistogramLayout, _ number: Int) -> [Bucket] {
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
