import TimeSeries

/// What a cell of a column may hold besides a number. Arithmetic yields quiet NaNs only, so it never yields these.
enum Cell {
    // The bits are written out: a constant of another module would be fetched anew for every cell.
    private static var absentBits: UInt64 { 0x7ff0_0000_0000_0003 }
    private static var histogramBits: UInt64 { 0x7ff0_0000_0000_0004 }
    private static var staleBits: UInt64 { 0x7ff0_0000_0000_0002 }

    /// The series has no sample at this step (`Marker.absent`).
    @inline(__always) static var absent: Double { Double(bitPattern: absentBits) }
    /// The sample is a histogram, kept beside the column.
    @inline(__always) static var histogram: Double { Double(bitPattern: histogramBits) }

    @inline(__always) static func isAbsent(_ cell: Double) -> Bool { cell.bitPattern == absentBits }
    @inline(__always) static func isHistogram(_ cell: Double) -> Bool { cell.bitPattern == histogramBits }
    /// `Marker.isStale`.
    @inline(__always) static func isStale(_ value: Double) -> Bool { value.bitPattern == staleBits }
    /// One of two by masks: a branch would keep the compiler from working on several cells at once.
    @inline(__always) static func choice(_ isFirst: Bool, _ first: Double, _ second: Double) -> Double {
        let mask: UInt64 = isFirst ? .max : 0
        return Double(bitPattern: first.bitPattern & mask | second.bitPattern & ~mask)
    }

    /// Whether the cell holds a number, any NaN that is one included.
    @inline(__always) static func isNumber(_ cell: Double) -> Bool {
        !isAbsent(cell) && !isHistogram(cell)
    }
}

/// The name of a row of a result; `dropsName` defers the removal of the metric name to the end of the query.
struct SeriesName: Hashable {
    var labels: Labels
    var dropsName = false

    /// Without the name of the metric, or with a note to remove it in the end.
    func withoutMetric(delayed: Bool) -> SeriesName {
        delayed
            ? SeriesName(labels: labels, dropsName: true) : SeriesName(labels: labels.withoutMetadata)
    }
}

/// An instant vector at all steps: one row of cells a series, row after row in one array.
struct VectorColumns {
    let steps: Int
    private(set) var names: [SeriesName] = []
    var cells: [Double] = []
    /// The histograms of cells that are marked so, by index of the cell.
    var histograms: [Int: FloatHistogram] = [:]

    init(steps: Int) { self.steps = steps }

    init(steps: Int, names: [SeriesName], cells: [Double], histograms: [Int: FloatHistogram] = [:]) {
        self.steps = steps
        self.names = names
        self.cells = cells
        self.histograms = histograms
    }

    /// The rows of all parts, one behind the other.
    init(joining parts: [VectorColumns], steps: Int) {
        if parts.count == 1 {
            self = parts[0]
            return
        }
        self.steps = steps
        names.reserveCapacity(parts.reduce(0) { $0 + $1.names.count })
        cells.reserveCapacity(parts.reduce(0) { $0 + $1.cells.count })
        for part in parts {
            let base = cells.count
            names += part.names
            cells += part.cells
            for (index, histogram) in part.histograms { histograms[base + index] = histogram }
        }
    }

    /// The steps of all parts, which have the same rows, one behind the other.
    init(joiningSteps parts: [VectorColumns], names: [SeriesName]) {
        steps = parts.reduce(0) { $0 + $1.steps }
        self.names = names
        cells.reserveCapacity(names.count * steps)
        let parts = parts.span
        for row in names.indices {
            for number in parts.indices {
                let range = parts[number].range(of: row)
                if !parts[number].histograms.isEmpty {
                    let shift = cells.count - range.lowerBound
                    for index in range { histograms[index + shift] = parts[number].histograms[index] }
                }
                cells.append(contentsOf: parts[number].cells[range])
            }
        }
    }

    var rows: Int { names.count }

    func range(of row: Int) -> Range<Int> { row * steps..<(row + 1) * steps }

    func labels(_ row: Int) -> Labels { names[row].labels }

    mutating func reserve(rows: Int) {
        names.reserveCapacity(rows)
        cells.reserveCapacity(rows * steps)
    }

    /// Adds a row without samples and returns its number.
    @discardableResult
    mutating func appendRow(_ name: SeriesName) -> Int {
        names.append(name)
        cells.append(contentsOf: repeatElement(Cell.absent, count: steps))
        return names.count - 1
    }

    mutating func rename(_ row: Int, _ name: SeriesName) { names[row] = name }

    mutating func set(_ index: Int, _ histogram: FloatHistogram) {
        cells[index] = Cell.histogram
        histograms[index] = histogram
    }

    /// Copies a cell of another table, a histogram with it.
    mutating func copy(_ index: Int, from other: VectorColumns, _ source: Int) {
        cells[index] = other.cells[source]
        if Cell.isHistogram(cells[index]) { histograms[index] = other.histograms[source] }
    }

    /// Adds a row of another table whole.
    mutating func appendRow(_ name: SeriesName, copying row: Int, of other: VectorColumns) {
        let base = cells.count
        names.append(name)
        cells.append(contentsOf: other.cells[other.range(of: row)])
        guard !other.histograms.isEmpty else { return }
        let start = row * steps
        for step in 0..<steps where Cell.isHistogram(cells[base + step]) {
            histograms[base + step] = other.histograms[start + step]
        }
    }

    /// Makes a row without samples that of another table.
    mutating func setRow(_ row: Int, copying source: Int, of other: VectorColumns) {
        names[row] = other.names[source]
        let target = range(of: row)
        let cells = other.cells.span.extracting(other.range(of: source))
        var room = self.cells.mutableSpan
        for step in cells.indices { room[target.lowerBound + step] = cells[step] }
        guard !other.histograms.isEmpty else { return }
        for (step, index) in target.enumerated() where Cell.isHistogram(self.cells[index]) {
            histograms[index] = other.histograms[source * steps + step]
        }
    }

    /// Removes all rows and keeps their room.
    mutating func removeAll() {
        names.removeAll(keepingCapacity: true)
        cells.removeAll(keepingCapacity: true)
        histograms = [:]
    }

    /// Each row's first cell at every one of `count` steps.
    func repeated(_ count: Int) -> VectorColumns {
        guard steps == 1, count != 1 else { return self }
        var result = VectorColumns(steps: count)
        result.reserve(rows: rows)
        for row in 0..<rows {
            let base = result.cells.count
            result.names.append(names[row])
            result.cells.append(contentsOf: repeatElement(cells[row], count: count))
            guard let histogram = histograms[row] else { continue }
            for step in 0..<count { result.histograms[base + step] = histogram }
        }
        return result
    }

    /// Whether the row has no sample at any step.
    func isEmpty(row: Int) -> Bool {
        let cells = cells.span
        for index in range(of: row) where !Cell.isAbsent(cells[index]) { return false }
        return true
    }

    /// Whether each row's labels come before those of the next.
    func isStrictlyOrdered(_ workers: Workers) -> Bool {
        // Where labels are not in a cache, comparing two takes as long as decoding some 32 samples.
        let pieces = workers.pieces(of: rows, work: 32 * rows)
        return workers.map(pieces.count) { piece in
            let names = names.span
            for row in pieces[piece] where row > 0 && !(names[row - 1].labels < names[row].labels) {
                return false
            }
            return true
        }.allSatisfy { $0 }
    }
}

/// The value of a node at all steps.
enum Operand {
    case scalar([Double])
    case string(StringLiteral)
    case vector(VectorColumns)
}

extension VectorColumns {
    mutating func removeLastRow() {
        guard rows > 0 else { return }
        let base = (rows - 1) * steps
        if !histograms.isEmpty {
            for index in base..<base + steps where Cell.isHistogram(cells[index]) { histograms[index] = nil }
        }
        names.removeLast()
        cells.removeLast(steps)
    }
}
