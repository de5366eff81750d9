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
        let owners = HistogramColumns.Owners(columns, numbers)
        for start in stride(from: 0, to: columns.count, by: HistogramBlock.columnsPerChunk) {
            let range = start..<min(start + HistogramBlock.columnsPerChunk, columns.count)
            fill(range, histograms, owners)
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
    private mutating func fill(
        _ range: Range<Int>, _ histograms: [FloatHistogram], _ owners: HistogramColumns.Owners
    ) {
        let count = histograms.count
        cells.removeAll(keepingCapacity: true)
        cells += repeatElement(0, count: range.count * count)
        var has = [Bool](repeating: true, count: count)
        for column in range {
            let start = (column - range.lowerBound) * count
            if column <= HistogramColumns.sum {
                for (row, histogram) in histograms.enumerated() {
                    let isSum = column == HistogramColumns.sum
                    cells[start + row] = isSum ? histogram.sum : histogram.zeroCount
                }
                continue
            }
            for row in has.indices { has[row] = false }
            owners.forEach(of: column) { row, bucket in
                let positive = histograms[row].positiveBuckets.count
                cells[start + row] =
                    bucket < positive
                    ? histograms[row].positiveBuckets[bucket]
                    : histograms[row].negativeBuckets[bucket - positive]
                has[row] = true
            }
            // Where a histogram lacks a bucket, the value of the row before, or of the first one that has it, costs least.
            guard let first = has.firstIndex(of: true) else { continue }
            var value = cells[start + first]
            for row in 0..<count {
                if has[row] { value = cells[start + row] } else { cells[start + row] = value }
            }
        }
    }
}
