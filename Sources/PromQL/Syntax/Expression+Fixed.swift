package import TimeSeries

extension Expression {
    /// With `@` at selectors and subqueries that have none; what is within a subquery stays as it is.
    /// - Parameter time: the moment for a selector, or for all within a subquery; nil where it stays as it is.
    package func fixed(at time: ([VectorSelector]) -> Timestamp?) -> Expression {
        switch self {
        case .number, .string: return self
        case .selector(let selector): return .selector(selector.fixed(at: time))
        case .matrix(var matrix):
            matrix.selector = matrix.selector.fixed(at: time)
            return .matrix(matrix)
        case .subquery(var subquery):
            subquery.at = subquery.at ?? time(subquery.expression.selectors).map { .timestamp($0) }
            return .subquery(subquery)
        case .sign(var node):
            node.operand = node.operand.fixed(at: time)
            return .sign(node)
        case .binary(var node):
            node.left = node.left.fixed(at: time)
            node.right = node.right.fixed(at: time)
            return .binary(node)
        case .aggregation(var node):
            node.operand = node.operand.fixed(at: time)
            node.parameter = node.parameter?.fixed(at: time)
            return .aggregation(node)
        case .call(var node):
            let labels = node.function == .info ? node.arguments.dropFirst() : []
            node.arguments =
                (labels.isEmpty ? node.arguments[...] : node.arguments.prefix(1)).map {
                    $0.fixed(at: time)
                } + labels
            return .call(node)
        case .parenthesised(let inner, let range): return .parenthesised(inner.fixed(at: time), range)
        }
    }
}

extension VectorSelector {
    fileprivate func fixed(at time: ([VectorSelector]) -> Timestamp?) -> VectorSelector {
        var copy = self
        copy.at = at ?? time([self]).map { .timestamp($0) }
        return copy
    }
}
