extension Expression {
    /// The canonical text over several lines where one would be longer than 100 characters, as Prometheus'
    /// `/api/v1/format_query` lays it out: two spaces a level.
    package func formatted() -> String { formatted(level: 0) }

    private static let lineLength = 100

    private func formatted(level: Int) -> String {
        let indent = String(repeating: "  ", count: level)
        let line = description
        guard line.utf8.count > Expression.lineLength else { return indent + line }
        switch self {
        case .number, .string, .selector, .matrix: return indent + line
        case .parenthesised(let inner, _):
            return "\(indent)(\n\(inner.formatted(level: level + 1))\n\(indent))"
        case .sign(let node):
            let inner = node.operand.formatted(level: level)
            return indent + (node.isNegative ? "-" : "+") + inner.drop { $0 == " " }
        case .subquery(let node):
            return node.expression.formatted(level: level) + Expression.suffix(of: node)
        case .binary(let node):
            let middle = String(repeating: "  ", count: level)
            let bool = node.returnsBool ? " bool" : ""
            let inner = String(repeating: "  ", count: level + 1)
            return (node.base == "Inf" ? inner + "Inf" : node.left.formatted(level: level + 1))
                + "\n\(middle)\(node.operation.rawValue)\(bool)\(node.matching.modifiers)\n"
                + node.right.formatted(level: level + 1)
        case .aggregation(let node): return wrapped(node.head, level: level)
        case .call(let node): return wrapped(node.function.rawValue, level: level)
        }
    }

    private func wrapped(_ head: String, level: Int) -> String {
        let indent = String(repeating: "  ", count: level)
        let inner = children.map { $0.formatted(level: level + 1) }.joined(separator: ",\n")
        return "\(indent)\(head)(\n\(inner)\n\(indent))"
    }
}
