import Codecs
import Synchronization
import TimeSeries

/// Rows of a table that do not change any more: their times, and chunks of `columnsPerChunk` columns each.
final class SealedRows: Sendable {
    /// Fewer columns make one series cheaper to read, more make LZ4 find more.
    static let columnsPerChunk = 32

    let times: TimeColumn
    /// Of the times: a query that passes by looks at no more of a part.
    let first: Int64
    let last: Int64
    let rowCount: Int
    let columnCount: Int
    let sampleCount: Int
    /// All chunks, one behind the other.
    let bytes: [UInt8]
    /// Where each chunk ends.
    let ends: [UInt32]
    /// Worked out once somebody asks.
    private let absent = Mutex<BitSet?>(nil)

    init(times: TimeColumn, columnCount: Int, sampleCount: Int, bytes: [UInt8], ends: [UInt32]) {
        self.times = times
        rowCount = times.milliseconds.count
        first = times.milliseconds[0]
        last = times.milliseconds[rowCount - 1]
        self.columnCount = columnCount
        self.sampleCount = sampleCount
        self.bytes = bytes
        self.ends = ends
    }

    /// Seals columns, one behind the other, each as long as `times`.
    convenience init(times: [Int64], columns: Span<Double>) {
        let rows = times.count
        let columnCount = columns.count / rows
        var encoder = ChunkEncoder()
        var bytes: [UInt8] = []
        var ends: [UInt32] = []
        for start in stride(from: 0, to: columnCount, by: SealedRows.columnsPerChunk) {
            let end = min(columnCount, start + SealedRows.columnsPerChunk)
            encoder.encode(columns.extracting(start * rows..<end * rows), rowCount: rows, to: &bytes)
            ends.append(UInt32(bytes.count))
        }
        var absent = 0
        for index in 0..<columns.count {
            absent &+= columns[index].bitPattern == ColumnFormat.absentBits ? 1 : 0
        }
        self.init(
            times: TimeColumn(times), columnCount: columnCount, sampleCount: columns.count - absent,
            bytes: bytes.fitted, ends: ends)
    }

    /// The rows of all parts, which follow one another, in one.
    static func merged(_ parts: ArraySlice<SealedRows>) -> SealedRows {
        let columnCount = parts.map(\.columnCount).max() ?? 0
        let times = parts.flatMap(\.times.milliseconds)
        var encoder = ChunkEncoder()
        var bytes: [UInt8] = []
        var ends: [UInt32] = []
        var values: [Double] = []
        values.reserveCapacity(times.count * columnsPerChunk)
        for start in stride(from: 0, to: columnCount, by: columnsPerChunk) {
            let chunks = parts.map { part in
                start < part.columnCount ? try? part.open(start / columnsPerChunk) : nil
            }
            values.removeAll(keepingCapacity: true)
            for column in 0..<min(columnsPerChunk, columnCount - start) {
                for (part, chunk) in zip(parts, chunks) {
                    let before = values.count
                    if let chunk, column < chunk.columnCount { _ = try? chunk.decode(column, into: &values) }
                    if values.count != before + part.rowCount {
                        values.removeSubrange(before...)
                        values.append(contentsOf: repeatElement(Marker.absent, count: part.rowCount))
                    }
                }
            }
            encoder.encode(values.span, rowCount: times.count, to: &bytes)
            ends.append(UInt32(bytes.count))
        }
        return SealedRows(
            times: TimeColumn(times), columnCount: columnCount,
            sampleCount: parts.reduce(0) { $0 + $1.sampleCount }, bytes: bytes.fitted, ends: ends)
    }

    /// The rows whose times are in a range.
    func rows(in range: ClosedRange<Int64>) -> Range<Int> {
        guard first <= range.upperBound, range.lowerBound <= last else { return 0..<0 }
        if range.lowerBound <= first, last <= range.upperBound { return 0..<rowCount }
        return times.milliseconds.rows(in: range)
    }

    func range(ofChunk chunk: Int) -> Range<Int> {
        (chunk == 0 ? 0 : Int(ends[chunk - 1]))..<Int(ends[chunk])
    }

    func open(_ chunk: Int) throws(CodecError) -> Chunk.Opened {
        let bytes = bytes
        return try Chunk.open(bytes, range(ofChunk: chunk))
    }

    /// Appends some rows of each of these columns, which ascend, to a list of its own. Columns that came later, and
    /// columns of a damaged chunk, have no samples here.
    func read(
        _ columns: [UInt32], _ rows: Range<Int>, into values: inout [[Double]], _ hasAbsent: inout [Bool]
    ) {
        guard !rows.isEmpty else { return }
        let isWhole = rows.count == rowCount
        var scratch: [Double] = []
        var next = 0
        while next < columns.count {
            let number = Int(columns[next]) / SealedRows.columnsPerChunk
            let chunk = number < ends.count ? try? open(number) : nil
            let end = (number + 1) * SealedRows.columnsPerChunk
            while next < columns.count, Int(columns[next]) < end {
                let column = Int(columns[next])
                let inside = column < columnCount ? column % SealedRows.columnsPerChunk : nil
                if isWhole {
                    if append(inside, of: chunk, to: &values[next]) { hasAbsent[next] = true }
                } else {
                    scratch.removeAll(keepingCapacity: true)
                    if append(inside, of: chunk, to: &scratch) { hasAbsent[next] = true }
                    values[next].append(contentsOf: scratch[rows])
                }
                next += 1
            }
        }
    }

    /// Appends all rows of a column, absent where there is none or it is damaged; whether any is.
    private func append(_ column: Int?, of chunk: Chunk.Opened?, to values: inout [Double]) -> Bool {
        let before = values.count
        var hasAbsent = true
        if let chunk, let column { hasAbsent = (try? chunk.decode(column, into: &values)) ?? true }
        if values.count != before + rowCount {
            values.removeSubrange(before...)
            values.append(contentsOf: repeatElement(Marker.absent, count: rowCount))
            hasAbsent = true
        }
        return hasAbsent
    }

    /// One row, for comparing it with another of the same time.
    func row(_ row: Int) -> [Double] {
        var values = [[Double]](repeating: [], count: columnCount)
        var hasAbsent = [Bool](repeating: false, count: columnCount)
        read((0..<UInt32(columnCount)).map { $0 }, row..<row + 1, into: &values, &hasAbsent)
        return values.map { $0[0] }
    }

    /// Without the samples of these chunks, which cannot be read.
    func without(chunks: Set<Int>) -> SealedRows {
        var encoder = ChunkEncoder()
        var bytes: [UInt8] = []
        var ends: [UInt32] = []
        var sampleCount = 0
        for chunk in self.ends.indices {
            let first = chunk * SealedRows.columnsPerChunk
            let columns = min(SealedRows.columnsPerChunk, columnCount - first)
            if chunks.contains(chunk) {
                let none = [Double](repeating: Marker.absent, count: columns * rowCount)
                encoder.encode(none.span, rowCount: rowCount, to: &bytes)
            } else {
                bytes += self.bytes[range(ofChunk: chunk)]
                var values = [[Double]](repeating: [], count: columns)
                var hasAbsent = [Bool](repeating: false, count: columns)
                let numbers = (0..<columns).map { UInt32(first + $0) }
                read(numbers, 0..<rowCount, into: &values, &hasAbsent)
                sampleCount += values.reduce(0) { $0 + $1.count { !isAbsent($0) } }
            }
            ends.append(UInt32(bytes.count))
        }
        return SealedRows(
            times: times, columnCount: columnCount, sampleCount: sampleCount, bytes: bytes.fitted, ends: ends)
    }

    /// The columns without any sample, of those up to `columnCount`.
    var absentColumns: BitSet {
        absent.withLock { known in
            if let known { return known }
            var absent = BitSet(count: columnCount)
            for number in ends.indices {
                let first = number * SealedRows.columnsPerChunk
                let chunk = try? open(number)
                for column in 0..<min(SealedRows.columnsPerChunk, columnCount - first)
                where chunk?.isAbsent(column) ?? true {
                    absent.insert([UInt32(first + column)])
                }
            }
            known = absent
            return absent
        }
    }

    /// Those of the chunks whose checksum is wrong.
    var damagedChunks: [Int] {
        let bytes = bytes
        return ends.indices.filter { !Chunk.isIntact(bytes.span, range(ofChunk: $0)) }
    }
}

extension [UInt8] {
    /// A copy without room to grow. (An array made of a whole slice would share the buffer and its room.)
    var fitted: [UInt8] { span.array(0..<count) }
}

extension Chunk.Opened {
    /// Whether a column has no sample, as its transform says.
    fileprivate func isAbsent(_ column: Int) -> Bool {
        guard decoder.ends.indices.contains(column), let tag = bytes[decoder.range(of: column)].first else {
            return true
        }
        return tag & 0x0f == ColumnFormat.absent
    }
}
