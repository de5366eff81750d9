import Synchronization
import TimeSeries

/// What is to be made of the rows of a table once its tail is full, or its parts add up: some milliseconds of encoding, for
/// which the table itself is not needed, so that others append and read meanwhile.
struct TableWork: Sendable {
    enum Kind: Sendable {
        case seal(times: [Int64], TailRows)
        /// The parts at the end, to become a final one or one of the middle size.
        case merge([SealedRows], isFinal: Bool)
    }

    let kind: Kind
    /// Of the table when this was due.
    let revision: UInt64

    func made() -> SealedRows {
        switch kind {
        case .seal(let times, let tail): SealedRows(times: times, columns: tail.transposed().span)
        case .merge(let parts, _): SealedRows.merged(parts[...])
        }
    }
}

extension Head {
    /// Does what is due to a table, for somebody who has the head to himself.
    mutating func finishWork(of table: UInt32) {
        while let due = tables[Int(table)]?.work, tables[Int(table)]?.finish(due, due.made()) == true {}
    }
}

extension Store {
    /// Does what is due to a table without holding up anybody who appends or reads.
    func finish(_ work: TableWork?, of table: UInt32) {
        var work = work
        while let due = work {
            let made = due.made()
            // Where the table has changed meanwhile, its next row finds the same work again.
            work = head.withLock { head in
                guard head.tables[Int(table)]?.finish(due, made) == true else { return nil }
                return head.tables[Int(table)]?.work
            }
        }
    }
}
