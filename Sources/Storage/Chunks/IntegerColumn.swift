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

    private enum Attempt { case filled, failed, grow(Scale) }

    private mutating func attempt(_ values: Span<Double>, _ scale: Scale) -> Attempt {
        let count = values.count
        let limit = count / 16 + 1
        integers.removeAll(keepingCapacity: true)
        exceptions.removeAll(keepingCapacity: true)
        if scale == .one {
            // Most columns are counts: no multiplication, no division.
            for row in 0..<count {
                let value = values[row]
                let integer = Int64(bitPattern: (value + Scale.magic).bitPattern &- Scale.magic.bitPattern)
                if abs(value) < 0x1p51, Double(integer).bitPattern == value.bitPattern {
                    integers.append(integer)
                } else {
                    if let larger = scale.grown(for: value) { return .grow(larger) }
                    guard exceptions.count < limit else { return .failed }
                    except(row)
                }
            }
            return .filled
        }
        for row in 0..<count {
            let value = values[row]
            if let integer = scale.integer(value) {
                integers.append(integer)
            } else {
                if let larger = scale.grown(for: value) { return .grow(larger) }
                guard exceptions.count < limit else { return .failed }
                except(row)
            }
        }
        return .filled
    }

    private mutating func except(_ row: Int) {
        exceptions.append(row)
        integers.append(integers.last ?? 0)
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
