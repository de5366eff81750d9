import Codecs

/// The steps between successive integers of a column, and the cheapest code for them. Its arrays are used again
/// for each column.
struct StepEncoder {
    private(set) var steps: [Int64] = []
    private var bends: [Int64] = []
    private var levels: [Int64] = []
    private var changes: [Int64] = []
    private var gaps: [Int64] = []
    private var plain = FoldedSteps()
    private var bent = FoldedSteps()
    private var level = FoldedSteps()
    /// The smallest integer as difference to the first.
    private var lowest: Int64 = 0
    private var sparse = FoldedSteps()
    private var sparseGaps = FoldedSteps()
    private var bits: UInt64 = 0
    private var changeCount = 0
    private var hasNegative = false
    private var isLinear = false

    mutating func load(_ integers: Span<Int64>) {
        steps.removeAll(keepingCapacity: true)
        var bits: UInt64 = 0
        var sign: Int64 = 0
        var unlike: Int64 = 0
        var changeCount = 0
        steps.append(addingCapacity: integers.count) { output in
            let first = integers.count > 1 ? integers[1] &- integers[0] : 0
            for index in 1..<max(1, integers.count) {
                let step = integers[index] &- integers[index &- 1]
                output.append(step)
                bits |= step.magnitude
                sign |= step
                unlike |= step ^ first
                changeCount &+= step == 0 ? 0 : 1
            }
        }
        self.bits = bits
        self.changeCount = changeCount
        hasNegative = sign < 0
        isLinear = unlike == 0
    }

    /// Appends the code and returns the transform with its flags.
    /// - Parameter isBrief: the column is soon encoded again with others, so that what rarely pays for a few rows is not tried.
    mutating func encode(to bytes: inout [UInt8], isBrief: Bool) -> UInt8 {
        let steps = steps
        if isLinear, steps.count > 1 {
            bytes.append(signedVarint: steps[0])
            return ColumnFormat.linear
        }
        plain.fold(steps.span, bits: bits, hasNegative: hasNegative)
        var best = plain.cost + 8
        var transform = ColumnFormat.steps
        if changeCount * 3 < steps.count * 2 {
            collectChanges()
            let (changes, gaps) = (changes, gaps)
            sparse.fold(changes.span, bits: bits, hasNegative: hasNegative, isWithoutZero: true)
            // All gaps are positive or zero; that bits of 1 keep them from being shifted.
            sparseGaps.fold(gaps.span, bits: 1, hasNegative: false)
            let cost = sparse.cost + sparseGaps.cost + 24
            if cost < best {
                best = cost
                transform = ColumnFormat.sparse
            }
        }
        if !isBrief, steps.count > 2, best > steps.count {
            foldBends(steps.span)
            if bent.cost + 32 < best {
                best = bent.cost + 32
                transform = ColumnFormat.bends
            }
            if hasNegative {
                foldLevels(steps.span)
                if level.cost + 32 < best {
                    best = level.cost + 32
                    transform = ColumnFormat.levels
                }
            }
            chooseCodes(&transform, best)
        }
        return append(transform, to: &bytes)
    }

    /// Takes other codes than Exp-Golomb ones where these are shorter: of values that go up and down also in the place of what
    /// would be shortest with those, since they may be a few in no order.
    private mutating func chooseCodes(_ transform: inout UInt8, _ best: Int) {
        guard steps.count >= Self.fewestChosen else { return }
        var best = best
        func prefer(_ other: UInt8, _ cost: Int) {
            guard cost < best else { return }
            best = cost
            transform = other
        }
        plain.chooseBound()
        prefer(ColumnFormat.steps, plain.cost + 8)
        if transform == ColumnFormat.bends { bent.chooseBound() }
        guard hasNegative else { return }
        level.chooseBound()
        prefer(ColumnFormat.levels, level.cost + 32)
        if plain.chooseList(below: best - 8) { prefer(ColumnFormat.steps, plain.cost + 8) }
        if level.chooseList(below: best - 32) { prefer(ColumnFormat.levels, level.cost + 32) }
    }

    /// Fewer steps have Exp-Golomb codes.
    private static let fewestChosen = 96

    private mutating func collectChanges() {
        changes.removeAll(keepingCapacity: true)
        gaps.removeAll(keepingCapacity: true)
        var gap: Int64 = 0
        for step in steps {
            if step == 0 {
                gap &+= 1
            } else {
                changes.append(step)
                gaps.append(gap)
                gap = 0
            }
        }
    }

    private mutating func foldBends(_ steps: Span<Int64>) {
        bends.removeAll(keepingCapacity: true)
        var bits: UInt64 = 0
        var sign: Int64 = 0
        bends.append(addingCapacity: steps.count) { output in
            for index in 1..<steps.count {
                let bend = steps[index] &- steps[index &- 1]
                output.append(bend)
                bits |= bend.magnitude
                sign |= bend
            }
        }
        let bends = bends
        bent.fold(bends.span, bits: bits, hasNegative: sign < 0)
    }

    private mutating func foldLevels(_ steps: Span<Int64>) {
        levels.removeAll(keepingCapacity: true)
        var value: Int64 = 0
        var lowest: Int64 = 0
        for index in 0..<steps.count {
            value &+= steps[index]
            lowest = min(lowest, value)
        }
        var bits: UInt64 = 0
        levels.append(addingCapacity: steps.count + 1) { output in
            var level = 0 &- lowest
            output.append(level)
            bits = UInt64(bitPattern: level)
            for index in 0..<steps.count {
                level &+= steps[index]
                output.append(level)
                bits |= UInt64(bitPattern: level)
            }
        }
        self.lowest = lowest
        let levels = levels
        level.fold(levels.span, bits: bits, hasNegative: false)
    }

    private func append(_ transform: UInt8, to bytes: inout [UInt8]) -> UInt8 {
        switch transform {
        case ColumnFormat.sparse:
            sparse.appendShift(to: &bytes)
            bytes.append(varint: UInt64(changes.count))
            bytes.append(UInt8(sparseGaps.order))
            bytes.append(UInt8(sparse.order))
            var writer = BitWriter(behind: take(&bytes))
            let values = sparse.values.span
            let gaps = sparseGaps.values.span
            for index in 0..<values.count {
                writer.writeExpGolomb(gaps[index], order: sparseGaps.order)
                writer.writeExpGolomb(values[index], order: sparse.order)
            }
            bytes = writer.finish()
            return transform | sparse.flags
        case ColumnFormat.bends:
            bytes.append(signedVarint: steps[0])
            bent.appendShift(to: &bytes)
            bent.append(to: &bytes)
            return transform | bent.flags
        case ColumnFormat.levels:
            bytes.append(signedVarint: lowest)
            level.appendShift(to: &bytes)
            level.append(to: &bytes)
            return transform | level.flags
        default:
            plain.appendShift(to: &bytes)
            plain.append(to: &bytes)
            return transform | plain.flags
        }
    }
}
