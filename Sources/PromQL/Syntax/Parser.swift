package import TimeSeries

extension Expression {
    /// The longest query in bytes, the deepest nesting of parentheses and the most parts; beyond them a query is refused.
    package static let sizeLimit = 256 << 10
    package static let depthLimit = 128
    package static let nodeLimit = 10_000
    /// The most binary operators; a chain of them nests as deeply as it is long.
    package static let operatorLimit = 500

    /// Reads and checks a query.
    /// - Throws: `.badData` with line and column, in Prometheus' words where it has some.
    package static func parse(
        _ text: String, features: QueryFeatures = []
    ) throws(QueryError) -> Expression {
        var parser = try Parser(text, features: features)
        let expression = try parser.wholeQuery()
        try Checker(features: features).check(expression)
        return expression
    }

    /// Reads a selector such as `up{job="a"}`, as `match[]` takes it.
    package static func parseSelector(_ text: String) throws(QueryError) -> [Matcher] {
        guard case .selector(let selector) = try parse(text), selector.offset == nil, selector.at == nil
        else {
            throw QueryError(.badData, "expected a vector selector, found \(Labels.quoted(text))")
        }
        return selector.matchers
    }
}

/// Recursive descent over the tokens of a query, precedence climbing for operators.
struct Parser {
    let features: QueryFeatures
    private let tokens: [Token]
    private var index = 0
    private var depth = 0
    private var nodes = 0
    private var operators = 0

    init(_ text: String, features: QueryFeatures) throws(QueryError) {
        guard text.utf8.count <= Expression.sizeLimit else {
            throw QueryError(
                .badData,
                "query of \(text.utf8.count) bytes is longer than the limit of \(Expression.sizeLimit)")
        }
        self.features = features
        tokens = try Lexer.tokens(of: text)
    }

    mutating func wholeQuery() throws(QueryError) -> Expression {
        guard token.kind != .end else { throw error("no expression found in input") }
        let expression = try binary(minimum: 0)
        guard token.kind == .end else { throw unexpected() }
        return expression
    }

    // MARK: - Operators

    /// An operand and all operators behind it that bind at least as tightly as `minimum`.
    mutating func binary(minimum: Int) throws(QueryError) -> Expression {
        try enter()
        defer { leave() }
        var left = try signed()
        while let operation = binaryOperator(), operation.precedence >= minimum {
            advance()
            operators += 1
            guard operators <= Expression.operatorLimit else {
                throw error("expression has more operators than the limit of \(Expression.operatorLimit)")
            }
            let modifiers = try binaryModifiers(operation)
            let isRightAssociative = operation == .power
            let right = try binary(minimum: operation.precedence + (isRightAssociative ? 0 : 1))
            left = .binary(
                BinaryExpression(
                    operation: operation, left: left, right: right, returnsBool: modifiers.returnsBool,
                    matching: modifiers.matching, range: left.range.extended(to: right.range)))
        }
        return left
    }

    private func binaryOperator() -> BinaryOperator? {
        switch token.kind {
        case .mark: BinaryOperator(rawValue: token.text)
        case .word: BinaryOperator(rawValue: token.text.lowercased())
        default: nil
        }
    }

    /// A sign and its operand, or an operand alone. A signed number is a number.
    private mutating func signed() throws(QueryError) -> Expression {
        guard token.isMark("-") || token.isMark("+") else { return try postfixed() }
        let sign = take()
        let operand = try binary(minimum: BinaryOperator.signPrecedence + 1)
        let isNegative = sign.text == "-"
        if case .number(var literal) = operand {
            if isNegative { literal.value = -literal.value }
            literal.range = sign.range.extended(to: literal.range)
            return .number(literal)
        }
        return .sign(
            SignedExpression(
                isNegative: isNegative, operand: operand, range: sign.range.extended(to: operand.range)))
    }

    // MARK: - Operands

    private mutating func postfixed() throws(QueryError) -> Expression {
        var expression = try primary()
        while true {
            if token.isMark("[") {
                expression = try bracketed(expression)
            } else if token.isMark("@") {
                expression = try withTimestamp(expression)
            } else if isKeyword("offset") {
                expression = try withOffset(expression)
            } else if isKeyword("anchored") || isKeyword("smoothed") {
                expression = try withExtension(expression)
            } else {
                return expression
            }
            try enter(by: 0)
        }
    }

    private mutating func primary() throws(QueryError) -> Expression {
        let first = token
        switch first.kind {
        case .number(let value, let isDuration):
            advance()
            return .number(NumberLiteral(value: value, isDuration: isDuration, range: first.range))
        case .string(let value, let invalidBytes):
            advance()
            return .string(StringLiteral(value: value, invalidBytes: invalidBytes, range: first.range))
        case .word: return try worded()
        case .mark where first.text == "(":
            advance()
            let inner = try binary(minimum: 0)
            let close = try expect(")", in: "parenthesised expression")
            return .parenthesised(inner, first.range.extended(to: close.range))
        case .mark where first.text == "{": return try selector(named: nil)
        default: throw unexpected()
        }
    }

    /// An aggregation, a function call or a selector, told apart by what follows the word.
    private mutating func worded() throws(QueryError) -> Expression {
        let name = token
        let following = peek()
        if let operation = AggregationOperator(rawValue: name.text.lowercased()) {
            let word = following.kind == .word ? following.text.lowercased() : ""
            if following.isMark("(") || word == "by" || word == "without" {
                return try aggregation(operation)
            }
        }
        guard following.isMark("(") else { return try selector(named: name) }
        guard let function = Function(rawValue: name.text) else {
            throw error("unknown function with name \(Labels.quoted(name.text))", at: name)
        }
        advance()
        let (arguments, close) = try callArguments()
        return .call(
            FunctionCall(
                function: function, arguments: arguments, range: name.range.extended(to: close.range)))
    }

    /// `(a, b)`; the arguments and the closing parenthesis.
    mutating func callArguments() throws(QueryError) -> (arguments: [Expression], close: Token) {
        try expect("(", in: "call")
        var arguments: [Expression] = []
        if token.isMark(")") { return (arguments, take()) }
        while true {
            arguments.append(try binary(minimum: 0))
            guard token.isMark(",") else { break }
            let comma = take()
            if token.isMark(")") {
                throw error("trailing commas not allowed in function call args", at: comma)
            }
        }
        return (arguments, try expect(")", in: "call"))
    }

    // MARK: - Tokens

    var token: Token { tokens[index] }

    func peek() -> Token { tokens[min(index + 1, tokens.count - 1)] }

    mutating func advance() { index = min(index + 1, tokens.count - 1) }

    mutating func take() -> Token {
        let token = token
        advance()
        return token
    }

    func isKeyword(_ keyword: String) -> Bool {
        token.kind == .word && token.text.lowercased() == keyword
    }

    @discardableResult
    mutating func expect(_ mark: String, in context: String) throws(QueryError) -> Token {
        guard token.isMark(mark) else { throw unexpected(in: context, expected: "\"\(mark)\"") }
        return take()
    }

    /// Charges a node, and a level of nesting.
    mutating func enter(by levels: Int = 1) throws(QueryError) {
        depth += levels
        nodes += 1
        guard depth <= Expression.depthLimit else {
            throw error("expression is nested deeper than the limit of \(Expression.depthLimit)")
        }
        guard nodes <= Expression.nodeLimit else {
            throw error("expression has more parts than the limit of \(Expression.nodeLimit)")
        }
    }

    mutating func leave() { depth -= 1 }

    func error(_ message: String, at token: Token? = nil) -> QueryError {
        let range = (token ?? self.token).range
        return QueryError(.badData, message, line: range.line, column: range.column)
    }

    func unexpected(in context: String = "", expected: String = "") -> QueryError {
        error(
            "unexpected \(token.description)" + (context.isEmpty ? "" : " in \(context)")
                + (expected.isEmpty ? "" : ", expected \(expected)"))
    }
}
