import Codecs
import TimeSeries

/// Makes blocks of native histograms; its buffers serve all of them.
struct HistogramBlockEncoder: Sendable {
    private var chunks = ChunkEncoder()
    private var columns = HistogramColumns()
    private var layouts: [[UInt8]] = []
    /// The layout of each histogram.
    private var numbers: [Int] = []
    private var cells: [Double] = []
    private var chunk: [UInt8] = []

    /// Appends a block of the histograms of rows, at least one of which has one.
    mutating func encode(_ rows: [FloatHistogram?], isBrief: Bool, to bytes: inout [UInt8]) {
        let runs = lookAt(rows)
        bytes.append(varint: UInt64(layouts.count))
        for layout in layouts { bytes += layout }
        bytes.append(varint: UInt64(runs.count))
        for run in runs {
            bytes.append(varint: UInt64(run.rows))
            bytes.append(varint: UInt64(run.layout))
        }
        let histograms = rows.compactMap { $0 }
        for start in stride(from: 0, to: columns.count, by: HistogramBlock.columnsPerChunk) {
            let range = start..<min(start + HistogramBlock.columnsPerChunk, columns.count)
            fill(range, histograms)
            chunk.removeAll(keepingCapacity: true)
            let cells = cells
            chunks.encode(cells.span, rowCount: histograms.count, isBrief: isBrief, to: &chunk)
            bytes.append(prefixed: chunk)
        }
    }

    /// Finds layouts and columns; returns the runs of rows with equal layouts, counted from 1.
    private mutating func lookAt(_ rows: [FloatHistogram?]) -> [(rows: Int, layout: Int)] {
        columns = HistogramColumns()
        layouts.removeAll(keepingCapacity: true)
        numbers.removeAll(keepingCapacity: true)
        var known: [[UInt8]: Int] = [:]
        var runs: [(rows: Int, layout: Int)] = []
        for row in rows {
            var number = 0
            if let row {
                let layout = HistogramLayout(row)
                let bytes = layout.bytes
                number = known[bytes] ?? layouts.count + 1
                if number > layouts.count {
                    known[bytes] = number
                    layouts.append(bytes)
                    columns.add(layout)
                }
                numbers.append(number - 1)
            }
            if runs.last?.layout == number {
                runs[runs.count - 1].rows += 1
            } else {
                runs.append((1, number))
            }
        }
        return runs
    }

    /// Puts the numbers of some columns into `cells`.
    private mutating func fill(_ range: Range<Int>, _ histograms: [FloatHistogram]) {
        let count = histograms.count
        cells.removeAll(keepingCapacity: true)
        cells += repeatElement(0, count: range.count * count)
        for (row, histogram) in histograms.enumerated() {
            func put(_ value: Double, _ column: Int) {
                if range.contains(column) { cells[(column - range.lowerBound) * count + row] = value }
            }
            put(histogram.zeroCount, HistogramColumns.zeroCount)
            put(histogram.sum, HistogramColumns.sum)
            let buckets = columns.layouts[numbers[row]]
            for (bucket, value) in histogram.positiveBuckets.enumerated() { put(value, buckets[bucket]) }
            let positive = histogram.positiveBuckets.count
            for (bucket, value) in histogram.negativeBuckets.enumerated() {
                put(value, buckets[positive + bucket])
            }
        }
        if layouts.count > 1 { fillGaps(range, count) }
    }

    /// Where a histogram lacks a bucket, the value of the row before, or of the first one that has it, costs least.
    private mutating func fillGaps(_ range: Range<Int>, _ count: Int) {
        let known = columns.layouts.map { Set($0) }
        for column in range where column > HistogramColumns.sum {
            let start = (column - range.lowerBound) * count
            let has = known.map { $0.contains(column) }
            guard let first = numbers.firstIndex(where: { has[$0] }) else { continue }
            var value = cells[start + first]
            for row in 0..<count {
                if has[numbers[row]] { value = cells[start + row] } else { cells[start + row] = value }
            }
        }
    }
}
