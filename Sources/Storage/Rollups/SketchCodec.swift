import Codecs
import TimeSeries

/// The sketches of a few series:
///
///     per series: length LEB128, then its bits | CRC32C 4
///
/// The bits hold, for each bucket whose values are in more than one bin, the bins from that of
/// its minimum to that of its maximum: the count less one, then the distance to the next bin less one, and so on
/// up to the bin of the maximum with its count; all Exp-Golomb of order 0.
enum SketchCodec {
    static func encode(_ series: [[RollupBucket?]], to bytes: inout [UInt8]) {
        let start = bytes.count
        for buckets in series {
            var writer = BitWriter()
            for case let bucket? in buckets where !bucket.min.isNaN {
                let (least, greatest) = (QuantileSketch.bin(bucket.min), QuantileSketch.bin(bucket.max))
                guard least != greatest else { continue }
                let bins = bucket.sketch?.bins ?? [(least, 1), (greatest, max(1, bucket.count - 1))]
                var last = bins[0].bin
                for (index, (bin, count)) in bins.enumerated() {
                    if index > 0 { writer.writeExpGolomb(UInt64(bin - last - 1), order: 0) }
                    writer.writeExpGolomb(UInt64(Int64(count) - 1), order: 0)
                    last = bin
                }
            }
            bytes.append(prefixed: writer.finish())
        }
        let checksum = CRC32C.checksum(bytes.span, start..<bytes.count)
        bytes.append(fixed32: checksum)
    }

    static func isIntact(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count >= 4 else { return false }
        var cursor = ByteCursor(range.upperBound - 4..<range.upperBound)
        guard let checksum = try? cursor.fixed32(bytes) else { return false }
        return checksum == CRC32C.checksum(bytes, range.lowerBound..<range.upperBound - 4)
    }

    /// Gives the buckets of one of the series their sketches.
    static func decode(
        _ bytes: [UInt8], _ series: Int, _ buckets: inout [RollupBucket?]
    ) throws(CodecError) {
        var cursor = ByteCursor(count: bytes.count - 4)
        for _ in 0..<series { _ = try cursor.take(try cursor.length(bytes.span)) }
        var bits = try cursor.array(bytes.span, count: try cursor.length(bytes.span))
        bits.append(contentsOf: [0, 0, 0, 0, 0, 0, 0, 0])
        var reader = BitReader()
        for index in buckets.indices {
            guard let bucket = buckets[index], !bucket.min.isNaN else { continue }
            let greatest = QuantileSketch.bin(bucket.max)
            var bin = QuantileSketch.bin(bucket.min)
            guard bin != greatest else {
                buckets[index]?.sketch = QuantileSketch()
                continue
            }
            var bins: [(bin: Int32, count: Double)] = []
            while true {
                bins.append((bin, Double(try reader.readExpGolomb(bits.span, order: 0)) + 1))
                guard bin < greatest else { break }
                let distance = try reader.readExpGolomb(bits.span, order: 0) + 1
                guard distance <= UInt64(Int64(greatest) - Int64(bin)) else {
                    throw .malformed("bin of a sketch", at: reader.position >> 3)
                }
                bin += Int32(distance)
            }
            buckets[index]?.sketch = QuantileSketch(bins: bins)
        }
    }
}
