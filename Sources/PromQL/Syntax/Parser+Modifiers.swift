import TimeSeries

/// What follows an operator or an aggregation: `bool`, `on`, `group_left`, `fill`, `by`.
extension Parser {
    mutating func binaryModifiers(
        _ operation: BinaryOperator
    ) throws(QueryError) -> (returnsBool: Bool, matching: VectorMatching) {
        var matching = VectorMatching()
        if operation.isSet { matching.cardinality = .manyToMany }
        let returnsBool = isKeyword("bool") && startsOperand(after: peek())
        if returnsBool { advance() }
        guard (isKeyword("on") || isKeyword("ignoring")) && peek().isMark("(") else {
            try fillModifiers(&matching)
            return (returnsBool, matching)
        }
        matching.isOn = isKeyword("on")
        advance()
        matching.labels = try labelList()
        if isKeyword("group_left") || isKeyword("group_right") {
            guard !operation.isSet else {
                throw error("no grouping allowed for \"\(operation.rawValue)\" operation")
            }
            matching.cardinality = isKeyword("group_left") ? .manyToOne : .oneToMany
            advance()
            if token.isMark("(") { matching.include = try labelList() }
        }
        try fillModifiers(&matching)
        return (returnsBool, matching)
    }

    /// A metric may be called `bool`; as a modifier the word is followed by an operand.
    private func startsOperand(after token: Token) -> Bool {
        switch token.kind {
        case .word:
            let word = token.text.lowercased()
            return BinaryOperator(rawValue: word) == nil && word != "offset"
        case .number, .string: return true
        case .mark: return ["(", "{", "-", "+"].contains(token.text)
        case .end: return false
        }
    }

    private mutating func fillModifiers(_ matching: inout VectorMatching) throws(QueryError) {
        while (isKeyword("fill") || isKeyword("fill_left") || isKeyword("fill_right")) && peek().isMark("(") {
            guard features.contains(.fillModifiers) else {
                throw error(
                    "binop fill modifiers are experimental and not enabled "
                        + "(--enable-feature=promql-binop-fill-modifiers)")
            }
            let word = take().text.lowercased()
            try expect("(", in: word)
            let value = try signedNumber(in: word)
            try expect(")", in: word)
            if word != "fill_right" { matching.fillLeft = value }
            if word != "fill_left" { matching.fillRight = value }
        }
    }

    mutating func signedNumber(in context: String) throws(QueryError) -> Double {
        let isNegative = token.isMark("-")
        if isNegative || token.isMark("+") { advance() }
        guard case .number(let value, _) = token.kind else {
            throw unexpected(in: context, expected: "number")
        }
        advance()
        // A NaN is a NaN, whatever its sign.
        return isNegative && !value.isNaN ? -value : value
    }

    /// `(a, "b.c", d)`, the comma at the end optional.
    mutating func labelList() throws(QueryError) -> [String] {
        var labels: [String] = []
        try expect("(", in: "grouping opts")
        while !token.isMark(")") {
            switch token.kind {
            case .word:
                guard Labels.isLegacyName(token.text) else {
                    throw unexpected(in: "grouping opts", expected: "label")
                }
                labels.append(token.text)
            case .string(let value, nil) where !value.isEmpty: labels.append(value)
            // Words that also are numbers.
            case .number where Labels.isLegacyName(token.text): labels.append(token.text)
            default: throw unexpected(in: "grouping opts", expected: "label")
            }
            advance()
            guard token.isMark(",") else { break }
            advance()
        }
        guard token.isMark(")") else {
            throw unexpected(in: "grouping opts", expected: "\",\" or \")\"")
        }
        advance()
        return labels
    }

    mutating func aggregation(_ operation: AggregationOperator) throws(QueryError) -> Expression {
        let name = take()
        var labels: [String] = []
        var isWithout = false
        var end = name.range
        let hasGrouping = try grouping(&labels, &isWithout, &end)
        let (arguments, close) = try callArguments()
        end = close.range
        if !hasGrouping { _ = try grouping(&labels, &isWithout, &end) }
        let wanted = operation.parameterType == nil ? 1 : 2
        guard arguments.count == wanted else {
            throw error(
                "wrong number of arguments for aggregate expression provided, expected \(wanted), "
                    + "got \(arguments.count)", at: name)
        }
        return .aggregation(
            Aggregation(
                operation: operation, parameter: wanted == 2 ? arguments[0] : nil,
                operand: arguments[wanted - 1], labels: labels, isWithout: isWithout,
                range: name.range.extended(to: end)))
    }

    private mutating func grouping(
        _ labels: inout [String], _ isWithout: inout Bool, _ end: inout SourceRange
    ) throws(QueryError) -> Bool {
        guard isKeyword("by") || isKeyword("without") else { return false }
        isWithout = isKeyword("without")
        advance()
        labels = try labelList()
        end = token.range
        return true
    }
}
