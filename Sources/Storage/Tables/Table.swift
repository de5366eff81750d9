import TimeSeries

/// The samples of one target: all columns of a scrape share its time. Rows are appended raw; every
/// `tailRows` of them are sealed, and sealed parts are merged when they add up to `mergedRows`.
struct Table: Sendable {
    static let tailRows = 16
    static let mergedRows = 240

    let target: Labels
    var layout: Layout
    /// The target's labels as an index knows them.
    var targetSymbols: [(name: SymbolTable.Symbol, value: SymbolTable.Symbol)] = []
    var isOpen = true
    /// Oldest first; times ascend over all of them.
    private(set) var sealed: [SealedRows] = []
    private(set) var tailTimes: [Int64] = []
    /// Row after row, each as wide as the layout was when the tail began or was widened.
    private(set) var tail: [Double] = []
    /// Rows since the table was made; in the log, it tells whether a row before is missing.
    var appendedRows: UInt64 = 0
    /// Sealed parts before this one are in a chunk file already.
    private(set) var persisted = 0
    var rollups = RollupSet()
    /// Of columns whose counters say when they started.
    var starts: [UInt32: StartTimes] = [:]

    init(target: Labels, layout: Layout) {
        self.target = target
        self.layout = layout
    }

    var width: Int { layout.columns.count }
    var shape: (width: Int, lastTime: Int64?, appendedRows: UInt64) { (width, lastTime, appendedRows) }
    var lastTime: Int64? { tailTimes.last ?? sealed.last?.last }
    var firstTime: Int64? { sealed.first?.first ?? tailTimes.first }
    var isEmpty: Bool { sealed.isEmpty && tailTimes.isEmpty && rollups.isEmpty }
    var tailByteCount: Int { 8 * (tail.count + tailTimes.count) }
    var sealedByteCount: Int {
        sealed.reduce(0) { $0 + $1.bytes.count + 8 * $1.rowCount + 4 * $1.ends.count }
    }

    /// Takes a wider layout, whose first columns are those of the present one.
    mutating func extend(to layout: Layout) {
        let old = width
        self.layout = layout
        guard !tailTimes.isEmpty, width > old else { return }
        var wider: [Double] = []
        wider.reserveCapacity(Table.tailRows * width)
        for row in tailTimes.indices {
            wider += tail[row * old..<(row + 1) * old]
            wider += repeatElement(Marker.absent, count: width - old)
        }
        tail = wider
    }

    /// Appends a row that is newer than all others, `width` cells.
    mutating func append(at time: Int64, _ row: [Double]) {
        precondition(row.count == width, "a row of \(row.count) cells for \(width) columns")
        if tailTimes.isEmpty { tail.reserveCapacity(Table.tailRows * width) }
        tailTimes.append(time)
        tail += row
        appendedRows += 1
        if tailTimes.count == Table.tailRows { seal() }
    }

    /// The last row of the tail, which the next row is compared with in the log.
    var lastTailRow: ArraySlice<Double>? { tailTimes.isEmpty ? nil : tail[(tail.count - width)...] }

    /// The newest row, sealed or not.
    var lastRow: [Double]? {
        if let lastTailRow { return Array(lastTailRow) }
        return sealed.last.map { part in
            let row = part.row(part.rowCount - 1)
            return row + repeatElement(Marker.absent, count: width - row.count)
        }
    }

    private mutating func seal() {
        let columns = Table.transposed(tail, rows: tailTimes.count)
        sealed.append(SealedRows(times: tailTimes, columns: columns.span))
        tailTimes.removeAll(keepingCapacity: true)
        tail.removeAll(keepingCapacity: true)
        merge()
    }

    /// Rows one behind the other to columns one behind the other, a block of columns at a time for the cache's sake.
    private static func transposed(_ tail: [Double], rows: Int) -> [Double] {
        let width = tail.count / rows
        var columns = [Double](repeating: 0, count: tail.count)
        let source = tail.span
        var target = columns.mutableSpan
        for block in stride(from: 0, to: width, by: 8) {
            let end = min(width, block + 8)
            for row in 0..<rows {
                for column in block..<end { target[column * rows + row] = source[row * width + column] }
            }
        }
        return columns
    }

    /// Merges the short parts at the end when they have enough rows together.
    private mutating func merge() {
        var first = sealed.count
        var rows = 0
        while first > persisted, sealed[first - 1].rowCount < Table.mergedRows {
            first -= 1
            rows += sealed[first].rowCount
        }
        guard rows >= Table.mergedRows, sealed.count - first > 1 else { return }
        sealed.replaceSubrange(first..., with: [SealedRows.merged(sealed[first...])])
    }

    /// The cells of the row at exactly this time, or nil where there is none.
    func row(at time: Int64) -> [Double]? {
        if let row = tailTimes.lastIndex(of: time) { return Array(tail[row * width..<(row + 1) * width]) }
        guard let part = sealed.last(where: { $0.first <= time && time <= $0.last }),
            let row = part.times.milliseconds.firstIndex(of: time)
        else { return nil }
        let cells = part.row(row)
        return cells + repeatElement(Marker.absent, count: width - cells.count)
    }

    /// Drops parts that end before a time; returns how many there were.
    @discardableResult
    mutating func drop(before time: Int64) -> Int {
        let dropped = sealed.prefix { $0.last < time }.count
        if dropped > 0 { rollups.rawGone = max(rollups.rawGone, sealed[dropped - 1].last) }
        sealed.removeFirst(dropped)
        persisted = max(0, persisted - dropped)
        if sealed.isEmpty, let last = tailTimes.last, last < time {
            rollups.rawGone = max(rollups.rawGone, last)
            tailTimes = []
            tail = []
        }
        return dropped
    }

    /// Sealed parts before this one will not be merged any more.
    var finalCount: Int { sealed.prefix { $0.rowCount >= Table.mergedRows }.count }

    /// Notes that a part and all before it are in chunk files.
    mutating func markPersisted(through last: SealedRows) {
        persisted = (sealed.firstIndex { $0 === last } ?? -1) + 1
    }

    /// Puts back the raw rows of a snapshot.
    mutating func restore(tailTimes: [Int64], tail: [Double]) {
        self.tailTimes = tailTimes
        self.tail = tail
    }

    /// Puts back the sealed parts of a snapshot, the first ones of which are in chunk files.
    mutating func restore(sealed: [SealedRows], persisted: Int) {
        self.sealed = sealed
        self.persisted = persisted
    }
}
