import Codecs
import TimeSeries

/// Samples that were deleted and are still there: none of these series shows any in this range.
struct Tombstone: Hashable, Sendable {
    /// Never empty.
    var matchers: [Matcher]
    var range: ClosedRange<Int64>

    func covers(_ labels: Labels) -> Bool { matchers.allSatisfy { $0.matches(labels) } }

    /// Whether a bucket may hold samples of the range.
    func touches(_ bucket: RollupBucket) -> Bool {
        bucket.start < range.upperBound && range.lowerBound <= bucket.end
    }

    // MARK: - On disk

    /// From and until (signed), matchers: count, then operation (1), name and value of each.
    func encode(to bytes: inout [UInt8]) {
        bytes.append(signedVarint: range.lowerBound)
        bytes.append(signedVarint: range.upperBound)
        bytes.append(varint: UInt64(matchers.count))
        for matcher in matchers {
            bytes.append(UInt8(Tombstone.operations.firstIndex(of: matcher.operation)!))
            bytes.append(prefixed: matcher.name)
            bytes.append(prefixed: matcher.value)
        }
    }

    private static let operations: [Matcher.Operation] = [.equal, .notEqual, .regex, .notRegex]

    init(matchers: [Matcher], range: ClosedRange<Int64>) {
        self.matchers = matchers
        self.range = range
    }

    init(_ bytes: Span<UInt8>, _ cursor: inout ByteCursor) throws(CodecError) {
        let from = try cursor.signedVarint(bytes)
        let until = try cursor.signedVarint(bytes)
        guard from <= until else { throw .malformed("range of a deletion", at: cursor.position) }
        range = from...until
        matchers = []
        for _ in 0..<(try cursor.length(bytes)) {
            let operation = Int(try cursor.byte(bytes))
            let name = try cursor.text(bytes)
            let value = try cursor.text(bytes)
            guard Tombstone.operations.indices.contains(operation),
                let matcher = try? Matcher(name, Tombstone.operations[operation], value)
            else { throw .malformed("matcher of a deletion", at: cursor.position) }
            matchers.append(matcher)
        }
        guard !matchers.isEmpty else { throw .malformed("deletion of everything", at: cursor.position) }
    }
}

/// A deletion with the position in the log from which on it is durable.
struct WaitingDeletion: Sendable {
    var position: UInt64
    var tombstone: Tombstone
}

extension [Tombstone] {
    func ranges(_ labels: Labels) -> [ClosedRange<Int64>] { filter { $0.covers(labels) }.map(\.range) }

    /// Without what is deleted; series of which nothing is left are left out.
    func applied(to series: [SeriesColumns]) -> [SeriesColumns] {
        guard !isEmpty else { return series }
        return series.compactMap { columns in
            let stones = filter { $0.covers(columns.labels) }
            guard !stones.isEmpty else { return columns }
            let prefix = columns.rollups?.count ?? 0
            let kept = columns.values.indices.filter { row in
                row < prefix
                    ? !stones.contains { $0.touches(columns.rollups![row]) }
                    : !stones.contains { $0.range.contains(columns.times.milliseconds[row]) }
            }
            if kept.count == columns.values.count { return columns }
            return kept.isEmpty ? nil : columns.keeping(kept, prefix: prefix)
        }
    }
}

extension SeriesColumns {
    /// Only these rows; the first `prefix` rows are buckets.
    fileprivate func keeping(_ rows: [Int], prefix: Int) -> SeriesColumns {
        var result = SeriesColumns(
            labels: labels, times: TimeColumn(rows.map { times.milliseconds[$0] }),
            values: rows.map { values[$0] })
        result.startTimes = startTimes.map { starts in rows.map { starts[$0] } }
        let buckets = rows.prefix { $0 < prefix }.compactMap { rollups?[$0] }
        result.rollups = buckets.isEmpty ? nil : buckets
        if let histograms {
            result.histograms = [:]
            for (index, row) in rows.enumerated() { result.histograms![index] = histograms[row] }
        }
        return result
    }
}
