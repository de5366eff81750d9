import TimeSeries

extension NumberLiteral: CustomStringConvertible {
    /// As Prometheus writes it: a duration in its units, a number as Go prints it.
    package var description: String {
        guard isDuration, let milliseconds = Int64(clamping: value * 1000) else {
            return NumberSyntax.text(value)
        }
        let sign = value == 0 && value.sign == .minus ? "-" : ""
        return sign + Duration.milliseconds(milliseconds).prometheusText
    }
}

extension VectorSelector: CustomStringConvertible {
    package var description: String { head + modifiers }

    /// Name and matchers, without modifiers.
    var head: String {
        let isPlain = name.map(Labels.isLegacyMetricName) ?? false
        var parts: [String] = []
        if let name, !isPlain { parts.append(Labels.quoted(name)) }
        for matcher in matchers {
            let isName = matcher.name == "__name__" && matcher.operation == .equal && matcher.value == name
            if !isName { parts.append(VectorSelector.text(matcher)) }
        }
        let braces = parts.isEmpty && isPlain ? "" : "{" + parts.joined(separator: ",") + "}"
        return (isPlain ? name ?? "" : "") + braces
    }

    var modifiers: String {
        (rangeExtension.map { " " + $0.rawValue } ?? "") + Expression.modifiers(at: at, offset: offset)
    }

    private static func text(_ matcher: Matcher) -> String {
        let name = Labels.isLegacyName(matcher.name) ? matcher.name : Labels.quoted(matcher.name)
        return name + matcher.operation.rawValue + Labels.quoted(matcher.value)
    }
}

extension VectorMatching {
    /// What stands between operator and right operand, with a space before.
    var modifiers: String {
        var text = ""
        let isGrouped = cardinality == .manyToOne || cardinality == .oneToMany
        if isOn || !labels.isEmpty || isGrouped {
            text += isOn ? " on" : " ignoring"
            text += " (" + Expression.labelList(labels) + ")"
        }
        if isGrouped {
            text += cardinality == .manyToOne ? " group_left" : " group_right"
            text += " (" + Expression.labelList(include) + ")"
        }
        switch (fillLeft, fillRight) {
        case (let left?, let right?) where left.bitPattern == right.bitPattern:
            text += " fill (\(NumberSyntax.text(left)))"
        case (let left, let right):
            if let left { text += " fill_left (\(NumberSyntax.text(left)))" }
            if let right { text += " fill_right (\(NumberSyntax.text(right)))" }
        }
        return text
    }
}

extension BinaryExpression {
    /// The left operand. A sign before the base of a power would be taken for one before the whole power.
    var base: String {
        guard operation == .power, case .number(let literal) = left, literal.value == .infinity else {
            return left.description
        }
        return "Inf"
    }
}

extension Aggregation {
    /// `sum by (a) `, up to the parenthesis.
    var head: String {
        if isWithout { return "\(operation.rawValue) without (\(Expression.labelList(labels))) " }
        if !labels.isEmpty { return "\(operation.rawValue) by (\(Expression.labelList(labels))) " }
        return operation.rawValue
    }
}

extension Expression: CustomStringConvertible {
    /// The canonical text on one line; reads back to an equal expression.
    package var description: String {
        switch self {
        case .number(let literal): return literal.description
        case .string(let literal):
            return literal.invalidBytes.map(StringSyntax.quoted) ?? Labels.quoted(literal.value)
        case .selector(let selector): return selector.description
        case .matrix(let matrix):
            return matrix.selector.head + "[\(matrix.window)]" + matrix.selector.modifiers
        case .subquery(let subquery):
            return "\(subquery.expression)" + Expression.suffix(of: subquery)
        case .sign(let node): return (node.isNegative ? "-" : "+") + node.operand.description
        case .binary(let node):
            let bool = node.returnsBool ? " bool" : ""
            return node.base + " \(node.operation.rawValue)\(bool)\(node.matching.modifiers) \(node.right)"
        case .aggregation(let node):
            return node.head + "(" + children.map(\.description).joined(separator: ", ") + ")"
        case .call(let node):
            return node.function.rawValue + "("
                + node.arguments.map(\.description).joined(separator: ", ") + ")"
        case .parenthesised(let inner, _): return "(\(inner))"
        }
    }

    /// Brackets and modifiers of a subquery.
    static func suffix(of subquery: Subquery) -> String {
        "[\(subquery.window):\(subquery.step?.description ?? "")]"
            + modifiers(at: subquery.at, offset: subquery.offset)
    }

    static func modifiers(at: AtModifier?, offset: DurationExpression?) -> String {
        var text = ""
        switch at {
        case .timestamp(let time): text += " @ " + Expression.seconds(time)
        case .start: text += " @ start()"
        case .end: text += " @ end()"
        case nil: break
        }
        if let offset { text += " offset \(offset)" }
        return text
    }

    /// Seconds with three decimals, as Prometheus writes them.
    private static func seconds(_ time: Timestamp) -> String {
        let magnitude = time.milliseconds.magnitude
        let fraction = String(magnitude % 1000)
        let padding = String(repeating: "0", count: 3 - fraction.count)
        return (time.milliseconds < 0 ? "-" : "") + "\(magnitude / 1000).\(padding)\(fraction)"
    }

    static func labelList(_ labels: [String]) -> String {
        labels.map { Labels.isLegacyName($0) ? $0 : Labels.quoted($0) }.joined(separator: ", ")
    }
}
