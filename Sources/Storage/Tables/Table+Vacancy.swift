import TimeSeries

/// Which of its series have nothing in a range: lines that a target showed only for a while, and what was deleted.
extension Table {
    /// Whether any of its series has a sample.
    var hasSamples: Bool { tail.sampleCount > 0 || sealed.contains { $0.sampleCount > 0 } }

    /// Which of some columns, which ascend, are without a sample or a bucket in a range; nil where there are none such.
    func vacancy(of columns: some Collection<UInt32>, in range: ClosedRange<Int64>) -> BitSet? {
        let rows = tailTimes.rows(in: range)
        if !rows.isEmpty, tail.isFull { return nil }
        var missing = Array(columns)
        func leave(_ isThere: [Bool]) {
            var number = -1
            missing.removeAll { _ in
                number += 1
                return isThere[number]
            }
        }
        if let last = rows.last {
            // Most that are in any row are in the newest.
            let cells = tail[last]
            missing.removeAll { !isAbsent(cells[Int($0)]) }
            leave(missing.map { tail.hasSample(Int($0), rows) })
        }
        for part in sealed.reversed() {
            guard !missing.isEmpty else { return nil }
            let rows = part.rows(in: range)
            if !rows.isEmpty { leave(part.haveSamples(missing, rows)) }
        }
        // Where samples are, windows know of no more than these do.
        if range.lowerBound <= rollups.rawGone {
            for level in rollups.levels {
                for block in level.blocks where !missing.isEmpty { leave(block.haveBuckets(missing, range)) }
                // Coarser windows reach further beyond the range.
                if level.isMade, level.gone < range.lowerBound { break }
            }
        }
        guard !missing.isEmpty else { return nil }
        var vacancy = BitSet(count: width)
        vacancy.insert(missing)
        return vacancy
    }
}

extension TailRows {
    /// Whether a column has a sample in some rows.
    fileprivate func hasSample(_ column: Int, _ rows: Range<Int>) -> Bool {
        var values: [Double] = []
        return !append(column, rows, to: &values) || !values.allSatisfy(isAbsent)
    }
}

extension SealedRows {
    /// Which of these columns, which ascend, have a sample in some rows.
    fileprivate func haveSamples(_ columns: [UInt32], _ rows: Range<Int>) -> [Bool] {
        if sampleCount == rowCount * columnCount { return columns.map { Int($0) < columnCount } }
        let absent = absentColumns
        let isWhole = rows.count == rowCount
        var result = columns.map { Int($0) < columnCount && !absent.contains($0) }
        guard !isWhole else { return result }
        let places = result.indices.filter { result[$0] }
        var values = [[Double]](repeating: [], count: places.count)
        var hasAbsent = [Bool](repeating: false, count: places.count)
        read(places.map { columns[$0] }, rows, into: &values, &hasAbsent)
        for (place, values) in zip(places, values) { result[place] = !values.allSatisfy(isAbsent) }
        return result
    }
}

extension RollupBlock {
    /// Which of these series have a bucket of a window that overlaps a range.
    fileprivate func haveBuckets(_ series: [UInt32], _ range: ClosedRange<Int64>) -> [Bool] {
        let rows = windows.indices.filter {
            windows[$0].end >= range.lowerBound && windows[$0].end &- resolution < range.upperBound
        }
        guard !rows.isEmpty else { return series.map { _ in false } }
        if bucketCount == windows.count * width { return series.map { Int($0) < width } }
        var opened: (number: Int, chunk: Chunk.Opened?) = (-1, nil)
        return series.map { series in
            let number = Int(series) / RollupBlock.seriesPerChunk
            guard number < ends.count else { return false }
            if number != opened.number { opened = (number, try? open(number)) }
            var counts: [Double] = []
            let column = Int(series) % RollupBlock.seriesPerChunk * RollupBlock.fields
            guard let chunk = opened.chunk, (try? chunk.decode(column, into: &counts)) != nil,
                counts.count == windows.count
            else { return false }
            return rows.contains { !isAbsent(counts[$0]) }
        }
    }
}
