package import Codecs

/// A sealed block of columns with equally many rows:
///
///     flags 1 (bit 0: LZ4) | rows LEB128 | columns LEB128 | raw length LEB128, with LZ4 only | body | CRC32C 4
///     body: the length of each column as LEB128, then the columns as `ColumnFormat` describes them
///
/// The checksum is over all bytes before it. It is verified where bytes come from a disk, and by scrubbing; the
/// decoder itself trusts nothing.
package enum Chunk {
    /// What a bit reader may read behind the last column.
    private static let padding = 8

    /// The bytes of a chunk of columns, each `rowCount` values long.
    package static func encode(_ columns: [[Double]], rowCount: Int) -> [UInt8] {
        var encoder = ChunkEncoder()
        var bytes: [UInt8] = []
        let values = columns.flatMap { $0 }
        encoder.encode(values.span, rowCount: rowCount, to: &bytes)
        return bytes
    }

    /// Whether the checksum of the chunk in a part of `bytes` is right.
    package static func isIntact(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count >= 7 else { return false }
        var cursor = ByteCursor(range.upperBound - 4..<range.upperBound)
        guard let checksum = try? cursor.fixed32(bytes) else { return false }
        return checksum == CRC32C.checksum(bytes, range.lowerBound..<range.upperBound - 4)
    }

    /// A chunk that is open for decoding: its body unpacked, or where it stands among others.
    package struct Opened {
        let bytes: [UInt8]
        let decoder: ColumnDecoder

        package var rowCount: Int { decoder.rowCount }
        package var columnCount: Int { decoder.ends.count }

        package func decode(_ column: Int, into values: inout [Double]) throws(CodecError) -> Bool {
            try decoder.decode(column, bytes.span, into: &values)
        }
    }

    package static func open(_ bytes: [UInt8], _ range: Range<Int>) throws(CodecError) -> Opened {
        guard range.count >= 7 else { throw .truncated(at: range.lowerBound) }
        var cursor = ByteCursor(range.lowerBound..<range.upperBound - 4)
        let source = bytes.span
        let flags = try cursor.byte(source)
        let rows = Int(clamping: try cursor.varint(source))
        let columns = Int(clamping: try cursor.varint(source))
        guard flags <= 1, rows > 0, rows <= ColumnFormat.largestRowCount,
            columns <= ColumnFormat.largestColumnCount
        else { throw .malformed("chunk header", at: cursor.position) }
        var body: [UInt8]
        var directory: ByteCursor
        if flags == 1 {
            let raw = Int(clamping: try cursor.varint(source))
            let block = source.extracting(cursor.position..<cursor.end)
            body = try LZ4.decompress(block, byteCount: raw, padding: padding)
            directory = ByteCursor(0..<body.count - padding)
        } else if cursor.end + padding <= bytes.count {
            // The checksum and the next chunk are as good as padding: what is read of them is not used.
            body = bytes
            directory = ByteCursor(cursor.position..<cursor.end)
        } else {
            body = source.array(cursor.position..<cursor.end)
            body.append(contentsOf: repeatElement(0, count: padding))
            directory = ByteCursor(0..<body.count - padding)
        }
        let text = body.span
        let ends = try ends(of: columns, text, &directory)
        guard ends.last ?? 0 <= directory.remaining else { throw .truncated(at: directory.position) }
        return Opened(
            bytes: body, decoder: ColumnDecoder(rowCount: rows, start: directory.position, ends: ends))
    }

    /// Where each column ends, by their lengths, nearly all of which are one byte.
    private static func ends(
        of columns: Int, _ text: Span<UInt8>, _ directory: inout ByteCursor
    ) throws(CodecError) -> [Int] {
        guard columns <= directory.remaining else { throw .truncated(at: directory.position) }
        var ends = [Int](repeating: 0, count: columns)
        var out = ends.mutableSpan
        var end = 0
        for column in 0..<columns {
            if directory.position < directory.end, text[directory.position] < 0x80 {
                end &+= Int(text[directory.position])
                directory.position &+= 1
            } else {
                end &+= try directory.length(text)
            }
            out[column] = end
        }
        return ends
    }
}
