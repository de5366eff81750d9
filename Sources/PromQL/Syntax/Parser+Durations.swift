import TimeSeries

/// Durations after `offset` and between brackets.
extension Parser {
    /// Arithmetic over durations, operators that bind at least as tightly as `minimum`.
    mutating func duration(minimum: Int, in context: String) throws(QueryError) -> DurationExpression {
        var left = try signedDuration(in: context)
        while token.kind == .mark, let operation = DurationExpression.Operation(rawValue: token.text),
            let precedence = BinaryOperator(rawValue: token.text)?.precedence, precedence >= minimum
        {
            advance()
            let right = try nestedDuration(
                minimum: precedence + (operation == .power ? 0 : 1), in: context)
            left = .binary(operation, left, right)
        }
        return left
    }

    /// One operand with or without a sign, which is all that `offset` takes without parentheses.
    mutating func signedDuration(in context: String) throws(QueryError) -> DurationExpression {
        guard token.isMark("-") || token.isMark("+") else { return try durationOperand(in: context) }
        let isNegative = take().isMark("-")
        return .sign(isNegative: isNegative, try durationOperand(in: context))
    }

    private mutating func durationOperand(in context: String) throws(QueryError) -> DurationExpression {
        let first = token
        switch first.kind {
        case .number(let value, let isDuration):
            advance()
            return .literal(NumberLiteral(value: value, isDuration: isDuration, range: first.range))
        case .mark where first.text == "(":
            advance()
            let inner = try nestedDuration(minimum: 0, in: context)
            try expect(")", in: context)
            return .parenthesised(inner)
        case .word where peek().isMark("("): return try durationFunction(in: context)
        default: throw unexpected(in: context, expected: "number, duration, step(), or range()")
        }
    }

    private mutating func durationFunction(in context: String) throws(QueryError) -> DurationExpression {
        let name = token
        let word = name.text.lowercased()
        guard ["step", "range", "min_of", "max_of"].contains(word) else {
            throw unexpected(in: context, expected: "number, duration, step(), or range()")
        }
        advance()
        advance()
        if word == "step" || word == "range" {
            try expect(")", in: word)
            return word == "step" ? .step : .range
        }
        let first = try nestedDuration(minimum: 0, in: word)
        try expect(",", in: word)
        let second = try nestedDuration(minimum: 0, in: word)
        try expect(")", in: word)
        return word == "min_of" ? .minimum(first, second) : .maximum(first, second)
    }

    private mutating func nestedDuration(
        minimum: Int, in context: String
    ) throws(QueryError) -> DurationExpression {
        try enter()
        defer { leave() }
        return try duration(minimum: minimum, in: context)
    }

    /// Refuses what needs the feature while it is off, and literals out of bounds.
    func checkDuration(
        _ duration: DurationExpression, at first: Token, positive: Bool
    ) throws(QueryError) {
        guard duration.isLiteral else {
            guard features.contains(.durationExpressions) else {
                throw error(
                    "experimental duration expression is not enabled "
                        + "(--enable-feature=promql-duration-expr)", at: first)
            }
            return
        }
        do {
            _ = try duration.milliseconds(step: .zero, range: .zero, positive: positive)
        } catch {
            throw self.error(error.message, at: first)
        }
    }
}
