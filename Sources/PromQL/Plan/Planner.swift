import Glibc
import TimeSeries

/// Makes a `Plan` of an expression and the steps at which it is wanted.
struct Planner {
    private let range: EvaluationRange
    private let lookback: Int64
    private let defaultSubqueryStep: Int64
    private var selections: [Selection] = []
    /// How often each selection is read, and which ones series by series.
    private var readings: [Int] = []
    private var readByRow: Set<Int> = []
    /// Whether what is being planned is read by `histogram_count` and the like.
    private var detectsResets = false
    /// Range vectors begin so much earlier as their end lies after a multiple of this; 0 where as written.
    private var alignment: Int64 = 0
    /// The function whose range vector is being planned.
    private var reader: Function?
    private var common: CommonParts

    private init(
        _ expression: Expression, _ range: EvaluationRange, lookback: Duration, subqueryStep: Duration
    ) {
        common = CommonParts(of: expression)
        self.range = range
        self.lookback = lookback.milliseconds
        defaultSubqueryStep = max(1, subqueryStep.milliseconds)
    }

    static func plan(
        _ expression: Expression, over range: EvaluationRange, lookback: Duration, subqueryStep: Duration
    ) throws(QueryError) -> Plan {
        var planner = Planner(expression, range, lookback: lookback, subqueryStep: subqueryStep)
        let grid = Grid(
            start: range.start.milliseconds, step: max(1, range.step.milliseconds), count: range.stepCount)
        let root = try planner.node(expression, grid)
        return Plan(
            root: root, grid: grid, selections: planner.selections,
            inPieces: planner.readByRow.filter { planner.readings[$0] == 1 })
    }

    // MARK: - Nodes

    /// The node of an expression, wrapped where it is the same at every step.
    private mutating func node(_ expression: Expression, _ grid: Grid) throws(QueryError) -> PlanNode {
        let isInvariant = grid.count > 1 && isInvariant(expression)
        let node = try bare(expression, isInvariant ? grid.first : grid)
        switch node {
        case .constant, .string, .range: return node
        default: break
        }
        let whole = isInvariant ? PlanNode.once(node) : node
        let number = common.number(of: expression, grid, detectsResets: detectsResets)
        return number.map { .shared($0, whole) } ?? whole
    }

    private mutating func bare(_ expression: Expression, _ grid: Grid) throws(QueryError) -> PlanNode {
        switch expression {
        case .number(let literal): return .constant(literal.value)
        case .string(let literal): return .string(literal)
        case .parenthesised(let inner, _): return try node(inner, grid)
        case .selector(let selector): return .selector(try plan(selector, grid))
        case .matrix, .subquery: return .range(try rangePlan(expression, grid))
        case .sign(let sign):
            let operand = try node(sign.operand, grid)
            guard sign.isNegative else { return operand }
            if case .constant(let value) = operand { return .constant(-value) }
            return .negated(operand)
        case .binary(let binary):
            let left = try node(binary.left, grid)
            let right = try node(binary.right, grid)
            if case .constant(let a) = left, case .constant(let b) = right {
                return .constant(Arithmetic.scalar(binary.operation, a, b))
            }
            return .binary(binary, left, right)
        case .aggregation(let aggregation):
            let parameter: PlanNode? =
                if let parameter = aggregation.parameter { try node(parameter, grid) } else { nil }
            return .aggregation(aggregation, parameter: parameter, try node(aggregation.operand, grid))
        case .call(let call): return try plan(call, grid)
        }
    }

    private mutating func plan(_ call: FunctionCall, _ grid: Grid) throws(QueryError) -> PlanNode {
        if let constant = constant(call) { return .constant(constant) }
        let outer = (detectsResets, alignment)
        defer { (detectsResets, alignment) = outer }
        alignment = call.function.isExtension ? ForecastHistory.alignment : 0
        switch call.function {
        case .histogramCount, .histogramSum, .histogramAvg: detectsResets = true
        case .histogramQuantile, .histogramQuantiles, .histogramFraction: detectsResets = false
        default: break
        }
        if call.function == .info { return try planInfo(call, grid) }
        var source: RangePlan?
        var arguments: [PlanNode] = []
        for argument in call.arguments {
            if argument.type == .matrix {
                reader = call.function
                defer { reader = nil }
                source = try rangePlan(argument.unwrapped, grid)
            } else {
                arguments.append(try node(argument, grid))
            }
        }
        if let source { return .rangeCall(call, source, arguments) }
        if call.function == .minOf || call.function == .maxOf, case .constant(let a) = arguments[0],
            case .constant(let b) = arguments[1]
        {
            return .constant(call.function == .minOf ? Arithmetic.least(a, b) : Arithmetic.greatest(a, b))
        }
        return .call(call, arguments)
    }

    private func constant(_ call: FunctionCall) -> Double? {
        switch call.function {
        case .pi: .pi
        case .start: range.start.seconds
        case .end: range.end.seconds
        case .step: range.isInstant ? 0 : Double(range.step.milliseconds) / 1000
        case .range: Double((range.end - range.start).milliseconds) / 1000
        default: nil
        }
    }

    // MARK: - Selectors

    private mutating func plan(_ selector: VectorSelector, _ grid: Grid) throws(QueryError) -> SelectorPlan {
        let references = try references(selector.offset, selector.at, grid)
        let after = selector.rangeExtension == .smoothed ? lookback : 0
        let isMoment = references.start == references.last
        let selection = select(
            selector.matchers, from: references.start &- lookback &+ 1, to: references.last &+ after,
            use: isMoment && selector.rangeExtension == nil && !detectsResets ? .newest : .moments)
        if selector.rangeExtension == nil { readByRow.insert(selection) }
        return SelectorPlan(
            selection: selection, references: references, selector: selector, detectsResets: detectsResets)
    }

    private mutating func rangePlan(_ expression: Expression, _ grid: Grid) throws(QueryError) -> RangePlan {
        let function = reader
        reader = nil
        switch expression.unwrapped {
        case .matrix(let matrix):
            let selector = matrix.selector
            let references = try references(selector.offset, selector.at, grid)
            let window = try milliseconds(matrix.window, positive: true)
            let before = selector.rangeExtension == nil ? 0 : lookback
            let after = selector.rangeExtension == .smoothed ? lookback : 0
            let selection = select(
                selector.matchers, from: begin(references) &- window &- before &+ 1,
                to: references.last &+ after,
                use: Planner.use(selector.rangeExtension == nil ? function : nil, references, window))
            if let function, !function.isExtension, function != .absentOverTime {
                readByRow.insert(selection)
            }
            return RangePlan(
                source: .selector(selection: selection, selector, detectsResets: detectsResets),
                references: references, window: window,
                position: matrix.range)
        case .subquery(let subquery):
            let references = try references(subquery.offset, subquery.at, grid)
            let window = try milliseconds(subquery.window, positive: true)
            let step =
                if let step = subquery.step { try milliseconds(step, positive: true) } else {
                    defaultSubqueryStep
                }
            let inner = try Planner.innerGrid(
                from: begin(references) &- window, to: references.last, step: max(1, step))
            let outer = (detectsResets, alignment)
            (detectsResets, alignment) = (false, 0)
            defer { (detectsResets, alignment) = outer }
            let node = try node(subquery.expression, inner)
            return RangePlan(
                source: .subquery(node, inner, subquery), references: references, window: window,
                position: subquery.range)
        default:
            throw QueryError(.internalError, "expected a range vector, found \(expression)")
        }
    }

    /// The end of the earliest window, or what it is aligned to.
    private func begin(_ references: Grid) -> Int64 {
        alignment > 0 ? ForecastHistory.aligned(references.start) : references.start
    }

    /// The multiples of `step` that lie in any of the windows: after `before`, up to `last`.
    private static func innerGrid(
        from before: Int64, to last: Int64, step: Int64
    ) throws(QueryError) -> Grid {
        let quotient = before / step - (before % step < 0 ? 1 : 0)
        let first = (quotient &+ 1) &* step
        let span = last &- first
        guard span >= 0 else { return Grid(start: first, step: step, count: 0) }
        return Grid(start: first, step: step, count: Int(min(.max - 1, span / step)) + 1)
    }

    private func references(
        _ offset: DurationExpression?, _ at: AtModifier?, _ grid: Grid
    ) throws(QueryError) -> Grid {
        let back: Int64 = if let offset { try milliseconds(offset, positive: false) } else { 0 }
        switch at {
        case nil: return grid.moved(back: back)
        case .timestamp(let time): return grid.fixed(at: time.milliseconds &- back)
        case .start: return grid.fixed(at: range.start.milliseconds &- back)
        case .end: return grid.fixed(at: range.end.milliseconds &- back)
        }
    }

    private func milliseconds(
        _ duration: DurationExpression, positive: Bool
    ) throws(QueryError) -> Int64 {
        try duration.milliseconds(
            step: range.isInstant ? .zero : range.step, range: range.end - range.start, positive: positive)
    }

    /// What a function makes of the samples in its windows.
    private static func use(_ function: Function?, _ references: Grid, _ window: Int64) -> SampleUse {
        guard let function, RollupFunction.supports(function) else { return .moments }
        let step = references.count > 1 ? references.step : 0
        let ends = SampleUse.greatestCommonDivisor(references.start, step)
        return SampleUse(
            alignment: SampleUse.greatestCommonDivisor(ends, window),
            isExact: RollupFunction.isExact(function), readsSketches: function == .quantileOverTime)
    }

    /// The index of a selection that covers this; equal conditions with overlapping ranges share one.
    private mutating func select(
        _ matchers: [Matcher], from start: Int64, to end: Int64, use: SampleUse = .moments
    ) -> Int {
        let start = Timestamp(milliseconds: start)
        let end = max(start, Timestamp(milliseconds: end))
        for index in selections.indices where selections[index].matchers == matchers {
            let known = selections[index].range
            guard known.overlaps(start...end) else { continue }
            selections[index].use = selections[index].use.map { $0.joined(with: use) } ?? use
            if known != start...end { selections[index].use?.readsNewest = false }
            selections[index].range = min(known.lowerBound, start)...max(known.upperBound, end)
            readings[index] += 1
            return index
        }
        selections.append(Selection(matchers, in: start...end, use: use))
        readings.append(1)
        return selections.count - 1
    }

    // MARK: - Info

    private mutating func planInfo(_ call: FunctionCall, _ grid: Grid) throws(QueryError) -> PlanNode {
        let base = call.arguments[0]
        var matchers: [Matcher] = []
        if call.arguments.count > 1, case .selector(let selector) = call.arguments[1] {
            matchers = selector.matchers.filter { $0.name != "__name__" }
        }
        matchers += try Planner.infoNames(call)
        let references = try infoReferences(base, grid)
        let selection = select(
            matchers, from: references.start &- lookback &+ 1, to: references.last)
        let reading = VectorSelector(
            name: nil, matchers: matchers, offset: nil, at: nil, rangeExtension: nil, range: base.range)
        let operand = try node(base, grid)
        return .info(
            call, operand, SelectorPlan(selection: selection, references: references, selector: reading))
    }

    /// The conditions on the names of info metrics: `target_info` where there are none, any `_info` where they only exclude.
    static func infoNames(_ call: FunctionCall) throws(QueryError) -> [Matcher] {
        var matchers: [Matcher] = []
        if call.arguments.count > 1, case .selector(let selector) = call.arguments[1] {
            matchers = selector.matchers.filter { $0.name == "__name__" }
        }
        if matchers.isEmpty { return [Matcher(equal: "__name__", "target_info")] }
        guard matchers.allSatisfy({ $0.operation == .notEqual || $0.operation == .notRegex }) else {
            return matchers
        }
        do {
            return matchers + [try Matcher("__name__", .regex, ".+_info")]
        } catch {
            throw QueryError(.internalError, error.description)
        }
    }

    /// The moments that the first selector of an expression refers to, through the subqueries around it. As Prometheus has
    /// it, the parameter of an aggregation comes behind what is aggregated.
    private func infoReferences(_ expression: Expression, _ grid: Grid) throws(QueryError) -> Grid {
        switch expression {
        case .selector(let selector): return try references(selector.offset, selector.at, grid)
        case .matrix(let matrix): return try references(matrix.selector.offset, matrix.selector.at, grid)
        case .subquery(let subquery):
            return try infoReferences(
                subquery.expression, try references(subquery.offset, subquery.at, grid))
        case .aggregation(let aggregation) where !aggregation.operand.selectors.isEmpty:
            return try infoReferences(aggregation.operand, grid)
        default:
            guard let child = expression.children.first(where: { !$0.selectors.isEmpty }) else { return grid }
            return try infoReferences(child, grid)
        }
    }

    // MARK: - Invariance

    /// Whether the value does not depend on the step.
    private func isInvariant(_ expression: Expression) -> Bool {
        switch expression {
        case .number, .string: true
        case .parenthesised(let inner, _): isInvariant(inner)
        case .selector(let selector): selector.at != nil
        case .matrix(let matrix): matrix.selector.at != nil
        case .subquery(let subquery): subquery.at != nil
        case .sign(let sign): isInvariant(sign.operand)
        case .binary(let binary): isInvariant(binary.left) && isInvariant(binary.right)
        case .aggregation(let aggregation):
            isInvariant(aggregation.operand) && aggregation.parameter.map(isInvariant) ?? true
        case .call(let call):
            !Planner.dependOnTime.contains(call.function) && call.arguments.allSatisfy(isInvariant)
        }
    }

    /// What reads the time of the step even where its arguments are the same at each.
    static let dependOnTime: Set<Function> = [
        .daysInMonth, .dayOfMonth, .dayOfWeek, .dayOfYear, .hour, .minute, .month, .year, .predictLinear,
        .time,
        .timestamp, .startTimestamp,
    ]
}
