import TimeSeries

extension LooseSeries {
    /// Parts before this one do not change any more.
    var finalCount: Int { parts.prefix { $0.rowCount >= LooseSeries.mergedRows }.count }

    /// Notes that a part and all before it are in chunk files.
    mutating func markPersisted(through last: Part) {
        let index = parts.prefix(finalCount).lastIndex {
            $0.first == last.first && $0.last == last.last && $0.rowCount == last.rowCount
        }
        markPersisted((index ?? -1) + 1)
    }
}
