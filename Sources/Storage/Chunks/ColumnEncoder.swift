import Codecs

/// Encodes columns of a chunk one after another: looks at each column first, then takes the cheapest transform.
struct ColumnEncoder {
    /// A column that later ones may refer to.
    private struct Earlier {
        var column: Int
        var firstBits: UInt64
        var lastBits: UInt64
        var differences: UInt64
    }

    /// A column whose steps later ones may refer to.
    private struct EarlierSteps {
        var column: Int
        var scale: Scale
        var total: Int64
        /// Where its steps start in `allSteps`.
        var start: Int
    }

    /// The columns so far, one behind the other.
    private(set) var bytes: [UInt8] = []
    private var column = 0
    private var earlier: [Earlier] = []
    private var earlierSteps: [EarlierSteps] = []
    private var allSteps: [Int64] = []
    private var integers = IntegerColumn()
    private var steps = StepEncoder()
    private var isBrief = false

    /// Makes the encoder ready for the next chunk.
    mutating func start(isBrief: Bool) {
        self.isBrief = isBrief
        bytes.removeAll(keepingCapacity: true)
        column = 0
        earlier.removeAll(keepingCapacity: true)
        earlierSteps.removeAll(keepingCapacity: true)
        allSteps.removeAll(keepingCapacity: true)
    }

    /// Appends the column in rows `range` of `values`, `Marker.absent` where there is no sample.
    mutating func encode(_ values: Span<Double>, _ range: Range<Int>) {
        defer { column += 1 }
        let rows = values.extracting(range)
        let first = rows[0].bitPattern
        var differences: UInt64 = 0
        var absent = 0
        for row in 0..<rows.count {
            let bits = rows[row].bitPattern
            differences |= bits ^ first
            absent &+= bits == ColumnFormat.absentBits ? 1 : 0
        }
        if absent == rows.count {
            bytes.append(ColumnFormat.absent)
        } else if absent > 0 {
            encodePartly(rows)
        } else if differences == 0 {
            encodeConstant(rows[0], flags: 0)
        } else if let index = sameColumn(values, range, differences) {
            bytes.append(ColumnFormat.copy)
            bytes.append(UInt8(index))
        } else {
            if column < ColumnFormat.referableColumns {
                earlier.append(
                    Earlier(
                        column: column, firstBits: first, lastBits: rows[rows.count - 1].bitPattern,
                        differences: differences))
            }
            encodeVarying(rows, flags: 0, isWhole: true)
        }
    }

    /// A column with absent rows: their runs, then the rest as if it were all.
    private mutating func encodePartly(_ rows: Span<Double>) {
        var present: [Double] = []
        var runs: [Int] = []
        var isPresent = true
        var run = 0
        for row in 0..<rows.count {
            let here = rows[row].bitPattern != ColumnFormat.absentBits
            if here { present.append(rows[row]) }
            if here != isPresent {
                runs.append(run)
                run = 0
                isPresent = here
            }
            run += 1
        }
        runs.append(run)
        let tag = bytes.count
        if present.allSatisfy({ $0.bitPattern == present[0].bitPattern }) {
            encodeConstant(present[0], flags: ColumnFormat.hasAbsent)
        } else {
            encodeVarying(present.span, flags: ColumnFormat.hasAbsent, isWhole: false)
        }
        var presence: [UInt8] = []
        presence.append(varint: UInt64(runs.count))
        for run in runs { presence.append(varint: UInt64(run)) }
        bytes.insert(contentsOf: presence, at: tag + 1)
    }

    private mutating func encodeConstant(_ value: Double, flags: UInt8) {
        var scale: Scale? = .one
        while let candidate = scale {
            if let integer = candidate.integer(value), abs(integer) < 1 << 34 {
                bytes.append(ColumnFormat.decimalConstant | flags)
                bytes.append(candidate.byte)
                bytes.append(signedVarint: integer)
                return
            }
            scale = candidate.grown(for: value)
        }
        bytes.append(ColumnFormat.constant | flags)
        bytes.append(fixed64: value.bitPattern)
    }

    private func sameColumn(_ values: Span<Double>, _ range: Range<Int>, _ differences: UInt64) -> Int? {
        let first = values[range.lowerBound].bitPattern
        let last = values[range.upperBound - 1].bitPattern
        for other in earlier
        where other.differences == differences && other.firstBits == first && other.lastBits == last {
            let start = other.column * range.count
            var same = true
            for row in 0..<range.count
            where values[start + row].bitPattern != values[range.lowerBound + row].bitPattern {
                same = false
                break
            }
            if same { return other.column }
        }
        return nil
    }

    /// A column of at least two values. Later columns may refer to its steps where it `isWhole`.
    private mutating func encodeVarying(_ rows: Span<Double>, flags: UInt8, isWhole: Bool) {
        let tag = bytes.count
        bytes.append(0)
        guard integers.fill(rows) else {
            encodeBits(rows, flags, tag, isWhole)
            return
        }
        encodeIntegers(rows, flags, tag, isWhole)
    }

    /// The integers of a column.
    private mutating func encodeIntegers(_ rows: Span<Double>, _ flags: UInt8, _ tag: Int, _ isWhole: Bool) {
        let flags = flags | (integers.exceptions.isEmpty ? 0 : ColumnFormat.hasExceptions)
        integers.appendExceptions(rows, to: &bytes)
        bytes.append(integers.scale.byte)
        bytes.append(signedVarint: integers.integers[0])
        let numbers = integers.integers
        steps.load(numbers.span)
        let total = numbers[numbers.count - 1] &- numbers[0]
        if isWhole, let root = sameSteps(total) {
            bytes.append(UInt8(root))
            bytes[tag] = ColumnFormat.sameSteps | flags
            return
        }
        if isWhole, column < ColumnFormat.referableColumns {
            earlierSteps.append(
                EarlierSteps(column: column, scale: integers.scale, total: total, start: allSteps.count))
            allSteps += steps.steps
        }
        bytes[tag] = steps.encode(to: &bytes, isBrief: isBrief) | flags
    }

    private func sameSteps(_ total: Int64) -> Int? {
        let steps = steps.steps.span
        let all = allSteps.span
        for other in earlierSteps where other.total == total && other.scale == integers.scale {
            var same = true
            for index in 0..<steps.count where all[other.start + index] != steps[index] {
                same = false
                break
            }
            if same { return other.column }
        }
        return nil
    }

    /// Values that are no short decimal fractions: as runs where few differ from the row before, else as integers close to
    /// them or of their bits, else by XOR, and as they are where not even that is shorter.
    private mutating func encodeBits(_ rows: Span<Double>, _ flags: UInt8, _ tag: Int, _ isWhole: Bool) {
        var changes: [Int] = []
        for row in 1..<rows.count where rows[row].bitPattern != rows[row - 1].bitPattern {
            changes.append(row)
        }
        guard changes.count * 16 >= rows.count else { return encodeRuns(rows, changes, flags, tag) }
        if integers.fillClosely(rows) { return encodeIntegers(rows, flags, tag, isWhole) }
        let differences = XORCodec.encode(rows)
        guard differences.count < 8 * rows.count else {
            bytes[tag] = ColumnFormat.plain | flags
            for row in 0..<rows.count { bytes.append(fixed64: rows[row].bitPattern) }
            return
        }
        bytes[tag] = ColumnFormat.xor | flags
        bytes += differences
    }

    private mutating func encodeRuns(_ rows: Span<Double>, _ changes: [Int], _ flags: UInt8, _ tag: Int) {
        bytes[tag] = ColumnFormat.runs | flags
        bytes.append(varint: UInt64(changes.count))
        bytes.append(fixed64: rows[0].bitPattern)
        var last = 0
        for row in changes {
            bytes.append(varint: UInt64(row - last))
            bytes.append(fixed64: rows[row].bitPattern)
            last = row
        }
    }
}
