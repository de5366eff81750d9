import TimeSeries

/// Refuses expressions that cannot be evaluated whatever the data: wrong types, wrong numbers of arguments,
/// features that are off.
struct Checker {
    let features: QueryFeatures

    func check(_ expression: Expression) throws(QueryError) {
        switch expression {
        case .number, .string: break
        case .parenthesised(let inner, _): try check(inner)
        case .selector(let selector):
            if selector.rangeExtension == .anchored {
                throw error("anchored modifier can only be used with range selectors", expression)
            }
            try check(selector)
        case .matrix(let matrix): try check(matrix.selector)
        case .subquery(let subquery):
            try check(subquery.expression)
            guard subquery.expression.type == .vector else {
                throw error(
                    "subquery is only allowed on instant vector, got "
                        + "\(subquery.expression.type.documentedName) instead", expression)
            }
        case .sign(let node):
            try check(node.operand)
            guard node.operand.type == .scalar || node.operand.type == .vector else {
                throw error(
                    "unary expression only allowed on expressions of type scalar or instant vector, got "
                        + "\"\(node.operand.type.documentedName)\"", expression)
            }
        case .binary(let node): try check(node, expression)
        case .aggregation(let node): try check(node, expression)
        case .call(let node): try check(node, expression)
        }
    }

    private func check(_ selector: VectorSelector) throws(QueryError) {
        guard selector.matchers.contains(where: { !$0.matches("") }) else {
            throw error(
                "vector selector must contain at least one non-empty matcher", .selector(selector))
        }
    }

    private func check(_ node: BinaryExpression, _ expression: Expression) throws(QueryError) {
        try check(node.left)
        try check(node.right)
        let operation = node.operation
        guard !node.returnsBool || operation.isComparison else {
            throw error("bool modifier can only be used on comparison operators", expression)
        }
        for side in [node.left, node.right] where side.type != .scalar && side.type != .vector {
            throw error("binary expression must contain only scalar and instant vector types", side)
        }
        let areScalars = node.left.type == .scalar && node.right.type == .scalar
        guard !areScalars || node.returnsBool || !operation.isComparison else {
            throw error("comparisons between scalars must use BOOL modifier", expression)
        }
        let matching = node.matching
        if matching.isOn, let both = matching.labels.first(where: matching.include.contains) {
            throw error("label \"\(both)\" must not occur in ON and GROUP clause at once", expression)
        }
        let hasFill = matching.fillLeft != nil || matching.fillRight != nil
        guard node.left.type == .vector, node.right.type == .vector else {
            guard matching.labels.isEmpty, !matching.isOn, matching.include.isEmpty else {
                throw error("vector matching only allowed between instant vectors", expression)
            }
            guard !hasFill else {
                throw error("filling in missing series only allowed between instant vectors", expression)
            }
            guard !operation.isSet else {
                throw error(
                    "set operator \"\(operation.rawValue)\" not allowed in binary scalar expression",
                    expression)
            }
            return
        }
        guard !operation.isSet || !hasFill else {
            throw error("filling in missing series not allowed for set operators", expression)
        }
    }

    private func check(_ node: Aggregation, _ expression: Expression) throws(QueryError) {
        let name = node.operation.rawValue
        if node.operation.isExperimental { try requireExperimental(name, "aggregation", expression) }
        try check(node.operand)
        try expect(.vector, node.operand, "aggregation expression")
        if let parameter = node.parameter, let type = node.operation.parameterType {
            try check(parameter)
            try expect(type, parameter, "aggregation parameter")
        }
    }

    private func check(_ node: FunctionCall, _ expression: Expression) throws(QueryError) {
        let function = node.function
        let name = function.rawValue
        if function.isExtension, features.contains(.strictPrometheus) {
            throw error("unknown function with name \(Labels.quoted(name))", expression)
        }
        if function.isExperimental { try requireExperimental(name, "function", expression) }
        if function == .startTimestamp, !features.contains(.startTimestamps) {
            throw error(
                "function \"start_timestamp\" is not enabled (--enable-feature=use-start-timestamps)",
                expression)
        }
        let parameters = function.parameters
        let count = node.arguments.count
        if function.variadic == 0 {
            guard count == parameters.count else {
                throw error(
                    "expected \(parameters.count) argument(s) in call to \"\(name)\", got \(count)",
                    expression)
            }
        } else {
            // One parameter is listed that may be absent.
            let least = parameters.count - 1
            guard count >= least else {
                throw error(
                    "expected at least \(least) argument(s) in call to \"\(name)\", got \(count)", expression)
            }
            let most = least + function.variadic
            guard function.variadic < 0 || count <= most else {
                throw error(
                    "expected at most \(most) argument(s) in call to \"\(name)\", got \(count)", expression)
            }
        }
        for (index, argument) in node.arguments.enumerated() {
            try checkArgument(argument, index, of: function)
            try expect(
                parameters[min(index, parameters.count - 1)], argument, "call to function \"\(name)\"")
        }
    }

    private func checkArgument(
        _ argument: Expression, _ index: Int, of function: Function
    ) throws(QueryError) {
        if function == .info, index == 1 {
            // The second argument lists label matchers in a selector's clothes, which may well match anything.
            guard case .selector(let selector) = argument, selector.offset == nil, selector.at == nil else {
                throw error("expected label selectors as the second argument to \"info\"", argument)
            }
            guard selector.name == nil else {
                throw error("expected label selectors only, got vector selector instead", argument)
            }
            return
        }
        try check(argument)
        guard case .matrix(let matrix) = argument.unwrapped, let used = matrix.selector.rangeExtension else {
            return
        }
        let allowed: [Function] =
            used == .anchored
            ? [.changes, .delta, .increase, .rate, .resets] : [.delta, .increase, .rate]
        guard allowed.contains(function) else {
            throw error(
                "\(used.rawValue) modifier can only be used with: "
                    + allowed.map(\.rawValue).joined(separator: ", ") + " - not with \(function.rawValue)",
                argument)
        }
    }

    private func requireExperimental(
        _ name: String, _ what: String, _ expression: Expression
    ) throws(QueryError) {
        guard features.contains(.experimentalFunctions) else {
            throw error(
                "\(what) \"\(name)\" is experimental and not enabled "
                    + "(--enable-feature=promql-experimental-functions)", expression)
        }
    }

    private func expect(
        _ type: ValueType, _ expression: Expression, _ context: String
    ) throws(QueryError) {
        guard expression.type == type else {
            throw error(
                "expected type \(type.documentedName) in \(context), got \(expression.type.documentedName)",
                expression)
        }
    }

    private func error(_ message: String, _ expression: Expression) -> QueryError {
        QueryError(.badData, message, line: expression.range.line, column: expression.range.column)
    }
}
