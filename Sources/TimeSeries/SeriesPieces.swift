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

        package var sampleCount: Int { series.sampleCount }
    }

    /// How many pieces there are.
    package let count: Int
    /// How many series they have together, at most; ranks are below it, and no two series have the same.
    package let seriesCount: Int
    /// How many samples they have together, at most.
    package let sampleCount: Int
    /// What it takes to read all of them, in samples that could be decoded meanwhile.
    package let work: Int
    private let body: @Sendable (Int, inout SampleRoom) -> Piece

    /// - Parameter body: reads the piece of a number; the same each time, on any thread.
    package init(
        count: Int, seriesCount: Int, sampleCount: Int, work: Int,
        _ body: @escaping @Sendable (Int, inout SampleRoom) -> Piece
    ) {
        self.count = count
        self.seriesCount = seriesCount
        self.sampleCount = sampleCount
        self.work = work
        self.body = body
    }

    /// Reads a piece into room that earlier ones gave back.
    package func read(_ number: Int, _ room: inout SampleRoom) -> Piece { body(number, &room) }
}

/// Lists of samples that are used again for the next piece: they are in the cache of the core already, and threads
/// that read at once do not wait for each other's `malloc`.
package struct SampleRoom: Sendable {
    private var spare: [[Double]] = []

    package init() {}

    /// An empty list.
    package mutating func take() -> [Double] { spare.popLast() ?? [] }

    /// Takes the samples of series that nobody else holds on to.
    package mutating func reuse(_ series: inout [SeriesColumns]) {
        for index in series.indices {
            var values: [Double] = []
            swap(&values, &series[index].values)
            values.removeAll(keepingCapacity: true)
            spare.append(values)
        }
        series.removeAll()
    }
}

/// What a source answers to a selection.
package enum SelectedSeries: Sendable {
    /// All series, ordered by labels.
    case series([SeriesColumns])
    case pieces(SeriesPieces)
}
