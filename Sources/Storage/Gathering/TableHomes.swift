import TimeSeries

/// Finds the tables that may go on with further samples of their series: the newest ones of each target.
struct TableHomes {
    private struct Home {
        let number: UInt32
        let target: Labels
        let names: [String]
        /// Rows behind it may be added.
        let end: Int64
        let columns: Set<Labels>
    }

    /// Tables of a target that are looked through.
    private static let mostTables = 32

    /// The numbers of closed tables by the labels that `Gathering` tells targets apart by.
    private let tables: [Labels: [UInt32]]
    /// Of the targets that were asked for, the newest first.
    private var homes: [Labels: [Home]] = [:]

    init(_ head: Head) {
        var tables: [Labels: [UInt32]] = [:]
        for case let (number, table?) in head.tables.enumerated() where !table.isOpen {
            tables[table.target.gatheringTarget, default: []].append(UInt32(number))
        }
        self.tables = tables
    }

    /// The newest table that has this series and ends before a time.
    mutating func home(of labels: Labels, before time: Int64, in head: Head) -> UInt32? {
        let target = labels.gatheringTarget
        guard let numbers = tables[target] else { return nil }
        if homes[target] == nil {
            homes[target] = numbers.suffix(Self.mostTables).reversed().compactMap { Self.home($0, head) }
        }
        return homes[target]?.first { home in
            home.end < time && labels.keeping(home.names) == home.target
                && home.columns.contains(labels.removing(home.names))
        }?.number
    }

    private static func home(_ number: UInt32, _ head: Head) -> Home? {
        head.tables[Int(number)].map { table in
            Home(
                number: number, target: table.target, names: table.target.pairs.map(\.name),
                end: table.end, columns: Set(table.layout.columns))
        }
    }
}

extension Labels {
    /// What tells one target from another in an import.
    var gatheringTarget: Labels { keeping(["job", "instance"]) }
}

extension Table {
    /// Before this nothing may be added: samples are there, were there, or are in windows.
    var end: Int64 { max(lastTime ?? .min, rollups.made, rollups.rawGone) }
}

extension Head {
    /// Adds a group to the table that has some of its series, as rows behind the others; those that it lacks become columns.
    /// Returns the members that have labels which the table's target contradicts, or all, where the table got newer rows meanwhile.
    mutating func continueTable(_ number: UInt32, with group: Gathering.Group) -> [UInt32] {
        guard let table = tables[Int(number)], table.end < group.times[0] else { return group.members }
        let names = table.target.pairs.map(\.name)
        var places: [Labels: Int] = [:]
        for (place, labels) in table.layout.columns.enumerated() { places[labels] = place }
        var members: [Int: UInt32] = [:]
        var added: [Labels] = []
        var left: [UInt32] = []
        for member in group.members.sorted() {
            let labels = loose.labels(member)
            guard labels.keeping(names) == table.target else {
                left.append(member)
                continue
            }
            let own = labels.removing(names)
            if places[own] == nil { added.append(own) }
            members[places[own] ?? table.width + added.count - 1] = member
        }
        if !added.isEmpty { extend(number, added) }
        let width = table.width + added.count
        let (short, first) = table.shortParts
        let rows = group.times.count
        let joined = short.isEmpty ? 0 : Self.joined(rows, behind: short.reduce(0) { $0 + $1.rowCount })
        func sealed(_ range: Range<Int>) -> [SealedRows] {
            guard !range.isEmpty else { return [] }
            return SealedRows.sealed(times: Array(group.times[range]), columnCount: width) { column, values in
                guard let member = members[column] else {
                    values.append(contentsOf: repeatElement(Marker.absent, count: range.count))
                    return
                }
                var all: [Double] = []
                loose.read(member, at: group.times, into: &all)
                values += all[range]
            }
        }
        var parts = short + sealed(0..<joined)
        if parts.count > 1 { parts = [SealedRows.merged(parts[...])] }
        parts += sealed(joined..<rows)
        tables[Int(number)]?.replaceShortParts(from: first, with: parts, rowsAdded: rows)
        for (column, member) in members {
            moveStarts(of: member, to: number, UInt32(column), from: group.times[0])
        }
        loose.remove(Array(members.values))
        return left
    }

    /// How many of some rows go into one part with those before them, so that all parts are of about equal length.
    private static func joined(_ count: Int, behind short: Int) -> Int {
        let all = short + count
        return min(count, max(0, all / max(1, all / Table.mergedRows) - short))
    }

    /// - Parameter time: of the first row with samples of it.
    private mutating func moveStarts(
        of member: UInt32, to table: UInt32, _ column: UInt32, from time: Int64
    ) {
        let starts = looseStarts.removeValue(forKey: loose.labels(member))
        guard starts != nil || tables[Int(table)]?.starts[column] != nil else { return }
        tables[Int(table)]?.changeStarts(of: column) { known in
            // What was known of the samples before says nothing of these.
            if starts == nil { known.note(0, at: time) }
            for change in starts?.changes ?? [] { known.note(change.start, at: change.time) }
        }
    }
}

extension Table {
    /// The short parts at the end that are in no chunk file, the tail sealed behind them, and the place of the first.
    fileprivate var shortParts: (parts: [SealedRows], first: Int) {
        let (first, _) = parts(shorterThan: Table.finalRows)
        let tail = tailTimes.isEmpty ? [] : [SealedRows(times: tailTimes, columns: tail.transposed().span)]
        return (Array(sealed[first...]) + tail, first)
    }

    /// Puts parts with further rows in the place of those from `first` on and of the tail.
    fileprivate mutating func replaceShortParts(from first: Int, with parts: [SealedRows], rowsAdded: Int) {
        restore(sealed: Array(sealed[..<first]) + parts, persisted: persisted)
        restore(tailTimes: [], tail: [])
        appendedRows += UInt64(rowsAdded)
    }
}
