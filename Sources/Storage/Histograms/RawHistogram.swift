import Codecs
import TimeSeries

/// A native histogram that is in no part yet, in the bytes of `HistogramCodec`: a fifth of what its numbers take. Two are equal
/// where they are so bit for bit.
struct RawHistogram: Hashable, Sendable {
    let bytes: [UInt8]

    init(_ histogram: FloatHistogram) {
        var bytes: [UInt8] = []
        HistogramCodec.encode(histogram, to: &bytes)
        self.bytes = bytes.fitted
    }

    /// Nil for bytes that are none, which `init` never makes.
    var histogram: FloatHistogram? {
        let bytes = bytes
        var cursor = ByteCursor(count: bytes.count)
        return try? HistogramCodec.decode(bytes.span, &cursor)
    }

    /// With its place in a dictionary.
    var byteCount: Int { bytes.count + 72 }
}
