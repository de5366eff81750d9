/// Series in the order of their labels. Results of a query share most of their first labels, so it compares eight
/// bytes behind what all have in common, and the rest only where these are equal.
package enum LabelOrder {
    private struct Key {
        var head: UInt64
        var index: Int
    }

    /// The numbers of labels in their order; nil where they are in order already.
    package static func permutation(of labels: [Labels]) -> [Int]? {
        guard !isOrdered(labels.span) else { return nil }
        guard let texts = texts(labels.span) else {
            return labels.indices.sorted { labels[$0] == labels[$1] ? $0 < $1 : labels[$0] < labels[$1] }
        }
        let (bytes, starts) = (texts.bytes, texts.starts)
        let text = bytes.span
        let common = commonPrefix(text, starts.span)
        var keys: [Key] = []
        keys.reserveCapacity(labels.count)
        for index in labels.indices {
            let rest = starts[index] + common..<starts[index + 1]
            keys.append(Key(head: head(text, rest), index: index))
        }
        keys.sort { a, b in
            if a.head != b.head { return a.head < b.head }
            let order = Labels.compare(
                text, starts[a.index]..<starts[a.index + 1], text, starts[b.index]..<starts[b.index + 1])
            return order == 0 ? a.index < b.index : order < 0
        }
        return keys.map(\.index)
    }

    private static func isOrdered(_ labels: Span<Labels>) -> Bool {
        for index in labels.indices.dropFirst() where labels[index] < labels[index - 1] { return false }
        return true
    }

    /// Name and value of each pair with a zero behind, and one more zero: compared as bytes, they are in order. Nil
    /// where a text holds a zero itself. The last start is the end of all.
    private static func texts(_ labels: Span<Labels>) -> (bytes: [UInt8], starts: [Int])? {
        var size = 8
        for index in labels.indices { size += labels[index].bytes.count + 2 }
        var texts: [UInt8] = []
        var starts: [Int] = []
        texts.reserveCapacity(size)
        starts.reserveCapacity(labels.count + 1)
        for index in labels.indices {
            starts.append(texts.count)
            let bytes = labels[index].bytes
            guard Labels.appendTexts(bytes.span, to: &texts) else { return nil }
            texts.append(0)
        }
        starts.append(texts.count)
        return (texts, starts)
    }

    /// The first eight bytes of a text; what follows it does not count, or equal labels would change places.
    private static func head(_ text: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        var head: UInt64 = 0
        for index in range.lowerBound..<range.lowerBound + 8 {
            head = head << 8 | (index < range.upperBound ? UInt64(text[index]) : 0)
        }
        return head
    }

    /// How many bytes all texts begin with; never more than the shortest has.
    private static func commonPrefix(_ text: Span<UInt8>, _ starts: Span<Int>) -> Int {
        var common = starts[1] - starts[0]
        for index in 1..<starts.count - 1 {
            let start = starts[index]
            common = min(common, starts[index + 1] - start)
            var same = 0
            while same < common, text[starts[0] + same] == text[start + same] { same += 1 }
            common = same
        }
        return common
    }
}
