import Codecs
import TimeSeries

/// The native histograms of one series in a sealed part, whose counts are its values there:
///
///     layouts: count, then each as `HistogramLayout` | runs: count, then rows and layout of each, counted from 1, 0 for rows
///     without a histogram | chunks: a length before each, of 256 columns, the last of what is left
///
/// A chunk has a row for each histogram; a cell of a bucket that a histogram does not have means nothing.
enum HistogramBlock {
    static let columnsPerChunk = 256

    /// The histograms of the rows of a part; nil for one without. Of the columns, of which there may be far more than any
    /// histogram has buckets, one is decoded at a time.
    /// - Parameter counts: the values of the rows.
    static func histograms(
        _ bytes: [UInt8], _ range: Range<Int>, counts: [Double]
    ) throws(CodecError) -> [FloatHistogram?] {
        var cursor = ByteCursor(range)
        let header = try header(bytes.span, &cursor)
        var rows: [Int?] = []
        for run in header.runs {
            guard run.layout <= header.layouts.count, run.rows <= counts.count - rows.count else {
                throw .malformed("run of histograms", at: cursor.position)
            }
            rows += repeatElement(run.layout == 0 ? nil : run.layout - 1, count: run.rows)
        }
        let layouts = rows.compactMap { $0 }
        let chunks = try chunks(bytes, &cursor)
        let columnCount = chunks.reduce(0) { $0 + $1.columnCount }
        guard rows.count == counts.count, !layouts.isEmpty,
            chunks.allSatisfy({ $0.rowCount == layouts.count })
        else { throw .malformed("rows of histograms", at: cursor.position) }
        var columns = HistogramColumns()
        for layout in header.layouts {
            guard layout.positiveCount <= columnCount, layout.negativeCount <= columnCount else {
                throw .malformed("buckets without columns", at: cursor.position)
            }
            columns.add(layout)
        }
        guard columns.count == columnCount else { throw .malformed("columns", at: cursor.position) }
        var histograms = layouts.map { header.layouts[$0].empty }
        // The buckets of one histogram after those of another.
        var ends: [Int] = []
        for layout in layouts { ends.append((ends.last ?? 0) + columns.layouts[layout].count) }
        var buckets = [Double](repeating: 0, count: ends.last ?? 0)
        let owners = HistogramColumns.Owners(columns, layouts)
        var column = 0
        var cells: [Double] = []
        for chunk in chunks {
            for place in 0..<chunk.columnCount {
                cells.removeAll(keepingCapacity: true)
                _ = try chunk.decode(place, into: &cells)
                guard cells.count == layouts.count else { throw .malformed("column", at: column) }
                if column == HistogramColumns.zeroCount {
                    for (number, cell) in cells.enumerated() { histograms[number].zeroCount = cell }
                } else if column == HistogramColumns.sum {
                    for (number, cell) in cells.enumerated() { histograms[number].sum = cell }
                } else {
                    owners.forEach(of: column) { number, bucket in
                        buckets[(number == 0 ? 0 : ends[number - 1]) + bucket] = cells[number]
                    }
                }
                column += 1
            }
        }
        var next = 0
        return rows.enumerated().map { row, layout in
            guard let layout else { return nil }
            let start = next == 0 ? 0 : ends[next - 1]
            let positive = start + header.layouts[layout].positiveCount
            histograms[next].count = counts[row]
            histograms[next].positiveBuckets = Array(buckets[start..<positive])
            histograms[next].negativeBuckets = Array(buckets[positive..<ends[next]])
            defer { next += 1 }
            return histograms[next]
        }
    }

    /// The layouts of a block.
    static func layouts(_ bytes: [UInt8], _ range: Range<Int>) throws(CodecError) -> [HistogramLayout] {
        var cursor = ByteCursor(range)
        return try header(bytes.span, &cursor).layouts
    }

    // MARK: Reading

    private static func header(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(CodecError) -> (layouts: [HistogramLayout], runs: [(rows: Int, layout: Int)]) {
        var layouts: [HistogramLayout] = []
        for _ in 0..<(try cursor.length(bytes)) { layouts.append(try HistogramLayout(bytes, &cursor)) }
        var runs: [(rows: Int, layout: Int)] = []
        for _ in 0..<(try cursor.length(bytes)) {
            let rows = Int(clamping: try cursor.varint(bytes))
            runs.append((rows, Int(clamping: try cursor.varint(bytes))))
        }
        return (layouts, runs)
    }

    private static func chunks(
        _ bytes: [UInt8], _ cursor: inout ByteCursor
    ) throws(CodecError) -> [Chunk.Opened] {
        var chunks: [Chunk.Opened] = []
        while !cursor.isAtEnd {
            chunks.append(try Chunk.open(bytes, try cursor.take(try cursor.length(bytes.span))))
        }
        return chunks
    }

    /// The chunks of a block.
    static func chunks(_ bytes: [UInt8], _ range: Range<Int>) throws(CodecError) -> [Chunk.Opened] {
        var cursor = ByteCursor(range)
        _ = try header(bytes.span, &cursor)
        return try chunks(bytes, &cursor)
    }
}
