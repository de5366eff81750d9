/// The cells of a row that are not those of the row behind it.
struct RowDifferences: Sendable {
    /// For each 64 cells a word with a bit for each that differs, and one with how many of the words before do; behind
    /// these the values, in the order of their columns.
    private let words: [UInt64]
    private let blocks: Int

    /// - Parameters: two rows of as many cells.
    init(_ row: Span<Double>, next: Span<Double>) {
        blocks = (row.count + 63) / 64
        var index = [UInt64](repeating: 0, count: 2 * blocks)
        var differing = 0
        for block in 0..<blocks {
            let start = 64 * block
            var bits: UInt64 = 0
            for column in start..<min(start + 64, row.count) {
                let differs: UInt64 = row[column].bitPattern == next[column].bitPattern ? 0 : 1
                bits |= differs &<< UInt64(truncatingIfNeeded: column &- start)
            }
            index[2 * block] = bits
            index[2 * block + 1] = UInt64(differing)
            differing += bits.nonzeroBitCount
        }
        var words: [UInt64] = []
        words.reserveCapacity(2 * blocks + differing)
        words += index
        for block in 0..<blocks {
            var bits = index[2 * block]
            while bits != 0 {
                words.append(row[64 * block + bits.trailingZeroBitCount].bitPattern)
                bits &= bits - 1
            }
        }
        self.words = words
    }

    var byteCount: Int { 8 * words.count }

    /// The cell where it differs.
    @inline(__always)
    func value(_ column: Int) -> Double? {
        let words = words.span
        let block = column >> 6
        let bits = words[2 * block]
        let bit: UInt64 = 1 &<< UInt64(truncatingIfNeeded: column & 63)
        guard bits & bit != 0 else { return nil }
        let place = Int(words[2 * block + 1]) + (bits & (bit &- 1)).nonzeroBitCount
        return Double(bitPattern: words[2 * blocks + place])
    }

    /// Makes the row of the one behind it.
    func restore(_ row: inout [Double]) {
        fill(&row, stride: 1, count: 1)
    }

    /// Writes each value into so many cells from the start of its column on, columns being `stride` cells long.
    func fill(_ columns: inout [Double], stride: Int, count: Int) {
        let words = words.span
        var cells = columns.mutableSpan
        var place = 2 * blocks
        for block in 0..<blocks {
            var bits = words[2 * block]
            while bits != 0 {
                let value = Double(bitPattern: words[place])
                let start = (64 * block + bits.trailingZeroBitCount) * stride
                for cell in start..<start + count { cells[cell] = value }
                place += 1
                bits &= bits - 1
            }
        }
    }
}
