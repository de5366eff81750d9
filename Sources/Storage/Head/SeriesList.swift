import TimeSeries

/// The series of tables that meet some matchers, with their labels and their order: what a query takes longer to find
/// than to read where it wants few samples of many series, and what is the same each time a dashboard asks.
final class SeriesList: Sendable {
    struct Slice: Sendable {
        var table: UInt32
        var columns: [UInt32]
        var labels: [Labels]
        /// The place of each series among all of the list.
        var ranks: [Int]
    }

    let slices: [Slice]
    let count: Int
    /// Whether no two series have the same labels.
    let isUnique: Bool
    /// Tables that may meet the matchers too but had no sample in the range, by number.
    let others: [UInt32]

    init(_ tables: [TableSlice], others: [UInt32]) {
        self.others = others
        let labels = tables.map { slice in
            slice.columns.indices.map { slice.labels(at: $0) }
        }
        let all = Array(labels.joined())
        count = all.count
        var ranks = Array(all.indices)
        var isUnique = true
        if let order = LabelOrder.permutation(of: all) {
            for (rank, index) in order.enumerated() { ranks[index] = rank }
            for rank in order.indices.dropFirst() where all[order[rank]] == all[order[rank - 1]] {
                isUnique = false
            }
        } else {
            isUnique = !zip(all, all.dropFirst()).contains { $0 == $1 }
        }
        self.isUnique = isUnique
        var slices: [Slice] = []
        slices.reserveCapacity(tables.count)
        var start = 0
        for (slice, labels) in zip(tables, labels) {
            slices.append(
                Slice(
                    table: slice.number, columns: slice.columns, labels: labels,
                    ranks: Array(ranks[start..<start + labels.count])))
            start += labels.count
        }
        self.slices = slices
    }
}

/// The lists that were made last. To be emptied whenever a table comes, goes, or gets or loses columns.
struct SeriesLists: Sendable {
    /// Series of all lists that are kept, about 250 bytes each, and of one of them.
    private static let capacity = 32_768
    private static let longest = 16_384
    private static let mostLists = 256

    private var lists: [[Matcher]: SeriesList] = [:]
    private var seriesCount = 0
    /// How often they were emptied: what was found before that is not to be kept.
    private(set) var generation: UInt64 = 0

    subscript(matchers: [Matcher]) -> SeriesList? { lists[matchers] }

    mutating func keep(_ list: SeriesList, for matchers: [Matcher], generation: UInt64) {
        guard generation == self.generation, list.count <= Self.longest,
            list.others.count <= ValueLists.mostOthers
        else { return }
        if seriesCount + list.count > Self.capacity || lists.count >= Self.mostLists { empty() }
        if let old = lists.updateValue(list, forKey: matchers) { seriesCount -= old.count }
        seriesCount += list.count
    }

    mutating func removeAll() {
        empty()
        generation += 1
    }

    private mutating func empty() {
        lists = [:]
        seriesCount = 0
    }
}

extension Head {
    /// To be called whenever a table comes, goes, or gets or loses columns or its oldest samples.
    mutating func forgetLists() {
        valueLists = ValueLists()
        seriesLists.removeAll()
    }
}
