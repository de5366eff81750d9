import Codecs

/// Makes chunks; keeps its buffers from one to the next.
struct ChunkEncoder {
    private var columns = ColumnEncoder()
    private var body: [UInt8] = []

    /// Appends a chunk of the columns in `values`, one behind the other, each `rowCount` values long.
    /// - Parameter isBrief: the chunk is soon merged with others, so that LZ4 and what rarely pays for few rows are not worth their time.
    mutating func encode(
        _ values: Span<Double>, rowCount: Int, isBrief: Bool = false, to bytes: inout [UInt8]
    ) {
        precondition(
            rowCount > 0 && values.count % rowCount == 0, "\(values.count) values in \(rowCount) rows")
        let columnCount = values.count / rowCount
        columns.start(isBrief: isBrief)
        var ends: [Int] = []
        ends.reserveCapacity(columnCount)
        for column in 0..<columnCount {
            columns.encode(values, column * rowCount..<(column + 1) * rowCount)
            ends.append(columns.bytes.count)
        }
        body.removeAll(keepingCapacity: true)
        var last = 0
        for end in ends {
            body.append(varint: UInt64(end - last))
            last = end
        }
        body += columns.bytes
        // Below this, LZ4 finds nothing worth its header.
        let compressed = !isBrief && body.count > 64 ? LZ4.compress(body.span) : body
        let isSmaller = compressed.count + 2 < body.count
        let start = bytes.count
        bytes.append(isSmaller ? 1 : 0)
        bytes.append(varint: UInt64(rowCount))
        bytes.append(varint: UInt64(columnCount))
        if isSmaller { bytes.append(varint: UInt64(body.count)) }
        bytes += isSmaller ? compressed : body
        let checksum = CRC32C.checksum(bytes.span, start..<bytes.count)
        bytes.append(fixed32: checksum)
    }
}
