import Codecs
import TimeSeries

/// The record of an exemplar, in the log and in the state file of snapshots:
///
///     34 exemplar   labels of the series, labels of the exemplar, time (signed), value 8
enum ExemplarRecord {
    static let exemplar: UInt8 = 34

    static func exemplar(_ exemplar: Exemplar, of series: Labels) -> [UInt8] {
        var bytes: [UInt8] = [self.exemplar]
        bytes.append(prefixed: series.bytes)
        bytes.append(prefixed: exemplar.labels.bytes)
        bytes.append(signedVarint: exemplar.timestamp.milliseconds)
        bytes.append(fixed64: exemplar.value.bitPattern)
        return bytes
    }

    /// Takes a record without its kind; false where the kind is another.
    static func read(
        _ kind: UInt8, _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, into head: inout Head
    ) throws(CodecError) -> Bool {
        guard kind == exemplar else { return false }
        let series = try cursor.labels(bytes)
        let labels = try cursor.labels(bytes)
        let time = Timestamp(milliseconds: try cursor.signedVarint(bytes))
        let value = Double(bitPattern: try cursor.fixed64(bytes))
        head.exemplars.append(Exemplar(labels: labels, value: value, timestamp: time), of: series)
        return true
    }
}
