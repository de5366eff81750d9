import Documents
import PromQL
import TimeSeries

extension JSONWriter {
    /// The tree of a query, as `/api/v1/parse_query` shows it.
    mutating func expression(_ expression: Expression) {
        object { json in
            switch expression {
            case .number(let literal):
                json.field("type", "numberLiteral")
                json.field("val", NumberSyntax.plainText(literal.value))
            case .string(let literal):
                json.field("type", "stringLiteral")
                json.field("val", literal.value)
            case .parenthesised(let inner, _):
                json.part("expr", inner)
                json.field("type", "parenExpr")
            case .sign(let node):
                json.part("expr", node.operand)
                json.field("op", node.isNegative ? "-" : "+")
                json.field("type", "unaryExpr")
            case .selector(let selector): json.selector(selector, window: nil)
            case .matrix(let matrix): json.selector(matrix.selector, window: matrix.window)
            case .subquery(let node):
                json.part("expr", node.expression)
                json.milliseconds("offset", node.offset)
                json.milliseconds("range", node.window)
                json.at(node.at)
                json.milliseconds("step", node.step)
                json.field("type", "subquery")
            case .binary(let node): json.binary(node)
            case .aggregation(let node):
                json.part("expr", node.operand)
                json.key("grouping")
                json.list(node.labels)
                json.field("op", node.operation.rawValue)
                json.key("param")
                if let parameter = node.parameter { json.expression(parameter) } else { json.null() }
                json.field("type", "aggregation")
                json.field("without", node.isWithout)
            case .call(let node): json.call(node)
            }
        }
    }

    private mutating func part(_ name: String, _ expression: Expression) {
        key(name)
        self.expression(expression)
    }

    private mutating func milliseconds(_ name: String, _ duration: DurationExpression?) {
        let value = try? duration?.milliseconds(step: .zero, range: .zero, positive: false)
        key(name)
        integer(value ?? 0)
    }

    private mutating func at(_ at: AtModifier?) {
        key("startOrEnd")
        switch at {
        case .start: string("start")
        case .end: string("end")
        default: null()
        }
        key("timestamp")
        if case .timestamp(let time) = at { integer(time.milliseconds) } else { null() }
    }

    private mutating func selector(_ selector: VectorSelector, window: DurationExpression?) {
        field("anchored", selector.rangeExtension == .anchored)
        key("matchers")
        array { json in
            for matcher in selector.matchers {
                json.object { json in
                    json.field("name", matcher.name)
                    json.field("type", matcher.operation.rawValue)
                    json.field("value", matcher.value)
                }
            }
        }
        field("name", selector.name ?? "")
        milliseconds("offset", selector.offset)
        if let window { milliseconds("range", window) }
        field("smoothed", selector.rangeExtension == .smoothed)
        at(selector.at)
        field("type", window == nil ? "vectorSelector" : "matrixSelector")
    }

    private mutating func binary(_ node: BinaryExpression) {
        field("bool", node.returnsBool)
        part("lhs", node.left)
        key("matching")
        if node.left.type == .vector, node.right.type == .vector {
            let matching = node.matching
            object { json in
                json.field(
                    "card",
                    node.operation.isSet ? "many-to-many" : matching.cardinality.rawValue)
                if matching.fillLeft != nil || matching.fillRight != nil {
                    json.key("fillValues")
                    json.object { json in
                        json.key("lhs")
                        if let left = matching.fillLeft { json.number(left) } else { json.null() }
                        json.key("rhs")
                        if let right = matching.fillRight { json.number(right) } else { json.null() }
                    }
                }
                json.key("include")
                json.list(matching.include)
                json.key("labels")
                json.list(matching.labels)
                json.field("on", matching.isOn)
            }
        } else {
            null()
        }
        field("op", node.operation.rawValue)
        part("rhs", node.right)
        field("type", "binaryExpr")
    }

    private mutating func call(_ node: FunctionCall) {
        key("args")
        array { json in for argument in node.arguments { json.expression(argument) } }
        key("func")
        object { json in
            json.key("argTypes")
            json.list(node.function.parameters.map(\.rawValue))
            json.field("name", node.function.rawValue)
            json.field("returnType", node.function.result.rawValue)
            json.field("variadic", node.function.variadic)
        }
        field("type", "call")
    }
}
