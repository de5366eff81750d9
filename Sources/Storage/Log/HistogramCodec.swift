import Codecs
import TimeSeries

/// Native histograms as they stand in logs and snapshots, exact to the bit:
///
///     hint 1 | schema signed LEB128 | zero threshold 8 | zero count 8 | count 8 | sum 8 |
///     positive runs, negative runs: count, then offset (signed) and length each |
///     positive buckets, negative buckets, custom bounds: count, then 8 bytes each
enum HistogramCodec {
    private static let hints: [FloatHistogram.ResetHint] = [.unknown, .reset, .notReset, .gauge]

    static func encode(_ histogram: FloatHistogram, to bytes: inout [UInt8]) {
        bytes.append(UInt8(hints.firstIndex(of: histogram.resetHint)!))
        bytes.append(signedVarint: Int64(histogram.schema))
        for number in [histogram.zeroThreshold, histogram.zeroCount, histogram.count, histogram.sum] {
            bytes.append(fixed64: number.bitPattern)
        }
        for runs in [histogram.positiveRuns, histogram.negativeRuns] {
            bytes.append(varint: UInt64(runs.count))
            for run in runs {
                bytes.append(signedVarint: Int64(run.offset))
                bytes.append(varint: UInt64(run.length))
            }
        }
        for numbers in [histogram.positiveBuckets, histogram.negativeBuckets, histogram.customBounds] {
            bytes.append(varint: UInt64(numbers.count))
            bytes.append(fixed64: numbers.span)
        }
    }

    static func decode(_ bytes: Span<UInt8>, _ cursor: inout ByteCursor) throws(CodecError) -> FloatHistogram
    {
        let hint = Int(try cursor.byte(bytes))
        guard hints.indices.contains(hint) else {
            throw .malformed("reset hint \(hint)", at: cursor.position)
        }
        var histogram = FloatHistogram(schema: Int32(truncatingIfNeeded: try cursor.signedVarint(bytes)))
        histogram.resetHint = hints[hint]
        histogram.zeroThreshold = Double(bitPattern: try cursor.fixed64(bytes))
        histogram.zeroCount = Double(bitPattern: try cursor.fixed64(bytes))
        histogram.count = Double(bitPattern: try cursor.fixed64(bytes))
        histogram.sum = Double(bitPattern: try cursor.fixed64(bytes))
        histogram.positiveRuns = try runs(bytes, &cursor)
        histogram.negativeRuns = try runs(bytes, &cursor)
        histogram.positiveBuckets = try numbers(bytes, &cursor)
        histogram.negativeBuckets = try numbers(bytes, &cursor)
        histogram.customBounds = try numbers(bytes, &cursor)
        return histogram
    }

    private static func runs(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(CodecError) -> [FloatHistogram.BucketRun] {
        var runs: [FloatHistogram.BucketRun] = []
        for _ in 0..<(try cursor.length(bytes)) {
            let offset = Int32(truncatingIfNeeded: try cursor.signedVarint(bytes))
            runs.append(.init(offset: offset, length: UInt32(truncatingIfNeeded: try cursor.varint(bytes))))
        }
        return runs
    }

    private static func numbers(_ bytes: Span<UInt8>, _ cursor: inout ByteCursor) throws(CodecError)
        -> [Double]
    {
        let count = try cursor.length(bytes, limit: cursor.remaining / 8)
        var numbers: [Double] = []
        for _ in 0..<count { numbers.append(Double(bitPattern: try cursor.fixed64(bytes))) }
        return numbers
    }
}
