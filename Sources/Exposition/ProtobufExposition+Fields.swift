import Codecs
import TimeSeries

/// Texts and small messages of the protobuf exposition.
extension ProtobufExposition {
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    static func escaped(_ help: String) -> String {
        var result = ""
        for scalar in help.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    static func string(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(CodecError) -> String {
        guard SeriesScanner.isUTF8(bytes, range) else {
            throw .malformed("text that is not UTF-8", at: range.lowerBound)
        }
        return SeriesScanner.string(bytes, range)
    }

    static func label(
        _ bytes: Span<UInt8>, _ message: Range<Int>
    ) throws(CodecError) -> (name: String, value: String) {
        var label = (name: "", value: "")
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            guard case .bytes(let range) = field.payload else { continue }
            if field.number == 1 { label.name = try string(bytes, range) }
            if field.number == 2 { label.value = try string(bytes, range) }
        }
        guard !label.name.isEmpty else { throw .malformed("a label without a name", at: message.lowerBound) }
        return label
    }

    /// The `double value = 1` of a counter, gauge or untyped metric.
    static func value(_ bytes: Span<UInt8>, _ message: Range<Int>) throws(CodecError) -> Double {
        try pair(bytes, message).0
    }

    /// The doubles of the fields 1 and 2.
    static func pair(
        _ bytes: Span<UInt8>, _ message: Range<Int>
    ) throws(CodecError) -> (Double, Double) {
        var pair = (0.0, 0.0)
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            guard let value = field.payload.double else { continue }
            if field.number == 1 { pair.0 = value }
            if field.number == 2 { pair.1 = value }
        }
        return pair
    }

    /// An `Exemplar` message: labels, value and, where there is one, its time.
    static func exemplar(
        _ bytes: Span<UInt8>, _ message: Range<Int>
    ) throws(CodecError) -> (labels: Labels, value: Double, timestamp: Timestamp?) {
        var labels: [(name: String, value: String)] = []
        var value = 0.0
        var timestamp: Timestamp?
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            switch (field.number, field.payload) {
            case (1, .bytes(let range)): labels.append(try label(bytes, range))
            case (2, .fixed64(let bits)): value = Double(bitPattern: bits)
            case (3, .bytes(let range)): timestamp = try self.timestamp(bytes, range)
            default: break
            }
        }
        return (Labels(labels), value, timestamp)
    }

    /// A `google.protobuf.Timestamp`: seconds and nanoseconds; nil where it is beyond our times.
    static func timestamp(_ bytes: Span<UInt8>, _ message: Range<Int>) throws(CodecError) -> Timestamp? {
        var (seconds, nanoseconds): (Int64, Int64) = (0, 0)
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            if field.number == 1 { seconds = field.payload.integer ?? 0 }
            if field.number == 2 { nanoseconds = field.payload.integer ?? 0 }
        }
        let (milliseconds, overflows) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, carries) = milliseconds.addingReportingOverflow(nanoseconds / 1_000_000)
        return overflows || carries ? nil : Timestamp(milliseconds: sum)
    }
}
