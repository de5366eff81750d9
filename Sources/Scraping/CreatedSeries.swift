import Exposition
import TimeSeries

/// Which columns of a table say when the counters of others started: the `_created` lines of OpenMetrics.
struct CreatedSeries: Sendable {
    private struct Pair: Sendable {
        var created: Int
        var columns: [Int]
        /// What was said last; nil where nothing was.
        var last: UInt64?
    }

    private var pairs: [Pair] = []
    /// The lines that the pairs were found in.
    private var text: [UInt8]?

    private static let created = Array("_created".utf8)

    /// Finds the pairs anew where the lines are not those of before.
    mutating func update(_ layout: LineLayout) {
        guard text != layout.text else { return }
        let known = Dictionary(pairs.map { ($0.created, $0.last) }) { first, _ in first }
        text = layout.text
        pairs = CreatedSeries.pairs(layout)
        for index in pairs.indices {
            pairs[index].last = known[pairs[index].created] ?? nil
        }
    }

    /// What a row says that was not said before.
    mutating func news(_ row: [Double]) -> [ColumnStart] {
        var news: [ColumnStart] = []
        for index in pairs.indices where pairs[index].created < row.count {
            let value = row[pairs[index].created]
            if Marker.isAbsent(value) || pairs[index].last == value.bitPattern { continue }
            pairs[index].last = value.bitPattern
            let start = value > 0 ? Timestamp(seconds: value) : nil
            news += pairs[index].columns.map { ColumnStart(column: $0, start: start) }
        }
        return news
    }

    private static func pairs(_ layout: LineLayout) -> [Pair] {
        let lines = (0..<layout.count).filter { layout.destinations[$0] >= 0 }
        let source = layout.text
        func labels(_ line: Int) -> Labels? {
            let series = Array(source[layout.seriesRange(line)])
            return try? ExpositionReader.labels(series.span, ofSeriesAt: 0)
        }
        var numbers: [Labels: Int] = [:]
        var pairs: [Pair] = []
        for line in lines where contains(created, source[layout.seriesRange(line)]) {
            guard let labels = labels(line), labels.metricName.hasSuffix("_created") else { continue }
            let family = String(labels.metricName.dropLast(created.count))
            numbers[labels.setting("__name__", to: family)] = pairs.count
            pairs.append(Pair(created: Int(layout.destinations[line]), columns: [], last: nil))
        }
        guard !pairs.isEmpty else { return [] }
        for line in lines {
            guard let labels = labels(line) else { continue }
            let name = labels.metricName
            let suffix = ["_total", "_bucket", "_count", "_sum"].first(where: name.hasSuffix) ?? ""
            let family = labels.setting("__name__", to: String(name.dropLast(suffix.count)))
            let key = suffix == "_bucket" ? family.removing(["le"]) : family
            if let pair = numbers[key] ?? numbers[key.removing(["quantile"])] {
                pairs[pair].columns.append(Int(layout.destinations[line]))
            }
        }
        return pairs
    }

    private static func contains(_ word: [UInt8], _ text: ArraySlice<UInt8>) -> Bool {
        guard text.count >= word.count else { return false }
        for start in text.startIndex...(text.endIndex - word.count)
        where text[start] == word[0] && text[start..<start + word.count].elementsEqual(word) {
            return true
        }
        return false
    }
}
