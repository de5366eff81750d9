/// Ascending numbers of series. The operations of an index on them.
enum Postings {
    /// The numbers in both. Gallops through the longer list where it is much longer.
    static func intersect(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
        let (short, long) = a.count <= b.count ? (a, b) : (b, a)
        guard !short.isEmpty else { return [] }
        return short.count * 16 < long.count ? gallop(short.span, long.span) : merge(short.span, long.span)
    }

    private static func merge(_ a: Span<UInt32>, _ b: Span<UInt32>) -> [UInt32] {
        var result: [UInt32] = []
        var left = 0
        var right = 0
        while left < a.count, right < b.count {
            let x = a[left]
            let y = b[right]
            if x == y { result.append(x) }
            left += x <= y ? 1 : 0
            right += y <= x ? 1 : 0
        }
        return result
    }

    private static func gallop(_ short: Span<UInt32>, _ long: Span<UInt32>) -> [UInt32] {
        var result: [UInt32] = []
        var from = 0
        for index in 0..<short.count {
            let wanted = short[index]
            var step = 1
            while from + step < long.count, long[from + step] < wanted { step *= 2 }
            var low = from + step / 2
            var high = min(from + step + 1, long.count)
            while low < high {
                let middle = (low + high) / 2
                if long[middle] < wanted { low = middle + 1 } else { high = middle }
            }
            from = low
            guard from < long.count else { break }
            if long[from] == wanted { result.append(wanted) }
        }
        return result
    }

    /// The numbers in any of the lists.
    static func union(_ lists: [[UInt32]], universe: Int) -> [UInt32] {
        guard lists.count > 1 else { return lists.first ?? [] }
        var set = BitSet(count: universe)
        for list in lists { set.insert(list) }
        return set.elements
    }

    /// The numbers of `a` that are in none of the lists.
    static func subtract(_ lists: [[UInt32]], from a: [UInt32], universe: Int) -> [UInt32] {
        guard !lists.isEmpty, !a.isEmpty else { return a }
        var set = BitSet(count: universe)
        for list in lists { set.insert(list) }
        return a.filter { !set.contains($0) }
    }
}

/// A set of small numbers, a bit each.
struct BitSet: Sendable {
    private var words: [UInt64]

    init(count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

    mutating func insert(_ list: [UInt32]) {
        for number in list { words[Int(number >> 6)] |= 1 << UInt64(number & 63) }
    }

    mutating func insert(_ list: PostingList) {
        list.forEachRange { range in
            for number in range { words[Int(number >> 6)] |= 1 << UInt64(number & 63) }
        }
    }

    func contains(_ number: UInt32) -> Bool { words[Int(number >> 6)] >> UInt64(number & 63) & 1 == 1 }

    var elements: [UInt32] {
        var result: [UInt32] = []
        for (index, word) in words.enumerated() {
            var word = word
            while word != 0 {
                result.append(UInt32(64 * index + word.trailingZeroBitCount))
                word &= word - 1
            }
        }
        return result
    }
}
