import Codecs
import TimeSeries

/// Native histograms as they stand in logs, snapshots and tails, exact to the bit:
///
///     hint 1, with 4 added where all counts are whole numbers | schema signed LEB128 | zero threshold 8 |
///     zero count and count: numbers | sum 8 | positive runs, negative runs: count, then offset (signed) and length each |
///     positive buckets, negative buckets: count, then a number each | custom bounds: count, then 8 bytes each
///
/// A number is LEB128 where all counts are whole, else 8 bytes.
enum HistogramCodec {
    private static let hints: [FloatHistogram.ResetHint] = [.unknown, .reset, .notReset, .gauge]
    private static let isWhole: UInt8 = 4

    static func encode(_ histogram: FloatHistogram, to bytes: inout [UInt8]) {
        let isWhole = hasWholeCounts(histogram)
        append(histogram.resetHint, flags: isWhole ? HistogramCodec.isWhole : 0, to: &bytes)
        bytes.append(signedVarint: Int64(histogram.schema))
        bytes.append(fixed64: histogram.zeroThreshold.bitPattern)
        append(histogram.zeroCount, isWhole, to: &bytes)
        append(histogram.count, isWhole, to: &bytes)
        bytes.append(fixed64: histogram.sum.bitPattern)
        append(histogram.positiveRuns, to: &bytes)
        append(histogram.negativeRuns, to: &bytes)
        for buckets in [histogram.positiveBuckets, histogram.negativeBuckets] {
            bytes.append(varint: UInt64(buckets.count))
            for bucket in buckets { append(bucket, isWhole, to: &bytes) }
        }
        append(histogram.customBounds, to: &bytes)
    }

    static func decode(_ bytes: Span<UInt8>, _ cursor: inout ByteCursor) throws(CodecError) -> FloatHistogram
    {
        let (hint, flags) = try hint(bytes, &cursor)
        let isWhole = flags & HistogramCodec.isWhole != 0
        var histogram = FloatHistogram(schema: Int32(truncatingIfNeeded: try cursor.signedVarint(bytes)))
        histogram.resetHint = hint
        histogram.zeroThreshold = Double(bitPattern: try cursor.fixed64(bytes))
        histogram.zeroCount = try number(bytes, &cursor, isWhole)
        histogram.count = try number(bytes, &cursor, isWhole)
        histogram.sum = Double(bitPattern: try cursor.fixed64(bytes))
        histogram.positiveRuns = try runs(bytes, &cursor)
        histogram.negativeRuns = try runs(bytes, &cursor)
        histogram.positiveBuckets = try buckets(bytes, &cursor, isWhole)
        histogram.negativeBuckets = try buckets(bytes, &cursor, isWhole)
        histogram.customBounds = try numbers(bytes, &cursor)
        return histogram
    }

    // MARK: Parts

    static func append(_ hint: FloatHistogram.ResetHint, flags: UInt8 = 0, to bytes: inout [UInt8]) {
        bytes.append(UInt8(hints.firstIndex(of: hint)!) | flags)
    }

    static func hint(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(CodecError) -> (hint: FloatHistogram.ResetHint, flags: UInt8) {
        let byte = try cursor.byte(bytes)
        guard byte < 2 * isWhole else { throw .malformed("reset hint \(byte)", at: cursor.position) }
        return (hints[Int(byte & (isWhole - 1))], byte & isWhole)
    }

    static func append(_ runs: [FloatHistogram.BucketRun], to bytes: inout [UInt8]) {
        bytes.append(varint: UInt64(runs.count))
        for run in runs {
            bytes.append(signedVarint: Int64(run.offset))
            bytes.append(varint: UInt64(run.length))
        }
    }

    static func runs(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(CodecError) -> [FloatHistogram.BucketRun] {
        var runs: [FloatHistogram.BucketRun] = []
        for _ in 0..<(try cursor.length(bytes)) {
            let offset = Int32(truncatingIfNeeded: try cursor.signedVarint(bytes))
            runs.append(.init(offset: offset, length: UInt32(truncatingIfNeeded: try cursor.varint(bytes))))
        }
        return runs
    }

    static func append(_ numbers: [Double], to bytes: inout [UInt8]) {
        bytes.append(varint: UInt64(numbers.count))
        bytes.append(fixed64: numbers.span)
    }

    /// Of a list of eight bytes each.
    static func numbers(_ bytes: Span<UInt8>, _ cursor: inout ByteCursor) throws(CodecError) -> [Double] {
        try buckets(bytes, &cursor, false)
    }

    private static func buckets(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, _ areWhole: Bool
    ) throws(CodecError) -> [Double] {
        let count = try cursor.length(bytes, limit: areWhole ? cursor.remaining : cursor.remaining / 8)
        var numbers: [Double] = []
        numbers.reserveCapacity(count)
        for _ in 0..<count { numbers.append(try number(bytes, &cursor, areWhole)) }
        return numbers
    }

    // MARK: Numbers

    /// Whether all counts are numbers that LEB128 gives back bit for bit.
    private static func hasWholeCounts(_ histogram: FloatHistogram) -> Bool {
        func isWhole(_ value: Double) -> Bool {
            UInt64(exactly: value).map { Double($0).bitPattern == value.bitPattern } ?? false
        }
        return isWhole(histogram.zeroCount) && isWhole(histogram.count)
            && histogram.positiveBuckets.allSatisfy(isWhole)
            && histogram.negativeBuckets.allSatisfy(isWhole)
    }

    private static func append(_ value: Double, _ isWhole: Bool, to bytes: inout [UInt8]) {
        if isWhole, let number = UInt64(exactly: value) {
            bytes.append(varint: number)
        } else {
            bytes.append(fixed64: value.bitPattern)
        }
    }

    private static func number(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, _ isWhole: Bool
    ) throws(CodecError) -> Double {
        isWhole ? Double(try cursor.varint(bytes)) : Double(bitPattern: try cursor.fixed64(bytes))
    }
}
