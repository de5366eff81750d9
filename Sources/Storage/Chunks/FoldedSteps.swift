import Codecs

/// Numbers made ready for their codes: without their common shift and, where all are positive, without sign.
struct FoldedSteps {
    /// Exp-Golomb codes of `order`, or what `ColumnFormat` has in the place of an order.
    private enum Code { case expGolomb, bounded, listed }

    private(set) var values: [UInt64] = []
    private(set) var shift = 0
    private(set) var isNonnegative = true
    private(set) var order = 0
    /// The bits of all codes, and of what says how they are to be read beyond a byte.
    private(set) var cost = 0
    private var code = Code.expGolomb
    /// All bits of all numbers.
    private var union: UInt64 = 0
    private var largest: UInt64 = 0
    private var list = NumberList()

    /// Replaces what is there. `bits` is the OR of all magnitudes. No number is zero where `isWithoutZero`, so
    /// that positive ones can be one less.
    mutating func fold(_ numbers: Span<Int64>, bits: UInt64, hasNegative: Bool, isWithoutZero: Bool = false) {
        shift = bits == 0 ? 0 : bits.trailingZeroBitCount
        isNonnegative = !hasNegative
        let shift = Int64(shift)
        let isNonnegative = isNonnegative
        let less: UInt64 = isWithoutZero && isNonnegative ? 1 : 0
        values.removeAll(keepingCapacity: true)
        values.append(addingCapacity: numbers.count) { output in
            for index in 0..<numbers.count {
                let number = numbers[index] &>> shift
                let folded = isNonnegative ? UInt64(bitPattern: number) : ZigZag.fold(number)
                output.append(folded &- less)
            }
        }
        chooseOrder()
    }

    /// The cost is convex in the order, and its minimum lies where half of the widths are at most order + 1.
    private mutating func chooseOrder() {
        code = .expGolomb
        var widths = InlineArray<66, Int32>(repeating: 0)
        let folded = values
        let values = folded.span
        var union: UInt64 = 0
        for index in 0..<values.count {
            widths[64 &- (values[index] &+ 1).leadingZeroBitCount] &+= 1
            union |= values[index]
        }
        // So that no code begins with more zeros than there may be.
        order = max(0, 65 - union.leadingZeroBitCount - ColumnFormat.mostZeros)
        var below = 0
        for width in 0...order + 1 { below += Int(widths[width]) }
        while 2 * below < values.count, order < ColumnFormat.longestOrder {
            order += 1
            below += Int(widths[order + 1])
        }
        let power: UInt64 = 1 &<< UInt64(order)
        var bits = 0
        for index in 0..<values.count {
            bits &+= 2 &* (64 &- (values[index] &+ power).leadingZeroBitCount)
        }
        cost = bits - values.count * (order + 1)
        self.union = union
    }

    /// What other codes have to save, at least: neighbours may have Exp-Golomb codes in common, which LZ4 finds, and a list is
    /// slower to read.
    private static let leastSaving = (bounded: 16, listed: 8)

    /// Takes codes for numbers up to the largest one where these are shorter.
    mutating func chooseBound() {
        let bits = 64 - union.leadingZeroBitCount
        let limit = cost - cost / Self.leastSaving.bounded
        guard bits > 0, bits <= ColumnFormat.mostBoundedBits, values.count * (bits - 1) < limit else {
            return
        }
        let folded = values
        largest = folded.max() ?? 0
        let short = BoundedCode(largest: largest).shortCount
        let cost = folded.count * bits - folded.count { $0 < short } + 8 * ((bits + 6) / 7)
        guard cost < limit else { return }
        self.cost = cost
        code = .bounded
    }

    /// Lists the numbers where that takes fewer bits than others would; whether it does.
    mutating func chooseList(below cost: Int) -> Bool {
        let limit = cost - cost / Self.leastSaving.listed
        let folded = values
        guard list.fill(folded.span), list.leastCost < limit else { return false }
        let listed = list.chooseCodes()
        guard listed < limit else { return false }
        self.cost = listed
        code = .listed
        return true
    }

    var flags: UInt8 {
        (isNonnegative ? ColumnFormat.isNonnegative : 0) | (shift > 0 ? ColumnFormat.hasShift : 0)
    }

    func appendShift(to bytes: inout [UInt8]) {
        if shift > 0 { bytes.append(UInt8(shift)) }
    }

    func append(to bytes: inout [UInt8]) {
        switch code {
        case .expGolomb: bytes.append(UInt8(order))
        case .bounded:
            bytes.append(ColumnFormat.bounded)
            bytes.append(varint: largest)
        case .listed:
            bytes.append(ColumnFormat.listed + UInt8(list.numbers.count))
            list.append(to: &bytes)
        }
        var writer = BitWriter(behind: take(&bytes))
        let values = values.span
        switch code {
        case .expGolomb:
            for index in 0..<values.count { writer.writeExpGolomb(values[index], order: order) }
        case .bounded:
            let bounded = BoundedCode(largest: largest)
            for index in 0..<values.count { bounded.write(values[index], &writer) }
        case .listed:
            for index in 0..<values.count { list.write(values[index], &writer) }
        }
        bytes = writer.finish()
    }
}

extension ZigZag {
    @inline(__always)
    static func fold(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value &<< 1) ^ (value &>> 63)) }
    @inline(__always)
    static func unfold(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value &>> 1) ^ (0 &- Int64(bitPattern: value & 1))
    }
}
