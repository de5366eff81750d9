import TimeSeries

extension LooseGroup {
    /// Rows of a part of which others follow: so many that the column of times and the headers are little beside one series.
    private static let condensedRows = 1024

    /// Puts samples that are in no file into as few parts as their times allow: those in tails, late ones and those of short
    /// parts, of all parts where `isWhole`. Damaged parts stay as they are, and so does the group then.
    mutating func condense(isWhole: Bool, _ encoder: inout LooseEncoder) {
        let first = isWhole ? persisted : max(persisted, finalCount)
        var open = self
        open.parts = Array(parts[first...])
        guard !open.isCondensed, open.parts.allSatisfy(\.isIntact) else { return }
        var columns = [SampleColumns](repeating: SampleColumns(), count: LooseGroup.width)
        for slice in open.read(members, in: Head.times) {
            let histograms = open.histograms(slice.slot, slice.times)
            for (row, time) in slice.times.milliseconds.enumerated() {
                columns[slice.slot].append(time, slice.values[row], histograms?[row])
            }
        }
        let pieces = columns.map { max(1, $0.times.count / Self.condensedRows) }
        var condensed: [LoosePart] = []
        for piece in 0..<(pieces.max() ?? 0) {
            var part = columns.indices.map { columns[$0].piece(piece, of: pieces[$0]) }
            condensed += encoder.parts(of: &part)
        }
        emptyTail(members)
        late = []
        histograms = [:]
        parts = parts[..<first] + condensed.sorted { $0.rowCount > $1.rowCount }
    }

    private var isCondensed: Bool {
        late.isEmpty && parts.count <= 1 && (0..<LooseGroup.width).allSatisfy { counts[$0] == 0 }
    }
}

extension SampleColumns {
    /// One of so many pieces of about equal length; empty where there are fewer.
    fileprivate func piece(_ number: Int, of count: Int) -> SampleColumns {
        guard number < count else { return SampleColumns() }
        let rows = number * times.count / count..<(number + 1) * times.count / count
        return SampleColumns(
            times: Array(times[rows]), values: Array(values[rows]),
            histograms: histograms.isEmpty ? [] : Array(histograms[rows]))
    }
}
