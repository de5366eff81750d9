import Codecs
import TimeSeries

/// Series in the order of their labels. Results of a query share most of their first labels, so it compares eight
/// bytes behind what all have in common, and the rest only where these are equal.
enum LabelOrder {
    private struct Key {
        var head: UInt64
        var index: Int
    }

    static func sorted(_ series: [SeriesColumns]) -> [SeriesColumns] {
        guard series.count > 1 else { return series }
        // Texts end with a zero here, so one that holds a zero itself needs the long way.
        if series.contains(where: { $0.labels.bytes.contains(0) }) {
            return series.sorted { $0.labels < $1.labels }
        }
        var texts: [UInt8] = []
        var starts: [Int] = []
        texts.reserveCapacity(series.reduce(16) { $0 + $1.labels.bytes.count + 16 })
        starts.reserveCapacity(series.count)
        for element in series {
            starts.append(texts.count)
            append(element.labels, to: &texts)
        }
        let common = commonPrefix(texts.span, starts)
        texts.append(contentsOf: [0, 0, 0, 0, 0, 0, 0, 0])
        let text = texts.span
        var keys: [Key] = []
        keys.reserveCapacity(series.count)
        for (index, start) in starts.enumerated() {
            keys.append(Key(head: text.bigEndian64(at: min(start + common, text.count - 8)), index: index))
        }
        keys.sort { a, b in
            a.head != b.head ? a.head < b.head : series[a.index].labels < series[b.index].labels
        }
        return keys.map { series[$0.index] }
    }

    /// Name and value of each pair with a zero behind, and one more zero: compared as bytes, they are in order.
    private static func append(_ labels: Labels, to texts: inout [UInt8]) {
        let bytes = labels.bytes.span
        var cursor = ByteCursor(count: bytes.count)
        while let length = try? cursor.length(bytes), let range = try? cursor.take(length) {
            texts.append(bytes, range)
            texts.append(0)
        }
        texts.append(0)
    }

    private static func commonPrefix(_ texts: Span<UInt8>, _ starts: [Int]) -> Int {
        var common = starts[1] - starts[0]
        for (index, start) in starts.enumerated().dropFirst() {
            let end = index + 1 < starts.count ? starts[index + 1] : texts.count
            common = min(common, end - start)
            var same = 0
            while same < common, texts[starts[0] + same] == texts[start + same] { same += 1 }
            common = same
        }
        return common
    }
}
