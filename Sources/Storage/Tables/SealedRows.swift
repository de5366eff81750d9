import Codecs
import TimeSeries

/// Rows of a table that do not change any more: their times, and chunks of `columnsPerChunk` columns each.
final class SealedRows: Sendable {
    /// Fewer columns make one series cheaper to read, more make LZ4 find more.
    static let columnsPerChunk = 16

    let times: TimeColumn
    let columnCount: Int
    let sampleCount: Int
    /// All chunks, one behind the other.
    let bytes: [UInt8]
    /// Where each chunk ends.
    let ends: [UInt32]

    init(times: TimeColumn, columnCount: Int, sampleCount: Int, bytes: [UInt8], ends: [UInt32]) {
        self.times = times
        self.columnCount = columnCount
        self.sampleCount = sampleCount
        self.bytes = bytes
        self.ends = ends
    }

    /// Seals columns, each as long as `times`.
    convenience init(times: [Int64], columns: [[Double]]) {
        var bytes: [UInt8] = []
        var ends: [UInt32] = []
        var samples = 0
        for start in stride(from: 0, to: columns.count, by: SealedRows.columnsPerChunk) {
            let part = columns[start..<min(columns.count, start + SealedRows.columnsPerChunk)]
            bytes += Chunk.encode(Array(part), rowCount: times.count)
            ends.append(UInt32(bytes.count))
            for column in part { samples += column.count { !Marker.isAbsent($0) } }
        }
        bytes = Array(bytes)
        self.init(
            times: TimeColumn(times), columnCount: columns.count, sampleCount: samples, bytes: bytes,
            ends: ends)
    }

    var rowCount: Int { times.milliseconds.count }
    var first: Int64 { times.milliseconds[0] }
    var last: Int64 { times.milliseconds[times.milliseconds.count - 1] }

    func range(ofChunk chunk: Int) -> Range<Int> {
        (chunk == 0 ? 0 : Int(ends[chunk - 1]))..<Int(ends[chunk])
    }

    func open(_ chunk: Int) throws(CodecError) -> Chunk.Opened {
        let bytes = bytes
        return try Chunk.open(bytes.span, range(ofChunk: chunk))
    }

    /// Calls `body` with the values of each of these columns, which ascend. Columns that came later, and
    /// columns of a damaged chunk, have no samples here.
    func forEach(_ columns: [UInt32], _ body: (_ index: Int, _ values: [Double], _ hasAbsent: Bool) -> Void) {
        var open: (number: Int, chunk: Chunk.Opened)?
        var values: [Double] = []
        for (index, column) in columns.enumerated() {
            values.removeAll(keepingCapacity: true)
            var hasAbsent = true
            let number = Int(column) / SealedRows.columnsPerChunk
            if Int(column) < columnCount {
                if open?.number != number { open = (try? self.open(number)).map { (number, $0) } }
                if let chunk = open?.chunk {
                    let inside = Int(column) % SealedRows.columnsPerChunk
                    hasAbsent = (try? chunk.decode(inside, into: &values)) ?? true
                }
            }
            if values.count != rowCount {
                values = [Double](repeating: Marker.absent, count: rowCount)
                hasAbsent = true
            }
            body(index, values, hasAbsent)
        }
    }

    /// All columns, for merging.
    func decodeAll() -> [[Double]] {
        var result: [[Double]] = []
        result.reserveCapacity(columnCount)
        forEach((0..<UInt32(columnCount)).map { $0 }) { _, values, _ in result.append(values) }
        return result
    }

    /// One row, for comparing it with another of the same time.
    func row(_ row: Int) -> [Double] { decodeAll().map { $0[row] } }

    /// Those of the chunks whose checksum is wrong.
    var damagedChunks: [Int] {
        let bytes = bytes
        return ends.indices.filter { !Chunk.isIntact(bytes.span, range(ofChunk: $0)) }
    }
}
