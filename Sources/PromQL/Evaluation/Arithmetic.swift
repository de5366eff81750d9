import Glibc
import TimeSeries

/// The operators on two numbers.
enum Arithmetic {
    static func scalar(_ operation: BinaryOperator, _ a: Double, _ b: Double) -> Double {
        if operation.isComparison { return holds(operation, a, b) ? 1 : 0 }
        return value(operation, a, b)
    }

    /// The result of an operator that computes.
    @inline(__always)
    static func value(_ operation: BinaryOperator, _ a: Double, _ b: Double) -> Double {
        switch operation {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .modulo: fmod(a, b)
        case .power: pow(a, b)
        case .atan2: Glibc.atan2(a, b)
        default: Marker.notANumber
        }
    }

    /// Whether a comparison holds.
    @inline(__always)
    static func holds(_ operation: BinaryOperator, _ a: Double, _ b: Double) -> Bool {
        switch operation {
        case .equal: a == b
        case .notEqual: a != b
        case .greater: a > b
        case .less: a < b
        case .greaterOrEqual: a >= b
        case .lessOrEqual: a <= b
        default: false
        }
    }

    /// Go's `math.Min`: NaN where either is.
    static func least(_ a: Double, _ b: Double) -> Double {
        if a == -.infinity || b == -.infinity { return -.infinity }
        if a.isNaN || b.isNaN { return Marker.notANumber }
        return Swift.min(a, b)
    }

    /// Go's `math.Max`: NaN where either is.
    static func greatest(_ a: Double, _ b: Double) -> Double {
        if a == .infinity || b == .infinity { return .infinity }
        if a.isNaN || b.isNaN { return Marker.notANumber }
        return Swift.max(a, b)
    }
}

/// A sum that keeps what rounding loses (Neumaier's form of Kahan summation).
struct CompensatedSum {
    var sum: Double
    var compensation: Double

    init(_ sum: Double = 0, _ compensation: Double = 0) {
        self.sum = sum
        self.compensation = compensation
    }

    @inline(__always)
    mutating func add(_ value: Double) { self = adding(value) }

    /// Without branches, so that several sums can be worked on at once.
    @inline(__always)
    func adding(_ value: Double) -> CompensatedSum {
        let total = sum + value
        let isLarger = abs(sum) >= abs(value)
        let larger = Cell.choice(isLarger, sum, value)
        let smaller = Cell.choice(isLarger, value, sum)
        let lost = compensation + ((larger - total) + smaller)
        return CompensatedSum(total, Cell.choice(abs(total) == .infinity, 0, lost))
    }

    @inline(__always) var value: Double { sum.isInfinite ? sum : sum + compensation }
}
