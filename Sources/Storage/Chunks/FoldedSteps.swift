import Codecs

/// Numbers made ready for Exp-Golomb code: without their common shift and, where all are positive, without sign.
struct FoldedSteps {
    private(set) var values: [UInt64] = []
    private(set) var shift = 0
    private(set) var isNonnegative = true
    private(set) var order = 0
    /// The bits of all codes.
    private(set) var cost = 0

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
    }

    var flags: UInt8 {
        (isNonnegative ? ColumnFormat.isNonnegative : 0) | (shift > 0 ? ColumnFormat.hasShift : 0)
    }

    func appendShift(to bytes: inout [UInt8]) {
        if shift > 0 { bytes.append(UInt8(shift)) }
    }

    func append(to bytes: inout [UInt8]) {
        bytes.append(UInt8(order))
        var writer = BitWriter(behind: take(&bytes))
        let values = values.span
        for index in 0..<values.count { writer.writeExpGolomb(values[index], order: order) }
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
