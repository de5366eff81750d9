import Codecs
import TimeSeries

/// The native histograms of one series in a sealed part, whose counts are its values there:
///
///     layouts: count, then each as `HistogramLayout` | runs: count, then rows and layout of each, counted from 1, 0 for rows
///     without a histogram | chunks: a length before each, of 256 columns, the last of what is left
///
/// A chunk has a row for each histogram; a cell of a bucket that a histogram does not have means nothing.
struct HistogramBlock {
    static let columnsPerChunk = 256

    /// A row for each sample: its layout, nil where it has no histogram.
    private let rows: [Int?]
    private let layouts: [HistogramLayout]
    private let columns: HistogramColumns
    /// Column after column, a cell for each histogram.
    private let cells: [Double]
    private let histogramCount: Int

    /// - Parameter rowCount: of the part.
    init(_ bytes: [UInt8], _ range: Range<Int>, rowCount: Int) throws(CodecError) {
        var cursor = ByteCursor(range)
        let header = try HistogramBlock.header(bytes.span, &cursor)
        var rows: [Int?] = []
        for run in header.runs {
            guard run.layout <= header.layouts.count, run.rows <= rowCount - rows.count else {
                throw .malformed("run of histograms", at: cursor.position)
            }
            rows += repeatElement(run.layout == 0 ? nil : run.layout - 1, count: run.rows)
        }
        let count = rows.count { $0 != nil }
        var cells: [Double] = []
        for chunk in try HistogramBlock.chunks(bytes, &cursor) {
            guard chunk.rowCount == count else { throw .malformed("rows of histograms", at: cursor.position) }
            for column in 0..<chunk.columnCount { _ = try chunk.decode(column, into: &cells) }
        }
        guard rows.count == rowCount, count > 0 else {
            throw .malformed("runs of histograms", at: cursor.position)
        }
        let columnCount = cells.count / count
        var columns = HistogramColumns()
        for layout in header.layouts {
            guard layout.positiveCount <= columnCount, layout.negativeCount <= columnCount else {
                throw .malformed("buckets without columns", at: cursor.position)
            }
            columns.add(layout)
        }
        guard columns.count == columnCount else { throw .malformed("columns", at: cursor.position) }
        (self.rows, layouts, self.columns, self.cells) = (rows, header.layouts, columns, cells)
        histogramCount = count
    }

    /// The histograms of the rows; nil for one without.
    /// - Parameter counts: the values of the rows.
    func histograms(counts: [Double]) -> [FloatHistogram?] {
        var next = 0
        return rows.enumerated().map { row, layout in
            guard let layout else { return nil }
            defer { next += 1 }
            return histogram(layout, next, count: counts[row])
        }
    }

    private func histogram(_ layout: Int, _ number: Int, count: Double) -> FloatHistogram {
        var histogram = layouts[layout].empty
        histogram.zeroCount = cells[HistogramColumns.zeroCount * histogramCount + number]
        histogram.sum = cells[HistogramColumns.sum * histogramCount + number]
        histogram.count = count
        let buckets = columns.layouts[layout]
        let positive = layouts[layout].positiveCount
        histogram.positiveBuckets = buckets[..<positive].map { cells[$0 * histogramCount + number] }
        histogram.negativeBuckets = buckets[positive...].map { cells[$0 * histogramCount + number] }
        return histogram
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
