import TimeSeries

/// Takes down what an evaluation does, part by part, for `explain`.
struct EvaluationTrace {
    private let now: @Sendable () -> Duration
    /// Parts that are being evaluated, the outermost first, each with the time at which it began.
    private var open: [(step: QueryExplanation.Step, since: Duration)] = []
    /// The outermost part, once it is done.
    private(set) var root: QueryExplanation.Step?

    init(now: @escaping @Sendable () -> Duration) { self.now = now }

    mutating func begin(_ step: QueryExplanation.Step) { open.append((step, now())) }

    /// Ends the part begun last. `input` is nil where it took in what the parts below yielded.
    mutating func end(series: Int, input: Int?, output: Int) {
        guard let (begun, since) = open.popLast() else { return }
        var step = begun
        step.series = series
        step.input = input ?? step.children.reduce(0) { $0 + $1.output }
        step.output = output
        step.elapsed = now() - since
        if open.isEmpty { root = step } else { open[open.count - 1].step.children.append(step) }
    }
}

extension EvaluationTrace {
    mutating func begin(_ node: PlanNode, isKnown: Bool, _ grid: Grid) {
        var step = node.step
        if isKnown { step.operation = "reused" }
        step.steps = grid.count
        begin(step)
    }

    mutating func begin(_ range: RangePlan) {
        var step = range.step
        step.steps = range.references.count
        begin(step)
    }

    mutating func end(_ result: Operand, input: Int?) {
        switch result {
        case .scalar(let values): end(series: 1, input: input, output: values.count)
        case .string: end(series: 1, input: input, output: 1)
        case .vector(let vector): end(series: vector.rows, input: input, output: vector.cells.count)
        }
    }
}

extension PlanNode {
    /// What the node does, before it is done. Only leaves carry their text: that of every part would grow with the
    /// square of a deep query.
    var step: QueryExplanation.Step {
        typealias Step = QueryExplanation.Step
        switch self {
        case .constant(let value): return Step(operation: "constant", expression: NumberSyntax.text(value))
        case .string(let literal):
            return Step(
                operation: "string", expression: Expression.string(literal).description,
                source: literal.range.offsets)
        case .selector(let plan):
            return Step(
                operation: "selector", expression: Expression.selector(plan.selector).description,
                source: plan.selector.range.offsets)
        case .range(let range): return range.step
        case .negated: return Step(operation: "negate")
        case .binary(let binary, _, _):
            let operation =
                binary.operation.rawValue + (binary.returnsBool ? " bool" : "") + binary.matching.modifiers
            return Step(operation: operation, source: binary.range.offsets)
        case .aggregation(let aggregation, _, _):
            let head = aggregation.head
            return Step(
                operation: head.last == " " ? String(head.dropLast()) : head,
                source: aggregation.range.offsets)
        case .call(let call, _), .rangeCall(let call, _, _), .info(let call, _, _):
            return Step(operation: call.function.rawValue, source: call.range.offsets)
        case .shared: return Step(operation: "shared")
        case .once: return Step(operation: "once")
        }
    }
}

extension RangePlan {
    /// The selector or subquery with its window as it came out.
    var step: QueryExplanation.Step {
        let length = Duration.milliseconds(window).prometheusText
        switch source {
        case .selector(_, let selector, _):
            return QueryExplanation.Step(
                operation: "range selector",
                expression: selector.head + "[\(length)]" + selector.modifiers,
                source: position.offsets)
        case .subquery(_, let inner, _):
            let step = Duration.milliseconds(inner.step).prometheusText
            return QueryExplanation.Step(
                operation: "subquery", expression: "[\(length):\(step)]", source: position.offsets)
        }
    }
}
