import Codecs

/// A prefix code (Huffman's) of up to 63 symbols.
struct PrefixCode {
    static let mostSymbols = 63
    /// Of a code in bits, so that the table of a decoder is small.
    static let longestCode = 8

    let symbolCount: Int
    private(set) var lengths = InlineArray<64, UInt8>(repeating: 0)
    private(set) var codes = InlineArray<64, UInt8>(repeating: 0)

    /// The code for symbols of which each comes so many times, at least once.
    init(_ counts: Span<Int32>) {
        symbolCount = counts.count
        var order = InlineArray<64, UInt8>(repeating: 0)
        for symbol in 0..<symbolCount {
            var place = symbol
            while place > 0, counts[Int(order[place - 1])] > counts[symbol] {
                order[place] = order[place - 1]
                place -= 1
            }
            order[place] = UInt8(symbol)
        }
        // Rare symbols are taken for more frequent ones until no code is too long.
        var least: Int32 = 1
        while !setLengths(counts, order, least: least) { least *= 2 }
        setCodes()
    }

    /// Huffman's algorithm on symbols in the order of their counts; false where a code would be too long.
    private mutating func setLengths(
        _ counts: Span<Int32>, _ order: InlineArray<64, UInt8>, least: Int32
    ) -> Bool {
        guard symbolCount > 1 else {
            lengths[0] = 1
            return true
        }
        var weights = InlineArray<128, Int32>(repeating: 0)
        var parents = InlineArray<128, UInt8>(repeating: 0)
        for leaf in 0..<symbolCount { weights[leaf] = max(least, counts[Int(order[leaf])]) }
        var (leaf, node) = (0, symbolCount)
        let end = 2 * symbolCount - 1
        for parent in symbolCount..<end {
            for _ in 0..<2 {
                let isLeaf = leaf < symbolCount && (node >= parent || weights[leaf] <= weights[node])
                let child = isLeaf ? leaf : node
                if isLeaf { leaf += 1 } else { node += 1 }
                weights[parent] += weights[child]
                parents[child] = UInt8(parent)
            }
        }
        // From here on, depths.
        weights[end - 1] = 0
        for child in (0..<end - 1).reversed() { weights[child] = weights[Int(parents[child])] + 1 }
        guard weights[0] <= Self.longestCode else { return false }
        for leaf in 0..<symbolCount { lengths[Int(order[leaf])] = UInt8(weights[leaf]) }
        return true
    }

    /// The codes that their lengths say: the shortest first, those of one length in the order of their symbols.
    private mutating func setCodes() {
        var next = InlineArray<10, Int>(repeating: 0)
        for symbol in 0..<symbolCount { next[Int(lengths[symbol]) + 1] += 1 }
        for length in 2...Self.longestCode { next[length] = (next[length - 1] + next[length]) << 1 }
        for symbol in 0..<symbolCount {
            codes[symbol] = UInt8(next[Int(lengths[symbol])])
            next[Int(lengths[symbol])] += 1
        }
    }
}

/// The numbers that the codes of a `NumberList` stand for, by the next bits.
struct PrefixTable {
    /// The bits of a code and the place of its number (8 bits each); 0 where no code begins so.
    private(set) var entries: [UInt16] = []
    private(set) var numbers: [UInt64] = []
    /// The bits of the longest code.
    private(set) var bits = 1

    init(count: Int, _ bytes: Span<UInt8>, _ cursor: inout ByteCursor) throws(CodecError) {
        guard 1...PrefixCode.mostSymbols ~= count else {
            throw .malformed("list of \(count) numbers", at: cursor.position)
        }
        numbers.reserveCapacity(count)
        numbers.append(try cursor.varint(bytes))
        for place in 1..<count { numbers.append(numbers[place - 1] &+ 1 &+ (try cursor.varint(bytes))) }
        var lengths = InlineArray<64, UInt8>(repeating: 0)
        for place in stride(from: 0, to: count, by: 2) {
            let both = try cursor.byte(bytes)
            (lengths[place], lengths[place + 1]) = (both >> 4, both & 0x0f)
            bits = max(bits, Int(both >> 4), Int(both & 0x0f))
        }
        guard bits <= PrefixCode.longestCode else {
            throw .malformed("code of \(bits) bits", at: cursor.position)
        }
        let end = 1 << bits
        entries.reserveCapacity(end)
        for length in 1...bits {
            for place in 0..<count where Int(lengths[place]) == length {
                let share = 1 << (bits - length)
                guard entries.count + share <= end else {
                    throw .malformed("too many codes", at: cursor.position)
                }
                entries.append(contentsOf: repeatElement(UInt16(length) | UInt16(place) << 8, count: share))
            }
        }
        entries.append(contentsOf: repeatElement(0, count: end - entries.count))
    }
}
