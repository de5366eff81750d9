import Codecs
import TimeSeries

/// A `Histogram` message of the protobuf exposition: classic buckets, native ones, or both.
struct ProtobufHistogram {
    /// The buckets of one sign: runs of them, and their counts either as steps or as they are.
    private struct Side {
        var runs: [FloatHistogram.BucketRun] = []
        var steps: [Int64] = []
        var counts: [Double] = []
    }

    /// A classic bucket: upper bound and cumulative count.
    struct Bucket {
        var bound = 0.0
        var count = 0.0
        var exemplar: Range<Int>?
    }

    private(set) var count = 0.0
    private(set) var sum = 0.0
    private(set) var buckets: [Bucket] = []
    /// Of the native histogram.
    private(set) var exemplars: [Range<Int>] = []
    private(set) var created: Range<Int>?
    private var schema: Int64 = 0
    private var zeroThreshold = 0.0
    private var zeroCount = 0.0
    private var positive = Side()
    private var negative = Side()

    init(_ message: Range<Int>, _ bytes: Span<UInt8>) throws(CodecError) {
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            let payload = field.payload
            switch field.number {
            case 1: if count == 0 { count = ProtobufHistogram.unsigned(payload) }
            case 2: sum = payload.double ?? 0
            case 3: if let range = payload.range { try readBucket(range, bytes) }
            case 4: count = payload.double ?? count
            case 5: schema = payload.signed ?? 0
            case 6: zeroThreshold = payload.double ?? 0
            case 7: if zeroCount == 0 { zeroCount = ProtobufHistogram.unsigned(payload) }
            case 8: zeroCount = payload.double ?? zeroCount
            case 9: try ProtobufHistogram.readRun(payload, bytes, &negative.runs)
            case 10: try ProtobufHistogram.readSteps(payload, bytes, &negative.steps)
            case 11: try ProtobufHistogram.readCounts(payload, bytes, &negative.counts)
            case 12: try ProtobufHistogram.readRun(payload, bytes, &positive.runs)
            case 13: try ProtobufHistogram.readSteps(payload, bytes, &positive.steps)
            case 14: try ProtobufHistogram.readCounts(payload, bytes, &positive.counts)
            case 15: created = payload.range
            case 16: if let range = payload.range { exemplars.append(range) }
            default: break
            }
        }
    }

    /// A native histogram without observations yet says so by a run without buckets or its zero threshold.
    var isNative: Bool {
        !positive.runs.isEmpty || !negative.runs.isEmpty || zeroThreshold > 0 || zeroCount > 0
    }

    func native(at position: Int) throws(CodecError) -> FloatHistogram {
        guard -4...8 ~= schema else { throw .malformed("a histogram of schema \(schema)", at: position) }
        return FloatHistogram(
            schema: Int32(schema), zeroThreshold: zeroThreshold, zeroCount: zeroCount, count: count, sum: sum,
            positiveRuns: positive.runs, negativeRuns: negative.runs,
            positiveBuckets: try ProtobufHistogram.counts(positive, at: position),
            negativeBuckets: try ProtobufHistogram.counts(negative, at: position))
    }

    private static func counts(_ side: Side, at position: Int) throws(CodecError) -> [Double] {
        var counts = side.counts
        if counts.isEmpty {
            var sum: Int64 = 0
            counts.reserveCapacity(side.steps.count)
            for step in side.steps {
                sum &+= step
                counts.append(Double(sum))
            }
        }
        let expected = side.runs.reduce(0) { $0 + Int($1.length) }
        guard expected == counts.count, counts.allSatisfy({ $0 >= 0 }),
            side.runs.dropFirst().allSatisfy({ $0.offset >= 0 })
        else {
            throw .malformed("runs of \(expected) buckets for \(counts.count) counts", at: position)
        }
        return counts
    }

    private mutating func readBucket(_ message: Range<Int>, _ bytes: Span<UInt8>) throws(CodecError) {
        var bucket = Bucket()
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            switch field.number {
            case 1: if bucket.count == 0 { bucket.count = ProtobufHistogram.unsigned(field.payload) }
            case 2: bucket.bound = field.payload.double ?? 0
            case 3: bucket.exemplar = field.payload.range
            case 4: bucket.count = field.payload.double ?? bucket.count
            default: break
            }
        }
        buckets.append(bucket)
    }

    private static func unsigned(_ payload: ProtobufCursor.Payload) -> Double {
        if case .varint(let value) = payload { Double(value) } else { 0 }
    }

    private static func readRun(
        _ payload: ProtobufCursor.Payload, _ bytes: Span<UInt8>, _ runs: inout [FloatHistogram.BucketRun]
    ) throws(CodecError) {
        guard let range = payload.range else { return }
        var run = FloatHistogram.BucketRun(offset: 0, length: 0)
        var cursor = ProtobufCursor(range)
        while let field = try cursor.next(bytes) {
            if field.number == 1 { run.offset = Int32(clamping: field.payload.signed ?? 0) }
            if field.number == 2 { run.length = UInt32(clamping: field.payload.integer ?? 0) }
        }
        runs.append(run)
    }

    /// One by one or packed.
    private static func readSteps(
        _ payload: ProtobufCursor.Payload, _ bytes: Span<UInt8>, _ steps: inout [Int64]
    ) throws(CodecError) {
        guard let range = payload.range else {
            if let step = payload.signed { steps.append(step) }
            return
        }
        var cursor = ByteCursor(range)
        while !cursor.isAtEnd { steps.append(try cursor.signedVarint(bytes)) }
    }

    /// One by one or packed.
    private static func readCounts(
        _ payload: ProtobufCursor.Payload, _ bytes: Span<UInt8>, _ counts: inout [Double]
    ) throws(CodecError) {
        guard let range = payload.range else {
            if let count = payload.double { counts.append(count) }
            return
        }
        var cursor = ByteCursor(range)
        while !cursor.isAtEnd { counts.append(Double(bitPattern: try cursor.fixed64(bytes))) }
    }
}
