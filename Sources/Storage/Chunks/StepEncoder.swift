import Codecs

/// The steps between successive integers of a column, and the cheapest code for them.
struct StepEncoder {
    let steps: [Int64]

    init(_ integers: [Int64]) {
        var steps: [Int64] = []
        steps.reserveCapacity(integers.count)
        for index in 1..<max(1, integers.count) { steps.append(integers[index] &- integers[index - 1]) }
        self.steps = steps
    }

    /// What remains of numbers without their common shift and, where all are positive, without their sign.
    private struct Folded {
        var values: [UInt64] = []
        var shift = 0
        var isNonnegative: Bool
        /// How many numbers have each bit width of value plus one.
        var widths = [Int](repeating: 0, count: 66)

        init(_ numbers: some Collection<Int64>) {
            var bits: UInt64 = 0
            var isNonnegative = true
            for number in numbers {
                bits |= number.magnitude
                if number < 0 { isNonnegative = false }
            }
            let shift = bits == 0 ? 0 : bits.trailingZeroBitCount
            values.reserveCapacity(numbers.count)
            for number in numbers {
                let shifted = number >> Int64(shift)
                values.append(isNonnegative ? UInt64(bitPattern: shifted) : ZigZag.encode(shifted))
            }
            self.isNonnegative = isNonnegative
            self.shift = shift
            for value in values { widths[64 - (value &+ 1).leadingZeroBitCount] += 1 }
        }

        var flags: UInt8 {
            (isNonnegative ? ColumnFormat.isNonnegative : 0) | (shift > 0 ? ColumnFormat.hasShift : 0)
        }

        /// The order with about the fewest bits: the cost is convex in it, and its minimum lies where half of
        /// the widths are at most order + 1.
        var order: Int {
            var order = 0
            var below = widths[0] + widths[1]
            while 2 * below < values.count, order < 50 {
                order += 1
                below += widths[order + 1]
            }
            return order
        }

        func cost(order: Int) -> Int {
            var bits = 0
            for value in values {
                let width = 64 - ((value >> UInt64(order)) &+ 1).leadingZeroBitCount
                bits += 2 * width - 1 + order
            }
            return bits
        }

        /// The best of the estimated order and its neighbours.
        func bestOrder() -> (order: Int, bits: Int) {
            let middle = order
            var best = (order: middle, bits: cost(order: middle))
            for candidate in [middle - 1, middle + 1] where candidate >= 0 && candidate <= 50 {
                let bits = cost(order: candidate)
                if bits < best.bits { best = (candidate, bits) }
            }
            return best
        }
    }

    /// The transform with its flags, and its bytes from the shift on.
    func cheapest() -> (mode: UInt8, bytes: [UInt8]) {
        let all = Folded(steps)
        let (order, plainBits) = all.bestOrder()
        let changes = steps.count { $0 != 0 }
        var best = (bits: plainBits + 8, mode: ColumnFormat.steps)

        let bends = steps.count > 2 ? Folded(zip(steps.dropFirst(), steps).map { $0 &- $1 }) : nil
        let bendOrder = bends?.bestOrder()
        if let bendOrder, bendOrder.bits + 32 < best.bits { best = (bendOrder.bits + 32, ColumnFormat.bends) }

        var sparse: Sparse?
        if changes * 3 < steps.count * 2 {
            let candidate = Sparse(steps)
            if candidate.bits < best.bits {
                best = (candidate.bits, ColumnFormat.sparse)
                sparse = candidate
            }
        }
        if let sparse { return (ColumnFormat.sparse | sparse.folded.flags, sparse.bytes()) }
        if best.mode == ColumnFormat.bends, let bends, let bendOrder {
            var bytes: [UInt8] = []
            bytes.append(signedVarint: steps[0])
            StepEncoder.append(bends, order: bendOrder.order, to: &bytes)
            return (ColumnFormat.bends | bends.flags, bytes)
        }
        var bytes: [UInt8] = []
        StepEncoder.append(all, order: order, to: &bytes)
        return (ColumnFormat.steps | all.flags, bytes)
    }

    private static func append(_ folded: Folded, order: Int, to bytes: inout [UInt8]) {
        if folded.shift > 0 { bytes.append(UInt8(folded.shift)) }
        bytes.append(UInt8(order))
        var writer = BitWriter()
        for value in folded.values { writer.writeExpGolomb(value, order: order) }
        bytes += writer.finish()
    }

    /// Only the steps that are not zero.
    private struct Sparse {
        var folded: Folded
        var gaps: Folded
        var order: (order: Int, bits: Int)
        var gapOrder: (order: Int, bits: Int)

        init(_ steps: [Int64]) {
            var gaps: [Int64] = []
            var values: [Int64] = []
            var gap: Int64 = 0
            for step in steps {
                if step == 0 {
                    gap += 1
                } else {
                    gaps.append(gap)
                    values.append(step)
                    gap = 0
                }
            }
            folded = Folded(values)
            // No step is zero, so all can be one less.
            if folded.isNonnegative {
                folded.widths = [Int](repeating: 0, count: 66)
                for index in folded.values.indices {
                    folded.values[index] -= 1
                    folded.widths[64 - (folded.values[index] &+ 1).leadingZeroBitCount] += 1
                }
            }
            self.gaps = Folded(gaps)
            order = folded.bestOrder()
            // A shift of the gaps is not stored.
            let plain = gaps.map { UInt64(bitPattern: $0) }
            self.gaps.shift = 0
            self.gaps.values = plain
            self.gaps.widths = [Int](repeating: 0, count: 66)
            for value in plain { self.gaps.widths[64 - (value &+ 1).leadingZeroBitCount] += 1 }
            gapOrder = self.gaps.bestOrder()
        }

        var bits: Int { order.bits + gapOrder.bits + 24 }

        func bytes() -> [UInt8] {
            var bytes: [UInt8] = []
            if folded.shift > 0 { bytes.append(UInt8(folded.shift)) }
            bytes.append(varint: UInt64(folded.values.count))
            bytes.append(UInt8(gapOrder.order))
            bytes.append(UInt8(order.order))
            var writer = BitWriter()
            for index in folded.values.indices {
                writer.writeExpGolomb(gaps.values[index], order: gapOrder.order)
                writer.writeExpGolomb(folded.values[index], order: order.order)
            }
            return bytes + writer.finish()
        }
    }
}
