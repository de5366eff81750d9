import TimeSeries

/// Selectors, ranges, subqueries and their modifiers.
extension Parser {
    mutating func selector(named name: Token?) throws(QueryError) -> Expression {
        var selector = VectorSelector(
            name: name?.text, matchers: [], offset: nil, at: nil, rangeExtension: nil, range: token.range)
        if name != nil { advance() }
        var quotedName: String?
        if token.isMark("{") {
            advance()
            while !token.isMark("}") {
                try matcher(into: &selector, &quotedName)
                guard token.isMark(",") else { break }
                advance()
            }
            guard token.isMark("}") else {
                throw unexpected(in: "label matching", expected: "\",\" or \"}\"")
            }
            selector.range = selector.range.extended(to: take().range)
        }
        if let quotedName {
            if let written = selector.name {
                throw self.error(
                    "metric name must not be set twice: \(Labels.quoted(written)) or \(Labels.quoted(quotedName))"
                )
            }
            selector.name = quotedName
            // Behind the others, as for a name in front, so that both ways to write it mean the same.
            selector.matchers.append(Matcher(equal: "__name__", quotedName))
        }
        if let written = name?.text {
            if let twice = selector.matchers.first(where: { $0.name == "__name__" && $0.operation == .equal })
            {
                throw error(
                    "metric name must not be set twice: \(Labels.quoted(written)) or \(Labels.quoted(twice.value))"
                )
            }
            selector.matchers.append(Matcher(equal: "__name__", written))
        }
        return .selector(selector)
    }

    private mutating func matcher(
        into selector: inout VectorSelector, _ quotedName: inout String?
    ) throws(QueryError) {
        let label: String
        switch token.kind {
        case .word: label = token.text
        case .string(let value, nil):
            label = value
            if !["=", "!=", "=~", "!~"].contains(peek().text) || peek().kind != .mark {
                if let quotedName {
                    throw error(
                        "metric name must not be set twice: \(Labels.quoted(quotedName)) or \(Labels.quoted(value))"
                    )
                }
                quotedName = value
                advance()
                return
            }
        default: throw unexpected(in: "label matching", expected: "identifier or \"}\"")
        }
        advance()
        guard token.kind == .mark, let operation = Matcher.Operation(rawValue: token.text) else {
            throw unexpected(in: "label matching", expected: "label matching operator")
        }
        advance()
        guard case .string(let value, let invalid) = token.kind else {
            throw unexpected(in: "label matching", expected: "string")
        }
        guard invalid == nil else { throw error("invalid UTF-8 in label value") }
        do {
            selector.matchers.append(try Matcher(label, operation, value))
        } catch {
            throw self.error(error.description)
        }
        advance()
    }

    /// `[5m]`, `[5m:1m]`, `[5m:]`.
    mutating func bracketed(_ operand: Expression) throws(QueryError) -> Expression {
        let open = take()
        let window = try bracketDuration(in: "subquery or range")
        if token.isMark("]") {
            let close = take()
            guard case .selector(let selector) = operand else {
                throw error("ranges only allowed for vector selectors", at: open)
            }
            guard selector.offset == nil else {
                throw error("no offset modifiers allowed before range", at: open)
            }
            guard selector.at == nil else { throw error("no @ modifiers allowed before range", at: open) }
            return .matrix(
                MatrixSelector(
                    selector: selector, window: window, range: operand.range.extended(to: close.range)))
        }
        guard token.isMark(":") else {
            throw unexpected(in: "subquery or range", expected: "\":\" or \"]\"")
        }
        advance()
        let step = token.isMark("]") ? nil : try bracketDuration(in: "subquery selector")
        guard token.isMark("]") else { throw unexpected(in: "subquery selector", expected: "\"]\"") }
        return .subquery(
            Subquery(
                expression: operand, window: window, step: step,
                range: operand.range.extended(to: take().range)))
    }

    private mutating func bracketDuration(in context: String) throws(QueryError) -> DurationExpression {
        let first = token
        let duration = try self.duration(minimum: 0, in: context)
        try checkDuration(duration, at: first, positive: true)
        return duration
    }

    mutating func withOffset(_ operand: Expression) throws(QueryError) -> Expression {
        let keyword = take()
        let first = token
        let offset = try signedDuration(in: "offset")
        try checkDuration(offset, at: first, positive: false)
        return try modified(operand, keyword, "offset modifier") { node throws(QueryError) in
            guard node.offset == nil else {
                throw error("offset may not be set multiple times", at: keyword)
            }
            node.offset = offset
        }
    }

    mutating func withTimestamp(_ operand: Expression) throws(QueryError) -> Expression {
        let keyword = take()
        let modifier: AtModifier
        if (isKeyword("start") || isKeyword("end")) && peek().isMark("(") {
            modifier = isKeyword("start") ? .start : .end
            advance()
            advance()
            try expect(")", in: "@")
        } else {
            let seconds = try signedNumber(in: "@")
            guard seconds.isFinite, abs(seconds) < 9.2e15, let time = Timestamp(seconds: seconds) else {
                throw error(
                    "timestamp out of bounds for @ modifier: \(NumberSyntax.plainText(seconds))", at: keyword)
            }
            modifier = .timestamp(time)
        }
        return try modified(operand, keyword, "@ modifier") { node throws(QueryError) in
            guard node.at == nil else {
                throw error("@ <timestamp> may not be set multiple times", at: keyword)
            }
            node.at = modifier
        }
    }

    mutating func withExtension(_ operand: Expression) throws(QueryError) -> Expression {
        let keyword = take()
        let word = keyword.text.lowercased()
        guard features.contains(.extendedRangeSelectors) else {
            throw error(
                "\(word) modifier is experimental and not enabled "
                    + "(--enable-feature=promql-extended-range-selectors)", at: keyword)
        }
        switch operand {
        case .selector(var selector) where selector.rangeExtension == nil:
            selector.rangeExtension = RangeExtension(rawValue: word)
            return .selector(selector)
        case .matrix(var matrix) where matrix.selector.rangeExtension == nil:
            matrix.selector.rangeExtension = RangeExtension(rawValue: word)
            return .matrix(matrix)
        default:
            throw error(
                "\(word) modifier must be preceded by an instant or range selector without such a modifier",
                at: keyword)
        }
    }

    /// The modifiable part of a selector, range or subquery.
    private struct Modifiers {
        var offset: DurationExpression?
        var at: AtModifier?
    }

    private func modified(
        _ operand: Expression, _ keyword: Token, _ what: String,
        _ change: (inout Modifiers) throws(QueryError) -> Void
    ) throws(QueryError) -> Expression {
        switch operand {
        case .selector(var node):
            var modifiers = Modifiers(offset: node.offset, at: node.at)
            try change(&modifiers)
            (node.offset, node.at) = (modifiers.offset, modifiers.at)
            return .selector(node)
        case .matrix(var node):
            var modifiers = Modifiers(offset: node.selector.offset, at: node.selector.at)
            try change(&modifiers)
            (node.selector.offset, node.selector.at) = (modifiers.offset, modifiers.at)
            return .matrix(node)
        case .subquery(var node):
            var modifiers = Modifiers(offset: node.offset, at: node.at)
            try change(&modifiers)
            (node.offset, node.at) = (modifiers.offset, modifiers.at)
            return .subquery(node)
        default:
            throw error(
                "\(what) must be preceded by an instant vector selector or range vector selector or a subquery",
                at: keyword)
        }
    }
}
