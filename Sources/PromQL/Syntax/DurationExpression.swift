import Glibc
import TimeSeries

/// A duration as written after `offset` or between brackets: a literal, or arithmetic over literals, `step()`,
/// `range()`, `min_of` and `max_of`, which is known once the steps of the query are.
package indirect enum DurationExpression: Hashable, Sendable {
    package enum Operation: String, Hashable, Sendable {
        case add = "+", subtract = "-", multiply = "*", divide = "/", modulo = "%", power = "^"
    }

    case literal(NumberLiteral)
    case step
    case range
    case sign(isNegative: Bool, DurationExpression)
    case binary(Operation, DurationExpression, DurationExpression)
    case minimum(DurationExpression, DurationExpression)
    case maximum(DurationExpression, DurationExpression)
    case parenthesised(DurationExpression)

    /// Whether it is a plain number or duration, perhaps with a sign, as stable PromQL allows.
    package var isLiteral: Bool {
        switch self {
        case .literal: true
        case .sign(_, .literal): true
        default: false
        }
    }

    /// The value in seconds.
    /// - Throws: `.badData` for a division by zero.
    package func seconds(step: Duration, range: Duration) throws(QueryError) -> Double {
        switch self {
        case .literal(let literal): return literal.value
        case .step: return Double(step.milliseconds) / 1000
        case .range: return Double(range.milliseconds) / 1000
        case .parenthesised(let inner): return try inner.seconds(step: step, range: range)
        case .sign(let isNegative, let inner):
            let value = try inner.seconds(step: step, range: range)
            return isNegative ? -value : value
        case .minimum(let a, let b):
            return min(try a.seconds(step: step, range: range), try b.seconds(step: step, range: range))
        case .maximum(let a, let b):
            return max(try a.seconds(step: step, range: range), try b.seconds(step: step, range: range))
        case .binary(let operation, let a, let b):
            return try DurationExpression.apply(
                operation, try a.seconds(step: step, range: range), try b.seconds(step: step, range: range))
        }
    }

    private static func apply(
        _ operation: Operation, _ a: Double, _ b: Double
    ) throws(QueryError) -> Double {
        switch operation {
        case .add: return a + b
        case .subtract: return a - b
        case .multiply: return a * b
        case .divide:
            guard b != 0 else { throw QueryError(.badData, "division by zero") }
            return a / b
        case .modulo:
            guard b != 0 else { throw QueryError(.badData, "modulo by zero") }
            return a.truncatingRemainder(dividingBy: b)
        case .power: return pow(a, b)
        }
    }

    /// The value in whole milliseconds.
    /// - Throws: `.badData` where it does not fit, or is not positive although it must be.
    package func milliseconds(
        step: Duration, range: Duration, positive: Bool
    ) throws(QueryError) -> Int64 {
        let seconds = try seconds(step: step, range: range)
        guard !positive || seconds > 0 else {
            throw QueryError(.badData, "duration must be greater than 0")
        }
        // Go's time.Duration counts nanoseconds in 64 bits: about 292 years.
        guard abs(seconds) <= 9_223_372_036,
            let whole = Int64(clamping: DurationExpression.wholeMilliseconds(seconds))
        else { throw QueryError(.badData, "duration out of range") }
        return whole
    }

    /// Fractions of a millisecond are cut off, but not what is a whole number except for rounding.
    private static func wholeMilliseconds(_ seconds: Double) -> Double {
        let milliseconds = seconds * 1000
        let nearest = milliseconds.rounded()
        return abs(milliseconds - nearest) < 1e-6 ? nearest : milliseconds.rounded(.towardZero)
    }
}

extension DurationExpression: CustomStringConvertible {
    package var description: String {
        switch self {
        case .literal(let literal): DurationExpression.text(literal)
        case .step: "step()"
        case .range: "range()"
        case .sign(let isNegative, let inner): (isNegative ? "-" : "+") + inner.description
        case .binary(let operation, let a, let b): "\(a) \(operation.rawValue) \(b)"
        case .minimum(let a, let b): "min_of(\(a), \(b))"
        case .maximum(let a, let b): "max_of(\(a), \(b))"
        case .parenthesised(let inner): "(\(inner))"
        }
    }

    /// In the units of durations also where it was written as a number of seconds, as Prometheus shows it.
    private static func text(_ literal: NumberLiteral) -> String {
        let milliseconds = literal.value * 1000
        // A sign before it would be read as an operator.
        if literal.value == .infinity { return "Inf" }
        guard milliseconds == milliseconds.rounded(), abs(milliseconds) < 9e15 else {
            return literal.description
        }
        var duration = literal
        duration.isDuration = true
        return duration.description
    }
}
