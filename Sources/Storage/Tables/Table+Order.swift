import TimeSeries

/// A table that goes on under another owner, whose columns are not the same or in another order: what a restart makes of
/// each target of which a line comes or goes.
extension Table {
    /// Columns that a table may have beside those of its new owner, at least.
    private static let mostUnused = 1000
    /// No scrape that failed has more columns; the others may come with the next one.
    private static let mostOfFailed = 16

    /// Makes it one for these columns, where most of them are its own. Those that it lacks are `missing` then.
    /// - Parameter sharingLess: where any is.
    mutating func takeUp(_ columns: [Labels], sharingLess: Bool = false) -> Bool {
        let (order, missing) = order(of: columns)
        let unused = width - (columns.count - missing.count)
        let sharesMost =
            2 * missing.count <= columns.count
            && (columns.count <= Table.mostOfFailed || unused <= max(Table.mostUnused, columns.count))
        guard sharesMost || sharingLess && missing.count < columns.count else { return false }
        self.order = order
        self.missing = missing
        return true
    }

    /// Gives it back.
    mutating func close() {
        isOpen = false
        order = nil
        missing = []
    }

    /// Adds columns of the owner to those that it has. How many of them it lacks.
    mutating func addToOrder(_ columns: [Labels]) -> Int {
        let (added, lacking) = order(of: columns)
        order? += added
        missing += lacking
        return lacking.count
    }

    /// Takes back the last columns that were added to the order.
    mutating func removeFromOrder(_ count: Int, lacking: Int) {
        order?.removeLast(count)
        missing.removeLast(lacking)
    }

    /// Notes that the missing columns are its last ones now.
    mutating func placeMissing() {
        guard var order else { return }
        var next = UInt32(width - missing.count)
        for index in order.indices where order[index] == .max {
            order[index] = next
            next += 1
        }
        missing = []
        let isSame = order.count == width && order.indices.allSatisfy { order[$0] == UInt32($0) }
        self.order = isSame ? nil : order
    }

    private func order(of columns: [Labels]) -> (order: [UInt32], missing: [Labels]) {
        var places: [Labels: UInt32] = [:]
        places.reserveCapacity(width)
        for (place, labels) in layout.columns.enumerated() { places[labels] = UInt32(place) }
        let order = columns.map { places[$0] ?? .max }
        return (order, zip(columns, order).filter { $0.1 == .max }.map(\.0))
    }
}

extension [UInt32] {
    /// A row of a table's owner as one of the table; how many of its samples the table has no column for.
    func arrange(_ row: [Double], width: Int) -> (row: [Double], lost: Int) {
        var arranged = Array<Double>(repeating: Marker.absent, count: width)
        var lost = 0
        for (cell, place) in zip(row, self) {
            if place < width {
                arranged[Int(place)] = cell
            } else if !Marker.isAbsent(cell) {
                lost += 1
            }
        }
        return (arranged, lost)
    }
}
