import Codecs
import TimeSeries

/// Encodes columns of a chunk one after another: looks at each column first, then takes the cheapest transform.
struct ColumnEncoder {
    /// What later columns may refer to.
    private struct Earlier {
        var bits: UInt64
        var exponent: Int
        var total: Int64
        /// The column that holds the steps.
        var root: Int
        var steps: [Int64]
    }

    private let rowCount: Int
    private var earlier: [Earlier?] = []
    private var integers: [Int64] = []
    private var columns: [[Double]] = []

    init(rowCount: Int) { self.rowCount = rowCount }

    /// The bytes of the next column, one value a row, `Marker.absent` where there is none.
    mutating func encode(_ column: [Double]) -> [UInt8] {
        precondition(column.count == rowCount, "a column of \(column.count) rows, expected \(rowCount)")
        defer { columns.append(column) }
        var header: [UInt8] = []
        let present = presence(column, &header)
        guard let first = present.first else {
            earlier.append(nil)
            return [ColumnFormat.absent]
        }
        let flags = header.isEmpty ? 0 : ColumnFormat.hasAbsent
        if present.allSatisfy({ $0.bitPattern == first.bitPattern }) {
            earlier.append(nil)
            return constant(first, flags, header)
        }
        if let index = identicalColumn(column) {
            earlier.append(nil)
            return [ColumnFormat.copy, UInt8(truncatingIfNeeded: index)]
        }
        return varying(present, flags, header)
    }

    /// The values that are there; the runs of presence where some are not.
    private func presence(_ column: [Double], _ header: inout [UInt8]) -> [Double] {
        guard column.contains(where: Marker.isAbsent) else { return column }
        var runs: [Int] = []
        var isPresent = true
        var run = 0
        var values: [Double] = []
        for value in column {
            let here = !Marker.isAbsent(value)
            if here { values.append(value) }
            if here != isPresent {
                runs.append(run)
                run = 0
                isPresent = here
            }
            run += 1
        }
        runs.append(run)
        header.append(varint: UInt64(runs.count))
        for run in runs { header.append(varint: UInt64(run)) }
        return values
    }

    private func constant(_ value: Double, _ flags: UInt8, _ header: [UInt8]) -> [UInt8] {
        for exponent in 0...ColumnFormat.largestExponent {
            guard let integer = Decimal.integer(value, Decimal.powers[exponent]), abs(integer) < 1 << 34
            else { continue }
            var bytes = [ColumnFormat.decimalConstant | flags] + header
            bytes.append(UInt8(exponent))
            bytes.append(signedVarint: integer)
            return bytes
        }
        var bytes = [ColumnFormat.constant | flags] + header
        bytes.append(fixed64: value.bitPattern)
        return bytes
    }

    private func identicalColumn(_ column: [Double]) -> Int? {
        let last = rowCount - 1
        return columns.prefix(256).firstIndex { other in
            other[last].bitPattern == column[last].bitPattern
                && other[0].bitPattern == column[0].bitPattern
                && zip(other, column).allSatisfy { $0.bitPattern == $1.bitPattern }
        }
    }

    private mutating func varying(_ values: [Double], _ flags: UInt8, _ header: [UInt8]) -> [UInt8] {
        var exceptions: [UInt8] = []
        guard let exponent = scale(values, &exceptions) else {
            earlier.append(nil)
            return [ColumnFormat.xor | flags] + header + XORCodec.encode(values)
        }
        let steps = StepEncoder(integers)
        var head = header + exceptions
        let flags = flags | (exceptions.isEmpty ? 0 : ColumnFormat.hasExceptions)
        let total = integers[integers.count - 1] &- integers[0]
        if let root = sameSteps(steps.steps, exponent, total) {
            earlier.append(nil)
            head.append(UInt8(exponent))
            head.append(signedVarint: integers[0])
            head.append(UInt8(root))
            return [ColumnFormat.sameSteps | flags] + head
        }
        earlier.append(
            Earlier(bits: 0, exponent: exponent, total: total, root: earlier.count, steps: steps.steps))
        head.append(UInt8(exponent))
        head.append(signedVarint: integers[0])
        let (mode, body) = steps.cheapest()
        return [mode | flags] + head + body
    }

    private func sameSteps(_ steps: [Int64], _ exponent: Int, _ total: Int64) -> Int? {
        earlier.prefix(256).firstIndex { other in
            guard let other, other.total == total, other.exponent == exponent else { return false }
            return other.steps == steps
        }
    }

    /// Fills `integers`; returns the exponent. A few values that are no such fraction become exceptions
    /// and repeat their neighbour; nil where there are many.
    private mutating func scale(_ values: [Double], _ exceptions: inout [UInt8]) -> Int? {
        let limit = values.count / 16 + 1
        var exponent = 0
        var failures = 0
        for value in values where Decimal.integer(value, Decimal.powers[exponent]) == nil {
            var larger = exponent + 1
            while larger <= ColumnFormat.largestExponent, value.isFinite,
                Decimal.integer(value, Decimal.powers[larger]) == nil
            { larger += 1 }
            if value.isFinite, larger <= ColumnFormat.largestExponent {
                exponent = larger
            } else {
                failures += 1
                if failures > limit { return nil }
            }
        }
        return fill(values, exponent, limit, &exceptions)
    }

    private mutating func fill(
        _ values: [Double], _ exponent: Int, _ limit: Int, _ exceptions: inout [UInt8]
    ) -> Int? {
        let power = Decimal.powers[exponent]
        integers.removeAll(keepingCapacity: true)
        var failed: [Int] = []
        for (row, value) in values.enumerated() {
            if let integer = Decimal.integer(value, power) {
                integers.append(integer)
            } else {
                failed.append(row)
                guard failed.count <= limit else { return nil }
                integers.append(integers.last ?? 0)
            }
        }
        if !failed.isEmpty {
            exceptions.append(varint: UInt64(failed.count))
            var last = 0
            for row in failed {
                exceptions.append(varint: UInt64(row - last))
                exceptions.append(fixed64: values[row].bitPattern)
                last = row
            }
        }
        return exponent
    }
}
