/// A selection whose series are not read yet: whoever wants them reads a piece at a time, on any thread, works on it
/// while it is in the cache of its core, and need not hold all of them at once.
package struct SeriesPieces: Sendable {
    /// Some of the series, each with its rank: its place among all of the selection in the order of their labels.
    package struct Piece: Sendable {
        package var series: [SeriesColumns]
        package var ranks: [Int]

        package init(series: [SeriesColumns], ranks: [Int]) {
            self.series = series
            self.ranks = ranks
        }
    }

    /// How many pieces there are.
    package let count: Int
    /// How many series they have together, at most; ranks are below it, and no two series have the same.
    package let seriesCount: Int
    /// How many samples they have together, at most.
    package let sampleCount: Int
    /// What it takes to read all of them, in samples that could be decoded meanwhile.
    package let work: Int
    private let body: @Sendable (Int) -> Piece

    /// - Parameter body: reads the piece of a number; the same each time, on any thread.
    package init(
        count: Int, seriesCount: Int, sampleCount: Int, work: Int,
        _ body: @escaping @Sendable (Int) -> Piece
    ) {
        self.count = count
        self.seriesCount = seriesCount
        self.sampleCount = sampleCount
        self.work = work
        self.body = body
    }

    package func read(_ number: Int) -> Piece { body(number) }
}

/// What a source answers to a selection.
package enum SelectedSeries: Sendable {
    /// All series, ordered by labels.
    case series([SeriesColumns])
    case pieces(SeriesPieces)
}
