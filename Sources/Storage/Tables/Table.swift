import TimeSeries

/// The samples of one target: all columns of a scrape share its time. Rows are appended raw; every
/// `tailRows` of them are sealed, and sealed parts are merged when they add up to `middleRows`, and again when they add
/// up to `mergedRows`: most rows of a table that is young, or between two merges, are in parts of the middle size, which
/// take half the bytes of the short ones and are read with a quarter of the work.
///
/// To merge all columns of a target takes some milliseconds in which nobody else can append. Of tables that begin
/// together the first merges are of several sizes, so that they do not all come at the same time, ever after.
struct Table: Sendable {
    static let tailRows = 16
    /// By how much the first tails of tables differ.
    private static let tailStep = 4
    static let middleRows = 64
    static let mergedRows = 240
    /// Parts of so many rows are not merged again.
    static let finalRows = 120
    /// Parts of fewer rows are as they were sealed.
    private static let shortRows = 32

    let target: Labels
    var layout: Layout
    /// The target's labels as an index knows them.
    var targetSymbols: [(name: SymbolTable.Symbol, value: SymbolTable.Symbol)] = []
    var isOpen = true
    /// Which column each of its owner's is, where it was taken up from one before with others or in another order;
    /// `UInt32.max` for those that it lacks. Nil where they are the same.
    var order: [UInt32]?
    /// Those that it lacks, in their order.
    var missing: [Labels] = []
    /// Columns whose series tables of the target before this one have too.
    var repeatedColumns = 0
    /// Oldest first; times ascend over all of them.
    private(set) var sealed: [SealedRows] = []
    private(set) var tailTimes: [Int64] = []
    private(set) var tail: TailRows
    /// How many rows the tail takes before it is sealed. The first tails of tables that begin together are of several
    /// lengths, so that not all of them are full, and sealed, at the same time.
    private var tailLimit = Table.tailRows
    /// How many rows the next merges wait for.
    private var middleLimit = Table.middleRows
    private var mergedLimit = Table.mergedRows
    /// Whether the tail was sealed since parts were merged.
    private var isMergeDue = false
    /// How often rows changed other than by appending and by what was due.
    private var revision: UInt64 = 0
    /// Rows since the table was made; in the log, it tells whether a row before is missing.
    var appendedRows: UInt64 = 0
    /// Whether the newest row lacks cells that the log told of in what is lost.
    var lacksCells = false
    /// Sealed parts before this one are in a chunk file already.
    private(set) var persisted = 0
    var rollups = RollupSet()
    /// Of columns whose counters say when they started.
    private(set) var starts: [UInt32: StartTimes] = [:]
    /// What these take.
    private(set) var startByteCount = 0

    /// - Parameter number: of the table, which chooses how long its first tail is.
    init(number: UInt32 = 0, target: Labels, layout: Layout) {
        self.target = target
        self.layout = layout
        tail = TailRows(width: layout.columns.count)
        tailLimit = Table.tailRows - Table.tailStep * Int(number & 3)
        middleLimit = Table.middleRows - Table.tailRows * Int((number >> 2) % 3)
        mergedLimit = Table.mergedRows - Table.tailRows * Int((number >> 2) % 8)
    }

    /// Changes what is known of the starts of a column.
    mutating func changeStarts(of column: UInt32, _ change: (inout StartTimes) -> Void) {
        startByteCount -= starts[column]?.byteCount ?? 0
        change(&starts[column, default: StartTimes()])
        startByteCount += starts[column]?.byteCount ?? 0
    }

    var width: Int { layout.columns.count }
    /// Its series, but for those that other tables have.
    var seriesCount: Int { width - repeatedColumns }
    var shape: (width: Int, order: [UInt32]?, lastTime: Int64?, appendedRows: UInt64) {
        (width, order, lastTime, appendedRows)
    }
    var lastTime: Int64? { tailTimes.last ?? sealed.last?.last }
    var firstTime: Int64? { sealed.first?.first ?? tailTimes.first }
    var isEmpty: Bool { sealed.isEmpty && tailTimes.isEmpty && rollups.isEmpty }
    var tailByteCount: Int { tail.byteCount + 8 * tailTimes.count }
    var sealedByteCount: Int {
        sealed.reduce(0) { $0 + $1.bytes.count + 8 * $1.rowCount + 4 * $1.ends.count }
    }

    /// Takes a wider layout, whose first columns are those of the present one.
    mutating func extend(to layout: Layout) {
        let old = width
        revision += 1
        self.layout = layout
        var wider = TailRows(width: width)
        let added = Array(repeating: Marker.absent, count: width - old)
        for row in tailTimes.indices { wider.append(tail[row] + added) }
        tail = wider
    }

    /// Appends a row that is newer than all others, `width` cells. What is due then is left to the caller.
    mutating func append(at time: Int64, _ row: [Double]) {
        precondition(row.count == width, "a row of \(row.count) cells for \(width) columns")
        tailTimes.append(time)
        tail.append(row)
        appendedRows += 1
    }

    /// The newest row, sealed or not.
    var lastRow: [Double]? {
        if tail.count > 0 { return tail[tail.count - 1] }
        return sealed.last.map { part in
            let row = part.row(part.rowCount - 1)
            return row + repeatElement(Marker.absent, count: width - row.count)
        }
    }

    /// What is due: sealing the tail once it is full; after that, merging the parts at the end that are not final yet when
    /// they have rows enough together, else those that have not been merged at all.
    var work: TableWork? {
        if tailTimes.count >= tailLimit {
            return TableWork(kind: .seal(times: tailTimes, tail), revision: revision)
        }
        guard isMergeDue else { return nil }
        let parts =
            mergeable(shorterThan: Table.finalRows, atLeast: mergedLimit).map { ($0, true) }
            ?? mergeable(shorterThan: Table.shortRows, atLeast: middleLimit).map { ($0, false) }
        return parts.map { TableWork(kind: .merge($0, isFinal: $1), revision: revision) }
    }

    /// Takes in what was made of work that was due, if the table is as it was then; whether it is.
    mutating func finish(_ work: TableWork, _ made: SealedRows) -> Bool {
        guard work.revision == revision else { return false }
        switch work.kind {
        case .seal(let times, _):
            guard tailTimes == times else { return false }
            sealed.append(made)
            tailTimes.removeAll(keepingCapacity: true)
            tail.removeAll()
            tailLimit = Table.tailRows
            isMergeDue = true
        case .merge(let parts, let isFinal):
            let first = sealed.count - parts.count
            // A snapshot may have put some of them into a file.
            guard first >= persisted, zip(sealed[first...], parts).allSatisfy({ $0 === $1 }) else {
                return false
            }
            sealed.replaceSubrange(first..., with: [made])
            middleLimit = Table.middleRows
            if isFinal { mergedLimit = Table.mergedRows }
            isMergeDue = false
        }
        return true
    }

    private func mergeable(shorterThan size: Int, atLeast limit: Int) -> [SealedRows]? {
        let (first, rows) = parts(shorterThan: size)
        return rows >= limit && sealed.count - first > 1 ? Array(sealed[first...]) : nil
    }

    /// The first of the parts at the end that are shorter than this and in no chunk file, and the rows of all of them.
    func parts(shorterThan size: Int) -> (first: Int, rows: Int) {
        var first = sealed.count
        var rows = 0
        while first > persisted, sealed[first - 1].rowCount < size {
            first -= 1
            rows += sealed[first].rowCount
        }
        return (first, rows)
    }

    /// The cells of the row at exactly this time, or nil where there is none.
    func row(at time: Int64) -> [Double]? {
        if let row = tailTimes.lastIndex(of: time) { return tail[row] }
        guard let part = sealed.last(where: { $0.first <= time && time <= $0.last }),
            let row = part.times.milliseconds.firstIndex(of: time)
        else { return nil }
        let cells = part.row(row)
        return cells + repeatElement(Marker.absent, count: width - cells.count)
    }

    /// Drops parts that end before a time; returns how many there were.
    @discardableResult
    mutating func drop(before time: Int64) -> Int {
        revision += 1
        let dropped = sealed.prefix { $0.last < time }.count
        if dropped > 0 { rollups.rawGone = max(rollups.rawGone, sealed[dropped - 1].last) }
        sealed.removeFirst(dropped)
        persisted = max(0, persisted - dropped)
        if sealed.isEmpty, let last = tailTimes.last, last < time {
            rollups.rawGone = max(rollups.rawGone, last)
            tailTimes = []
            tail.removeAll()
        }
        return dropped
    }

    /// Sealed parts before this one will not be merged any more.
    var finalCount: Int { sealed.prefix { $0.rowCount >= Table.finalRows }.count }

    /// Notes that a part and all before it are in chunk files.
    mutating func markPersisted(through last: SealedRows) {
        persisted = (sealed.firstIndex { $0 === last } ?? -1) + 1
    }

    /// Puts back the raw rows of a snapshot.
    mutating func restore(tailTimes: [Int64], tail: [Double]) {
        revision += 1
        self.tailTimes = tailTimes
        self.tail = TailRows(tail, width: width)
        tailLimit = Table.tailRows
    }

    /// Puts back the sealed parts of a snapshot, the first ones of which are in chunk files.
    mutating func restore(sealed: [SealedRows], persisted: Int) {
        revision += 1
        self.sealed = sealed
        self.persisted = persisted
    }
}
