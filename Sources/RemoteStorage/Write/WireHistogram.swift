import Codecs
import TimeSeries

/// Why a native histogram cannot be taken.
struct InvalidHistogram: Error {
    var reason: String
}

/// A `Histogram` message as it stands on the wire: counts as integers with deltas, or as floating-point numbers.
struct WireHistogram {
    private(set) var timestamp: Int64 = 0
    private(set) var sum = 0.0
    private var schema: Int64 = 0
    private var zeroThreshold = 0.0
    private var zeroCount = 0.0
    private var count = 0.0
    /// As they came, where they are whole: sums of doubles would be off.
    private var wholeZeroCount: UInt64 = 0
    private var wholeCount: UInt64 = 0
    private var isFloat = false
    private var hint: UInt64 = 0
    private var positive = Side()
    private var negative = Side()
    private var bounds: [Double] = []

    /// The buckets of one sign.
    private struct Side {
        var runs: [FloatHistogram.BucketRun] = []
        var deltas: [Int64] = []
        var counts: [Double] = []

        /// Of whole counts.
        var total: UInt64 {
            var sum: Int64 = 0
            return deltas.reduce(0) { total, delta in
                sum &+= delta
                return total &+ UInt64(bitPattern: sum)
            }
        }
    }

    init(_ message: Range<Int>, _ bytes: Span<UInt8>) throws(CodecError) {
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            let payload = field.payload
            switch field.number {
            case 1:
                wholeCount = payload.unsigned
                count = Double(wholeCount)
            case 2:
                count = payload.double ?? 0
                isFloat = true
            case 3: sum = payload.double ?? 0
            case 4: schema = payload.signed ?? 0
            case 5: zeroThreshold = payload.double ?? 0
            case 6:
                wholeZeroCount = payload.unsigned
                zeroCount = Double(wholeZeroCount)
            case 7: zeroCount = payload.double ?? 0
            case 8: try Self.run(payload, bytes, &negative.runs)
            case 9: try payload.signedNumbers(bytes, &negative.deltas)
            case 10: try payload.doubles(bytes, &negative.counts)
            case 11: try Self.run(payload, bytes, &positive.runs)
            case 12: try payload.signedNumbers(bytes, &positive.deltas)
            case 13: try payload.doubles(bytes, &positive.counts)
            case 14: hint = UInt64(bitPattern: payload.integer ?? 0)
            case 15: timestamp = payload.integer ?? 0
            case 16: try payload.doubles(bytes, &bounds)
            default: break
            }
        }
    }

    /// A `BucketSpan` message: offset 1, length 2.
    private static func run(
        _ payload: ProtobufCursor.Payload, _ bytes: Span<UInt8>, _ runs: inout [FloatHistogram.BucketRun]
    ) throws(CodecError) {
        guard runs.count <= FloatHistogram.mostBuckets, let range = payload.range else { return }
        var run = FloatHistogram.BucketRun(offset: 0, length: 0)
        var cursor = ProtobufCursor(range)
        while let field = try cursor.next(bytes) {
            switch field.number {
            case 1: run.offset = Int32(clamping: field.payload.signed ?? 0)
            case 2: run.length = UInt32(clamping: field.payload.integer ?? 0)
            default: break
            }
        }
        runs.append(run)
    }

    /// The histogram with counts as floating-point numbers.
    /// - Throws: what Prometheus refuses too: another schema, runs that do not fit the buckets, negative counts,
    ///   fewer observations than the buckets hold.
    func histogram() throws(InvalidHistogram) -> FloatHistogram {
        let custom = schema == Int64(FloatHistogram.customBucketsSchema)
        guard custom || (-4...8).contains(schema) else {
            throw InvalidHistogram(reason: "schema \(schema), known are -4 to 8 and -53")
        }
        guard !isTooLarge else {
            throw InvalidHistogram(reason: "more than \(FloatHistogram.mostBuckets) buckets, spans or bounds")
        }
        var result = FloatHistogram(
            schema: Int32(schema), zeroThreshold: zeroThreshold, zeroCount: zeroCount, count: count, sum: sum,
            positiveRuns: positive.runs, negativeRuns: negative.runs,
            positiveBuckets: try buckets(positive), negativeBuckets: try buckets(negative),
            customBounds: bounds)
        result.resetHint = hint < UInt64(Self.hints.count) ? Self.hints[Int(hint)] : .unknown
        guard custom || bounds.isEmpty else {
            throw InvalidHistogram(reason: "custom bounds with schema \(schema)")
        }
        guard !custom || (negative.runs.isEmpty && zeroCount == 0 && Self.ascend(bounds)) else {
            throw InvalidHistogram(reason: "custom bounds that do not ascend, or buckets beside them")
        }
        guard zeroThreshold >= 0, zeroCount >= 0, count >= 0 else {
            throw InvalidHistogram(reason: "a negative count")
        }
        // Floating-point counts need not add up; integers do, but for observations that are not a number.
        let observed = [positive, negative].reduce(wholeZeroCount) { $0 &+ $1.total }
        guard isFloat || observed == wholeCount || (sum.isNaN && observed < wholeCount) else {
            throw InvalidHistogram(reason: "\(observed) observations in buckets, \(wholeCount) in all")
        }
        return result
    }

    private var isTooLarge: Bool {
        let sides = [positive, negative]
        let counts = [
            sides.reduce(0) { $0 + max($1.deltas.count, $1.counts.count) },
            sides.reduce(0) { $0 + $1.runs.count }, bounds.count,
        ]
        return counts.contains { $0 > FloatHistogram.mostBuckets }
    }

    private func buckets(_ side: Side) throws(InvalidHistogram) -> [Double] {
        var counts = side.counts
        if !isFloat {
            var sum: Int64 = 0
            counts = side.deltas.map { delta in
                sum &+= delta
                return Double(sum)
            }
        }
        let expected = side.runs.reduce(0) { $0 + Int($1.length) }
        guard expected == counts.count else {
            throw InvalidHistogram(reason: "spans of \(expected) buckets for \(counts.count) counts")
        }
        guard side.runs.dropFirst().allSatisfy({ $0.offset >= 0 }) else {
            throw InvalidHistogram(reason: "a span that begins before the one before it ends")
        }
        guard counts.allSatisfy({ $0 >= 0 }) else { throw InvalidHistogram(reason: "a negative bucket") }
        return counts
    }

    private static func ascend(_ bounds: [Double]) -> Bool {
        bounds.allSatisfy(\.isFinite) && zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }
    }

    /// By their numbers in `Histogram.ResetHint`.
    private static let hints: [FloatHistogram.ResetHint] = [.unknown, .reset, .notReset, .gauge]
}

extension ProtobufCursor.Payload {
    fileprivate var unsigned: UInt64 { if case .varint(let value) = self { value } else { 0 } }

    /// One number of a repeated `sint64`, or a packed run of them; not many more than a histogram may have.
    fileprivate func signedNumbers(_ bytes: Span<UInt8>, _ numbers: inout [Int64]) throws(CodecError) {
        switch self {
        case .varint(let value): numbers.append(ZigZag.decode(value))
        case .bytes(let range):
            var cursor = ByteCursor(range)
            while !cursor.isAtEnd, numbers.count <= FloatHistogram.mostBuckets {
                numbers.append(try cursor.signedVarint(bytes))
            }
        default: break
        }
    }

    /// One number of a repeated `double`, or a packed run of them.
    fileprivate func doubles(_ bytes: Span<UInt8>, _ numbers: inout [Double]) throws(CodecError) {
        switch self {
        case .fixed64(let bits): numbers.append(Double(bitPattern: bits))
        case .bytes(let range):
            var cursor = ByteCursor(range)
            while !cursor.isAtEnd, numbers.count <= FloatHistogram.mostBuckets {
                numbers.append(Double(bitPattern: try cursor.fixed64(bytes)))
            }
        default: break
        }
    }
}
