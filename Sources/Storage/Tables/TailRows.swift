/// The raw rows of a table, in pages of a few rows: a tail that is half full takes half the room, pages of one table are
/// used again by the next, and a reader's copy costs the writer one page.
struct TailRows: Sendable {
    static let pageRows = 4

    private var pages: [[Double]] = []
    private let width: Int
    private(set) var count = 0
    /// Cells with a sample.
    private(set) var sampleCount = 0

    init(width: Int) { self.width = width }

    /// Rows one behind the other.
    init(_ cells: [Double], width: Int) {
        self.width = width
        guard width > 0 else { return }
        for start in stride(from: 0, to: cells.count, by: width) {
            append(Array(cells[start..<start + width]))
        }
    }

    @inline(__always)
    subscript(row: Int, column: Int) -> Double { pages[row >> 2][(row & 3) &* width &+ column] }

    subscript(row: Int) -> ArraySlice<Double> {
        let start = (row & 3) * width
        return pages[row >> 2][start..<start + width]
    }

    /// All rows, one behind the other.
    var cells: [Double] { Array(pages.joined()) }

    var byteCount: Int { pages.reduce(0) { $0 + 8 * $1.count } }

    mutating func append(_ row: [Double]) {
        if count & 3 == 0 {
            pages.append([])
            pages[pages.count - 1].reserveCapacity(TailRows.pageRows * width)
        }
        pages[pages.count - 1] += row
        count += 1
        for cell in row where !isAbsent(cell) { sampleCount &+= 1 }
    }

    /// Calls `body` with the cells of a row, where they stand.
    @inline(__always)
    func withRow(_ row: Int, _ body: (Span<Double>) -> Void) {
        let start = (row & 3) &* width
        let page = pages[row >> 2]
        body(page.span.extracting(start..<start &+ width))
    }

    /// Calls `body` with the newest row, empty where there is none. Nothing of it may be kept: the next row would copy
    /// a whole page.
    func withLast<Result>(_ body: (Span<Double>) -> Result) -> Result {
        let page = pages.last ?? []
        return body(page.span.extracting(max(0, page.count - width)..<page.count))
    }

    /// Columns one behind the other, a page and a block of columns at a time for the cache's sake.
    func transposed() -> [Double] {
        let rows = count
        var columns = [Double](repeating: 0, count: rows * width)
        var target = columns.mutableSpan
        for (number, page) in pages.enumerated() {
            let source = page.span
            let first = number * TailRows.pageRows
            let height = min(TailRows.pageRows, rows - first)
            for block in stride(from: 0, to: width, by: 8) {
                let end = min(width, block + 8)
                for row in 0..<height {
                    for column in block..<end {
                        target[column &* rows &+ first &+ row] = source[row &* width &+ column]
                    }
                }
            }
        }
        return columns
    }
}
