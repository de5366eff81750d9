import TimeSeries

/// The ordered columns of a scrape and their index, shared by all targets whose lines are equal.
final class Layout: Sendable {
    let columns: [Labels]
    let index: LabelIndex
    /// Equal for equal columns in equal order.
    let hash: UInt64

    init(columns: [Labels], symbols: inout SymbolTable) {
        self.columns = columns
        var entries: [LabelIndex.Entry] = []
        entries.reserveCapacity(4 * columns.count)
        for (column, labels) in columns.enumerated() {
            let bytes = labels.bytes
            labels.forEachRange { name, value in
                entries.append(
                    LabelIndex.Entry(
                        name: symbols.intern(bytes, name), value: symbols.intern(bytes, value),
                        member: UInt32(column)))
            }
        }
        index = LabelIndex(entries, count: columns.count)
        hash = Layout.hash(columns)
    }

    /// An estimate of columns and index.
    var byteCount: Int { columns.reduce(0) { $0 + 2 * $1.bytes.count + 100 } }

    static func hash(_ columns: [Labels]) -> UInt64 {
        var hash = UInt64(columns.count)
        for column in columns {
            hash = (hash ^ column.processHash) &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash >> 31
        }
        return hash
    }
}
