import Journal
import Synchronization

/// What the log says once so far of tables, their columns and single series, to which all records behind refer by number, and of
/// deletions: damage to the one frame that has them would cost each of those, or bring deleted samples back. They are said
/// again where no page of the disk has both; a reader takes no notice of what it knows.
struct LoneDefinitions: Sendable {
    enum Content: Hashable, Sendable {
        /// Columns of a table; from the first on, the table itself.
        case columns(table: UInt32, Range<Int>)
        case series(Range<UInt32>)
        case deletion(Tombstone)
    }

    private struct Entry: Sendable {
        var content: Content
        var sequence: UInt64
        /// Where the log ended once it had the record.
        var end: LogEnd?
    }

    /// Bytes between the end of the frame that has them and what says them again.
    private static let distance = 4096
    private static let mostSeries: UInt32 = 1000

    /// In the order of the log.
    private var entries: ArraySlice<Entry> = []

    var isEmpty: Bool { entries.isEmpty }

    /// Notes what the log was just told.
    /// - Parameter sequence: of the record, or of one behind it.
    mutating func note(_ content: Content, at sequence: UInt64) {
        guard case .series(let numbers) = content else {
            entries.append(Entry(content: content, sequence: sequence))
            return
        }
        var rest = numbers
        if case .series(let before) = entries.last?.content, entries.last?.end == nil,
            before.upperBound == rest.lowerBound, before.count < Self.mostSeries
        {
            let end = min(rest.upperBound, before.lowerBound + Self.mostSeries)
            entries[entries.endIndex - 1].content = .series(before.lowerBound..<end)
            entries[entries.endIndex - 1].sequence = sequence
            rest = end..<rest.upperBound
        }
        while !rest.isEmpty {
            let end = min(rest.upperBound, rest.lowerBound + Self.mostSeries)
            entries.append(Entry(content: .series(rest.lowerBound..<end), sequence: sequence))
            rest = end..<rest.upperBound
        }
    }

    /// Notes up to where the log is in its files.
    mutating func place(_ written: (sequence: UInt64, end: LogEnd)) {
        for index in entries.indices.reversed() {
            guard entries[index].end == nil else { break }
            if entries[index].sequence <= written.sequence { entries[index].end = written.end }
        }
    }

    /// The first that may be said again in a log that ends here.
    func due(_ end: LogEnd) -> Content? {
        guard let entry = entries.first, let own = entry.end else { return nil }
        let isFar = end.number > own.number || end.length >= own.length + Self.distance
        return isFar ? entry.content : nil
    }

    mutating func removeFirst() {
        entries.removeFirst()
        if entries.isEmpty { entries = [] }
    }

    /// Notes that the log says columns again.
    mutating func remove(_ columns: Range<Int>, of table: UInt32) {
        let content = Content.columns(table: table, columns)
        if let index = entries.firstIndex(where: { $0.content == content }) { entries.remove(at: index) }
    }

    /// Notes that the log says a series again, and those before it that are still there.
    mutating func remove(series number: UInt32) {
        while let index = entries.firstIndex(where: { $0.content.isOfSeries }),
            case .series(let numbers) = entries[index].content, numbers.lowerBound <= number
        {
            guard numbers.upperBound <= number + 1 else {
                entries[index].content = .series(number + 1..<numbers.upperBound)
                return
            }
            entries.remove(at: index)
        }
    }

    /// Notes that the log says a deletion again.
    mutating func remove(_ tombstone: Tombstone) {
        if let index = entries.firstIndex(where: { $0.content == .deletion(tombstone) }) {
            entries.remove(at: index)
        }
    }

    /// Forgets what a snapshot has.
    mutating func removeAll(through sequence: UInt64) {
        entries.removeAll { $0.sequence <= sequence }
        if entries.isEmpty { entries = [] }
    }
}

extension LoneDefinitions.Content {
    fileprivate var isOfSeries: Bool { if case .series = self { true } else { false } }
}

extension Head {
    /// Definitions as the log had them first, of what is still there.
    fileprivate func records(_ content: LoneDefinitions.Content) -> [[UInt8]] {
        switch content {
        case .columns(let number, let range):
            guard hasTable(number), let table = tables[Int(number)] else { return [] }
            let columns = Array(table.layout.columns[range])
            return [
                range.lowerBound == 0
                    ? StoreRecord.table(number, table.target, columns)
                    : StoreRecord.columns(number, width: range.lowerBound, columns)
            ]
        case .series(let numbers):
            return numbers.filter { loose.has($0) }.map { StoreRecord.series($0, loose.labels($0)) }
        case .deletion(let tombstone):
            // Behind the cleaning it would be another one.
            let isDone =
                !tombstones.contains(tombstone) && !waitingDeletions.contains { $0.tombstone == tombstone }
            return isDone ? [] : [DeletionRecord.tombstone(tombstone)]
        }
    }
}

extension Store {
    /// Bytes of definitions that one commit says again.
    private static let mostRepeatedBytes = 1 << 20

    /// Tells the log once more what it says once so far, where that is far enough.
    /// - Parameter written: up to where it is in its files.
    func repeatDefinitions(in written: (sequence: UInt64, end: LogEnd)?, _ head: inout Head) {
        guard let written, !head.lone.isEmpty else { return }
        head.lone.place(written)
        var byteCount = 0
        while byteCount < Store.mostRepeatedBytes, let content = head.lone.due(written.end) {
            let records = head.records(content)
            // One that is full takes them later.
            guard (try? log.append(records)) != nil else { return }
            head.lone.removeFirst()
            byteCount += records.reduce(0) { $0 + $1.count }
        }
    }
}
