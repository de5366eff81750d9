import TimeSeries

/// Selections that are read as they are evaluated.
extension Evaluator {
    /// Reads and evaluates piece by piece; rows come in the order of ranks.
    /// - Parameters:
    ///   - costOfSeries: what evaluating one takes, in samples that could be decoded meanwhile.
    ///   - evaluate: adds rows of some series to an empty part, and calls `found` with the number of the series of each.
    func evaluate(
        _ unread: SeriesPieces, _ costOfSeries: Int, _ grid: Grid,
        _ evaluate:
            @Sendable (
                _ series: [SeriesColumns], _ part: inout EvaluatedPart,
                _ found: (Int) throws(QueryError) -> Void
            ) throws(QueryError) -> Void
    ) throws(QueryError) -> VectorColumns {
        // What turns out to have no sample takes room all the same, until all are evaluated.
        try charge(unread.seriesCount * grid.count)
        let placed = PlacedRows(unread.seriesCount, steps: grid.count)
        let runs = workers.pieces(of: unread.count, work: unread.work + unread.seriesCount * costOfSeries)
        let interruption = interruption
        let parts = try workers.map(runs.count) { run throws(QueryError) in
            try EvaluatedPart.made(steps: grid.count, interruption) { part throws(QueryError) in
                var room = SampleRoom()
                var places: [Int] = []
                for number in runs[run] {
                    try interruption.check()
                    var piece = unread.read(number, &room)
                    part.samplesRead += piece.sampleCount
                    try evaluate(piece.series, &part) { row throws(QueryError) in
                        places.append(piece.ranks[row])
                    }
                    room.reuse(&piece.series)
                    placed.put(part.vector, at: places)
                    part.vector.removeAll()
                    places.removeAll(keepingCapacity: true)
                }
            }
        }
        for part in parts {
            annotations.add(part.annotations)
            samplesInPieces += part.samplesRead
        }
        let result = placed.take()
        release((unread.seriesCount - result.rows) * grid.count)
        return result
    }
}
