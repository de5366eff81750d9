/// The raw rows of a table: the newest as it is, of each older one only what the row behind it changed. From one scrape to
/// the next four cells in five of a machine stay as they are, so that a tail takes a fifth of its rows; where all change, a
/// thirtieth more. A reader's copy costs the writer one row.
struct TailRows: Sendable {
    /// Kept where there is no row, for the next one.
    private var newest: [Double]
    /// Of each row but the newest, oldest first.
    private var older: [RowDifferences] = []
    private let width: Int
    private(set) var count = 0
    /// Cells with a sample.
    private(set) var sampleCount = 0
    /// Whether no row lacks any cell.
    var isFull: Bool { sampleCount == count * width }

    init(width: Int) {
        self.width = width
        newest = [Double](repeating: 0, count: width)
    }

    /// Rows one behind the other.
    init(_ cells: [Double], width: Int) {
        self.init(width: width)
        guard width > 0 else { return }
        for start in stride(from: 0, to: cells.count, by: width) {
            append(Array(cells[start..<start + width]))
        }
    }

    subscript(row: Int, column: Int) -> Double {
        var value = newest[column]
        for row in (row..<count - 1).reversed() { value = older[row].value(column) ?? value }
        return value
    }

    subscript(row: Int) -> [Double] {
        var cells = newest
        for row in (row..<count - 1).reversed() { older[row].restore(&cells) }
        return cells
    }

    /// All rows, one behind the other.
    var cells: [Double] {
        var cells = [Double](repeating: 0, count: count * width)
        var row = newest
        for number in (0..<count).reversed() {
            if number < older.count { older[number].restore(&row) }
            cells.replaceSubrange(number * width..<(number + 1) * width, with: row)
        }
        return cells
    }

    var byteCount: Int { older.reduce(8 * newest.count) { $0 + $1.byteCount } }

    mutating func append(_ row: [Double]) {
        if count > 0 { older.append(RowDifferences(newest.span, next: row.span)) }
        // Into room of its own: the caller uses that of the row again.
        var samples = 0
        var cells = newest.mutableSpan
        for column in row.indices {
            cells[column] = row[column]
            samples &+= isAbsent(row[column]) ? 0 : 1
        }
        sampleCount += samples
        count += 1
    }

    mutating func removeAll() {
        older.removeAll(keepingCapacity: true)
        count = 0
        sampleCount = 0
    }

    /// Calls `body` with the newest row, empty where there is none. Nothing of it may be kept: the next row would copy it.
    func withLast<Result>(_ body: (Span<Double>) -> Result) -> Result {
        body(newest.span.extracting(0..<(count > 0 ? width : 0)))
    }

    /// Appends the cells of a column in some rows; whether any is absent.
    func append(_ column: Int, _ rows: Range<Int>, to values: inout [Double]) -> Bool {
        guard !rows.isEmpty else { return false }
        let older = older.span
        let end = values.count + rows.count
        var value = self[rows.upperBound - 1, column]
        values.append(contentsOf: repeatElement(value, count: rows.count))
        var cells = values.mutableSpan
        var hasAbsent = isAbsent(value)
        for back in 1..<rows.count {
            if let other = older[rows.upperBound - 1 - back].value(column) {
                value = other
                hasAbsent = hasAbsent || isAbsent(value)
            }
            cells[end - 1 - back] = value
        }
        return hasAbsent
    }

    /// Columns one behind the other.
    func transposed() -> [Double] {
        var columns: [Double] = []
        columns.reserveCapacity(count * width)
        for cell in newest { columns.append(contentsOf: repeatElement(cell, count: count)) }
        // What a row had where the next one differs, all rows before had too, until they say otherwise.
        for row in older.indices.reversed() { older[row].fill(&columns, stride: count, count: row + 1) }
        return columns
    }
}
