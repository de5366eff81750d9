package import PromQL
import TimeSeries

/// PromQL at one moment, written to be obviously right and nothing else: no columns, no shared windows, no
/// compensation, everything looked up anew.
package struct ReferenceEvaluator {
    typealias Vector = ReferenceValue.Vector

    package var series: [ReferenceSeries]
    /// Of the whole query, for `@ start()` and `@ end()`.
    package var start: Int64
    package var end: Int64
    var lookback: Int64 = 300_000

    package init(series: [ReferenceSeries], from start: Int64, to end: Int64) {
        self.series = series
        self.start = start
        self.end = end
    }

    package func evaluate(_ expression: Expression, at time: Int64) throws -> ReferenceValue {
        switch expression {
        case .number(let literal): return .scalar(literal.value)
        case .parenthesised(let inner, _): return try evaluate(inner, at: time)
        case .selector(let selector):
            if selector.rangeExtension == .smoothed { return .vector(try smoothed(selector, at: time)) }
            return .vector(try instant(selector, at: time).mapValues(\.value))
        case .sign(let sign):
            let value = try evaluate(sign.operand, at: time)
            guard sign.isNegative else { return value }
            if case .scalar(let number) = value { return .scalar(-number) }
            return .vector(
                try renamed(value.vector) { element in
                    switch element {
                    case .float(let value): .float(-value)
                    case .histogram(let histogram): .histogram(histogram.scaled { -$0 })
                    }
                })
        case .binary(let binary):
            return try ReferenceBinary(expression: binary).evaluate(
                try evaluate(binary.left, at: time), try evaluate(binary.right, at: time))
        case .aggregation(let aggregation): return .vector(try aggregate(aggregation, at: time))
        case .call(let call): return try evaluate(call, at: time)
        default: throw ReferenceError.unsupported
        }
    }

    // MARK: - Selectors

    func matching(_ matchers: [Matcher]) -> [ReferenceSeries] {
        series.filter { series in matchers.allSatisfy { $0.matches(series.labels[$0.name] ?? "") } }
    }

    func reference(_ offset: DurationExpression?, _ at: AtModifier?, _ time: Int64) throws -> Int64 {
        var time = time
        switch at {
        case .timestamp(let fixed): time = fixed.milliseconds
        case .start: time = start
        case .end: time = end
        case nil: break
        }
        return time - (try offset?.milliseconds(step: .zero, range: .zero, positive: false) ?? 0)
    }

    /// The newest sample of each series, unless it says that there are no more.
    func instant(
        _ selector: VectorSelector, at time: Int64
    ) throws -> [[String: String]: ReferenceSeries.Sample] {
        newest(selector.matchers, at: try reference(selector.offset, selector.at, time))
    }

    func newest(_ matchers: [Matcher], at time: Int64) -> [[String: String]: ReferenceSeries.Sample] {
        var result: [[String: String]: ReferenceSeries.Sample] = [:]
        for series in matching(matchers) {
            let last = series.samples.last { $0.time <= time }
            if let last, last.time > time - lookback, !isStale(last.value) { result[series.labels] = last }
        }
        return result
    }

    func isStale(_ value: ReferenceNumber) -> Bool { value.float.map(Marker.isStale) ?? false }

    /// The samples of each series in a window, with the window's end and length.
    private func range(
        _ expression: Expression, at time: Int64
    ) throws -> (series: [ReferenceSeries], end: Int64, window: Int64) {
        switch expression.unwrapped {
        case .matrix(let matrix):
            let end = try reference(matrix.selector.offset, matrix.selector.at, time)
            let window = try matrix.window.milliseconds(step: .zero, range: .zero, positive: true)
            let found = matching(matrix.selector.matchers).map { series in
                ReferenceSeries(
                    labels: series.labels,
                    samples: series.samples.filter {
                        $0.time > end - window && $0.time <= end && !isStale($0.value)
                    })
            }
            return (found.filter { !$0.samples.isEmpty }, end, window)
        case .subquery(let subquery):
            let end = try reference(subquery.offset, subquery.at, time)
            let window = try subquery.window.milliseconds(step: .zero, range: .zero, positive: true)
            let step = try step(of: subquery)
            var found: [[String: String]: [ReferenceSeries.Sample]] = [:]
            for moment in multiples(of: step, after: end - window, upTo: end) {
                for (labels, value) in try evaluate(subquery.expression, at: moment).vector {
                    found[labels, default: []].append((moment, value))
                }
            }
            return (found.map { ReferenceSeries(labels: $0.key, samples: $0.value) }, end, window)
        default: throw ReferenceError.unsupported
        }
    }

    private func step(of subquery: Subquery) throws -> Int64 {
        try subquery.step?.milliseconds(step: .zero, range: .zero, positive: true) ?? 60_000
    }

    private func multiples(of step: Int64, after start: Int64, upTo end: Int64) -> [Int64] {
        let first = start + 1 + (step - (start + 1) % step) % step
        return Array(stride(from: first, through: end, by: Int(step)))
    }

    /// Evaluates what subqueries hold at every multiple of their step from the first of their windows to the last,
    /// those included that lie in none: an expression is refused where any of them is.
    package func evaluateSubqueries(of expression: Expression, at moments: [Int64]) throws {
        guard case .subquery(let subquery) = expression else {
            for child in expression.children { try evaluateSubqueries(of: child, at: moments) }
            return
        }
        let ends = try moments.map { try reference(subquery.offset, subquery.at, $0) }
        guard let first = ends.min(), let last = ends.max() else { return }
        let window = try subquery.window.milliseconds(step: .zero, range: .zero, positive: true)
        let inner = multiples(of: try step(of: subquery), after: first - window, upTo: last)
        for moment in inner { _ = try evaluate(subquery.expression, at: moment) }
        try evaluateSubqueries(of: subquery.expression, at: inner)
    }

    // MARK: - Range functions

    func rangeCall(_ call: FunctionCall, at time: Int64) throws -> Vector {
        let position = call.arguments.firstIndex { $0.type == .matrix } ?? 0
        if case .matrix(let matrix) = call.arguments[position].unwrapped,
            matrix.selector.rangeExtension != nil
        {
            return try extendedCall(call.function, matrix, at: time)
        }
        let (series, end, window) = try range(call.arguments[position], at: time)
        if call.function == .absentOverTime {
            return series.isEmpty ? [absentLabels(call.arguments[position]): .float(1)] : [:]
        }
        var scalars: [Double] = []
        for (index, argument) in call.arguments.enumerated() where index != position {
            scalars.append(try evaluate(argument, at: time).scalar)
        }
        let keepsName = call.function == .lastOverTime || call.function == .firstOverTime
        let functions = ReferenceFunctions(end: end, window: window, now: time, scalars: scalars)
        var result: Vector = [:]
        for one in series {
            guard let value = try functions.overTime(call.function, one.samples) else { continue }
            try result.add(keepsName ? one.labels : one.labels.nameless, value)
        }
        return result
    }

    func absentLabels(_ argument: Expression) -> [String: String] {
        let matchers: [Matcher]
        switch argument.unwrapped {
        case .selector(let selector): matchers = selector.matchers
        case .matrix(let matrix): matchers = matrix.selector.matchers
        default: return [:]
        }
        var labels: [String: String] = [:]
        for matcher in matchers where matcher.name != "__name__" && matcher.operation == .equal {
            if matchers.count(where: { $0.name == matcher.name }) == 1 {
                labels[matcher.name] = matcher.value
            }
        }
        return labels
    }

    /// Each value changed, the metric name gone.
    func renamed(_ vector: Vector, _ change: (ReferenceNumber) throws -> ReferenceNumber?) throws -> Vector {
        var result: Vector = [:]
        for (labels, value) in vector {
            guard let value = try change(value) else { continue }
            try result.add(labels.nameless, value)
        }
        return result
    }
}
