import Synchronization
import TimeSeries

/// A vector of which workers evaluate rows in any order: each row is put where it belongs, so that none is moved again
/// once all are there.
final class PlacedRows: Sendable {
    private struct Rows {
        var vector: VectorColumns
        var isPresent: [Bool]
    }

    private let rows: Mutex<Rows>

    /// - Parameter count: rows that there may be; room is taken for all of them.
    init(_ count: Int, steps: Int) {
        let vector = VectorColumns(
            steps: steps, names: [SeriesName](repeating: SeriesName(labels: .empty), count: count),
            cells: [Double](repeating: Cell.absent, count: count * steps))
        rows = Mutex(Rows(vector: vector, isPresent: [Bool](repeating: false, count: count)))
    }

    /// Puts each row at a place of its own.
    func put(_ vector: VectorColumns, at places: [Int]) {
        rows.withLock { rows in
            for (row, place) in places.enumerated() {
                rows.vector.setRow(place, copying: row, of: vector)
                rows.isPresent[place] = true
            }
        }
    }

    /// The rows that were put, in the order of their places.
    func take() -> VectorColumns {
        rows.withLock { rows in
            let vector = rows.vector
            rows.vector = VectorColumns(steps: vector.steps)
            guard rows.isPresent.contains(false) else { return vector }
            var result = VectorColumns(steps: vector.steps)
            result.reserve(rows: rows.isPresent.count { $0 })
            for (place, isPresent) in rows.isPresent.enumerated() where isPresent {
                result.appendRow(vector.names[place], copying: place, of: vector)
            }
            return result
        }
    }
}
