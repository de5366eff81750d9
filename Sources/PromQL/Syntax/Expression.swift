package import TimeSeries

/// A PromQL expression as it was written, checked for types.
///
/// Equality disregards source positions.
package indirect enum Expression: Hashable, Sendable {
    case number(NumberLiteral)
    case string(StringLiteral)
    case selector(VectorSelector)
    case matrix(MatrixSelector)
    case subquery(Subquery)
    case sign(SignedExpression)
    case binary(BinaryExpression)
    case aggregation(Aggregation)
    case call(FunctionCall)
    case parenthesised(Expression, SourceRange)
}

package struct NumberLiteral: Hashable, Sendable {
    package var value: Double
    /// Written as a duration (`5m`), which is a number of seconds.
    package var isDuration = false
    package var range: SourceRange

    /// -0 is not 0; a NaN is a NaN, whatever its sign.
    package static func == (a: NumberLiteral, b: NumberLiteral) -> Bool { a.bits == b.bits }
    package func hash(into hasher: inout Hasher) { hasher.combine(bits) }
    private var bits: UInt64 { value.isNaN ? Double.nan.bitPattern : value.bitPattern }
}

package struct StringLiteral: Hashable, Sendable {
    package var value: String
    /// The bytes, where they are not UTF-8 and `value` is therefore repaired; nil otherwise.
    package var invalidBytes: [UInt8]?
    package var range: SourceRange
}

/// What `@` fixes the evaluation to.
package enum AtModifier: Hashable, Sendable {
    case timestamp(Timestamp)
    case start
    case end
}

/// `anchored` and `smoothed`, which change what a window takes in at its ends.
package enum RangeExtension: String, Hashable, Sendable { case anchored, smoothed }

/// `name{matchers} offset o @ t`.
package struct VectorSelector: Hashable, Sendable {
    /// The metric name where it was given as such, not as a matcher of `__name__`.
    package var name: String?
    /// All conditions, that on the name included.
    package var matchers: [Matcher]
    package var offset: DurationExpression?
    package var at: AtModifier?
    package var rangeExtension: RangeExtension?
    package var range: SourceRange
}

/// `selector[window]`; the modifiers are those of the selector.
package struct MatrixSelector: Hashable, Sendable {
    package var selector: VectorSelector
    package var window: DurationExpression
    package var range: SourceRange
}

/// `expression[window:step] offset o @ t`.
package struct Subquery: Hashable, Sendable {
    package var expression: Expression
    package var window: DurationExpression
    package var step: DurationExpression?
    package var offset: DurationExpression?
    package var at: AtModifier?
    package var range: SourceRange
}

package struct SignedExpression: Hashable, Sendable {
    package var isNegative: Bool
    package var operand: Expression
    package var range: SourceRange
}

package struct BinaryExpression: Hashable, Sendable {
    package var operation: BinaryOperator
    package var left: Expression
    package var right: Expression
    package var returnsBool = false
    package var matching: VectorMatching
    package var range: SourceRange
}

package struct Aggregation: Hashable, Sendable {
    package var operation: AggregationOperator
    package var parameter: Expression?
    package var operand: Expression
    package var labels: [String]
    package var isWithout: Bool
    package var range: SourceRange
}

package struct FunctionCall: Hashable, Sendable {
    package var function: Function
    package var arguments: [Expression]
    package var range: SourceRange
}

extension Expression {
    /// Where the expression stands in its query.
    package var range: SourceRange {
        switch self {
        case .number(let node): node.range
        case .string(let node): node.range
        case .selector(let node): node.range
        case .matrix(let node): node.range
        case .subquery(let node): node.range
        case .sign(let node): node.range
        case .binary(let node): node.range
        case .aggregation(let node): node.range
        case .call(let node): node.range
        case .parenthesised(_, let range): range
        }
    }

    /// The type of the result.
    package var type: ValueType {
        switch self {
        case .number: .scalar
        case .string: .string
        case .selector, .aggregation: .vector
        case .matrix, .subquery: .matrix
        case .sign(let node): node.operand.type
        case .binary(let node):
            node.left.type == .scalar && node.right.type == .scalar ? .scalar : .vector
        case .call(let node): node.function.result
        case .parenthesised(let inner, _): inner.type
        }
    }

    /// The operands, in the order in which they were written.
    package var children: [Expression] {
        switch self {
        case .number, .string, .selector, .matrix: []
        case .subquery(let node): [node.expression]
        case .sign(let node): [node.operand]
        case .binary(let node): [node.left, node.right]
        case .aggregation(let node): node.parameter.map { [$0, node.operand] } ?? [node.operand]
        case .call(let node): node.arguments
        case .parenthesised(let inner, _): [inner]
        }
    }

    /// Without the parentheses around it.
    package var unwrapped: Expression {
        var expression = self
        while case .parenthesised(let inner, _) = expression { expression = inner }
        return expression
    }

    /// Calls the closure for this expression and all below it, parents first.
    package func walk(_ visit: (Expression) -> Void) {
        visit(self)
        for child in children { child.walk(visit) }
    }

    /// All vector selectors, those of ranges included, from left to right.
    package var selectors: [VectorSelector] {
        var found: [VectorSelector] = []
        walk { node in
            switch node {
            case .selector(let selector): found.append(selector)
            case .matrix(let matrix): found.append(matrix.selector)
            default: break
            }
        }
        return found
    }

    /// The metric names that the selectors ask for by equality, without repetition, ordered.
    package var metricNames: [String] {
        let names = selectors.flatMap { selector in
            selector.matchers.filter { $0.name == "__name__" && $0.operation == .equal }.map(\.value)
        }
        return Set(names).sorted { Labels.precedes($0, $1) }
    }
}
