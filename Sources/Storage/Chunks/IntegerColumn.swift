import Codecs

/// The values of a column as integers and a scale, with the few values that are no such numbers apart.
struct IntegerColumn {
    private(set) var integers: [Int64] = []
    private(set) var scale = Scale.one
    /// Rows whose value is kept as it is; their integers repeat the row before.
    private(set) var exceptions: [Int] = []

    /// Finds a scale that gives nearly all values back bit for bit; false where none does.
    mutating func fill(_ values: Span<Double>) -> Bool {
        if fill(values, .one) { return true }
        if fill(values, Scale(kind: .multiplied, exponent: 1)) { return true }
        return fill(values, Scale(kind: .dividedTwice, exponent: 6))
    }

    private mutating func fill(_ values: Span<Double>, _ start: Scale) -> Bool {
        var candidate = start
        while true {
            switch attempt(values, candidate) {
            case .filled:
                scale = candidate
                return true
            case .failed: return false
            case .grow(let larger): candidate = larger
            }
        }
    }

    /// Takes values that are no short decimal fractions as integers: as neighbours of such fractions, or their bits. False where
    /// they are too far apart, or are no numbers.
    mutating func fillClosely(_ values: Span<Double>) -> Bool {
        guard let base = Self.typical(values) else { return false }
        scale = Self.near(values, base) ?? .bits
        integers.removeAll(keepingCapacity: true)
        exceptions.removeAll(keepingCapacity: true)
        let limit = Self.mostExceptions(of: values.count)
        let level = scale.integer(base) ?? 0
        for row in 0..<values.count {
            if values[row].isFinite, let integer = scale.integer(values[row]),
                (integer &- level).magnitude < 1 << Self.largestDistance
            {
                integers.append(integer)
            } else {
                guard exceptions.count < limit else { return false }
                except(row, level)
            }
        }
        return true
    }

    /// Bits of the distance between two integers, so that neither their steps nor what these change overflow.
    private static let largestDistance = 59

    /// The first value that says where the others may be.
    private static func typical(_ values: Span<Double>) -> Double? {
        for row in 0..<values.count where values[row].isNormal { return values[row] }
        return nil
    }

    /// More values than these that are no such numbers, and none of the column is taken for one.
    private static func mostExceptions(of count: Int) -> Int { count / 16 + 1 }

    /// The units that durations and their sums are counted in.
    private static let exponents = [9, 6, 3]

    /// The scale of decimal fractions that nearly all values are close to, where that says more than their bits do.
    private static func near(_ values: Span<Double>, _ base: Double) -> Scale? {
        // Bits of a step of one: what the values' own bits take, and what the best scale does.
        var least = 51 - Double(base.exponent)
        var best: Scale?
        for exponent in exponents {
            var scale = Scale(kind: .near, exponent: exponent)
            let tenths = Double(exponent) * 3.33
            var left = mostExceptions(of: values.count)
            for row in 0..<values.count {
                let width = scale.widthNeeded(for: values[row])
                if let width, tenths + Double(width) < least {
                    scale.width = max(scale.width, width)
                } else {
                    left -= 1
                    if left < 0 { break }
                }
            }
            guard left >= 0, scale.width > 0 else { continue }
            least = tenths + Double(scale.width)
            best = scale
        }
        return best
    }

    private enum Attempt { case filled, failed, grow(Scale) }

    private mutating func attempt(_ values: Span<Double>, _ scale: Scale) -> Attempt {
        integers.removeAll(keepingCapacity: true)
        exceptions.removeAll(keepingCapacity: true)
        var exceptions = take(&exceptions)
        var attempt = Attempt.filled
        // Without a look at the array for each value, which takes as long as the rest.
        integers.append(addingCapacity: values.count) { output in
            attempt =
                scale == .one
                ? Self.counts(values, &output, &exceptions)
                : Self.fractions(values, scale, &output, &exceptions)
        }
        self.exceptions = exceptions
        return attempt
    }

    /// Most columns are counts: no multiplication, no division.
    private static func counts(
        _ values: Span<Double>, _ output: inout OutputSpan<Int64>, _ exceptions: inout [Int]
    ) -> Attempt {
        let limit = mostExceptions(of: values.count)
        var last: Int64 = 0
        for row in 0..<values.count {
            let value = values[row]
            let integer = Int64(bitPattern: (value + Scale.magic).bitPattern &- Scale.magic.bitPattern)
            if abs(value) < 0x1p51, Double(integer).bitPattern == value.bitPattern {
                last = integer
            } else {
                if let larger = Scale.one.grown(for: value) { return .grow(larger) }
                guard exceptions.count < limit else { return .failed }
                exceptions.append(row)
            }
            output.append(last)
        }
        return .filled
    }

    private static func fractions(
        _ values: Span<Double>, _ scale: Scale, _ output: inout OutputSpan<Int64>, _ exceptions: inout [Int]
    ) -> Attempt {
        let limit = mostExceptions(of: values.count)
        var last: Int64 = 0
        for row in 0..<values.count {
            let value = values[row]
            if let integer = scale.integer(value) {
                last = integer
            } else {
                if let larger = scale.grown(for: value) { return .grow(larger) }
                guard exceptions.count < limit else { return .failed }
                exceptions.append(row)
            }
            output.append(last)
        }
        return .filled
    }

    private mutating func except(_ row: Int, _ first: Int64) {
        exceptions.append(row)
        integers.append(integers.last ?? first)
    }

    /// Appends the exceptions as `ColumnFormat` draws them.
    func appendExceptions(_ values: Span<Double>, to bytes: inout [UInt8]) {
        guard !exceptions.isEmpty else { return }
        bytes.append(varint: UInt64(exceptions.count))
        var last = 0
        for row in exceptions {
            bytes.append(varint: UInt64(row - last))
            bytes.append(fixed64: values[row].bitPattern)
            last = row
        }
    }
}
