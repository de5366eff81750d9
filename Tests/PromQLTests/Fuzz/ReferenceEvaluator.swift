import PromQL
import TimeSeries

/// PromQL at one moment, written to be obviously right and nothing else: no columns, no shared windows, no
/// compensation, everything looked up anew. Numbers only.
struct ReferenceEvaluator {
    var series: [ReferenceSeries]
    var lookback: Int64 = 300_000

    func evaluate(_ expression: Expression, at time: Int64) throws -> ReferenceValue {
        switch expression {
        case .number(let literal): return .scalar(literal.value)
        case .parenthesised(let inner, _): return try evaluate(inner, at: time)
        case .selector(let selector): return .vector(try instant(selector, at: time))
        case .sign(let sign):
            let value = try evaluate(sign.operand, at: time)
            guard sign.isNegative else { return value }
            if case .scalar(let number) = value { return .scalar(-number) }
            return .vector(try renamed(value.vector) { -$0 })
        case .binary(let binary):
            return try ReferenceBinary(expression: binary).evaluate(
                try evaluate(binary.left, at: time), try evaluate(binary.right, at: time))
        case .aggregation(let aggregation): return .vector(try aggregate(aggregation, at: time))
        case .call(let call): return try evaluate(call, at: time)
        default: throw ReferenceError.unsupported
        }
    }

    // MARK: - Selectors

    private func matching(_ selector: VectorSelector) -> [ReferenceSeries] {
        series.filter { series in selector.matchers.allSatisfy { $0.matches(series.labels[$0.name] ?? "") } }
    }

    private func reference(_ offset: DurationExpression?, _ at: AtModifier?, _ time: Int64) throws -> Int64 {
        var time = time
        if case .timestamp(let fixed) = at { time = fixed.milliseconds }
        return time - (try offset?.milliseconds(step: .zero, range: .zero, positive: false) ?? 0)
    }

    private func instant(_ selector: VectorSelector, at time: Int64) throws -> [[String: String]: Double] {
        let time = try reference(selector.offset, selector.at, time)
        var result: [[String: String]: Double] = [:]
        for series in matching(selector) {
            let seen = series.samples.filter { $0.time <= time && $0.time > time - lookback }
            if let last = seen.last, !Marker.isStale(last.value) { result[series.labels] = last.value }
        }
        return result
    }

    /// The samples of each series in a window, with the window's end and length.
    private func range(
        _ expression: Expression, at time: Int64
    ) throws -> (series: [ReferenceSeries], end: Int64, window: Int64) {
        switch expression.unwrapped {
        case .matrix(let matrix):
            let end = try reference(matrix.selector.offset, matrix.selector.at, time)
            let window = try matrix.window.milliseconds(step: .zero, range: .zero, positive: true)
            let found = matching(matrix.selector).map { series in
                ReferenceSeries(
                    labels: series.labels,
                    samples: series.samples.filter {
                        $0.time > end - window && $0.time <= end && !Marker.isStale($0.value)
                    })
            }
            return (found.filter { !$0.samples.isEmpty }, end, window)
        case .subquery(let subquery):
            let end = try reference(subquery.offset, subquery.at, time)
            let window = try subquery.window.milliseconds(step: .zero, range: .zero, positive: true)
            let step = try subquery.step?.milliseconds(step: .zero, range: .zero, positive: true) ?? 60_000
            var found: [[String: String]: [(time: Int64, value: Double)]] = [:]
            var moment = end - window + 1
            while moment <= end {
                if moment % step == 0 {
                    for (labels, value) in try evaluate(subquery.expression, at: moment).vector {
                        found[labels, default: []].append((moment, value))
                    }
                    moment += step
                } else {
                    moment += step - (moment % step + step) % step
                }
            }
            return (found.map { ReferenceSeries(labels: $0.key, samples: $0.value) }, end, window)
        default: throw ReferenceError.unsupported
        }
    }

    // MARK: - Calls

    private func evaluate(_ call: FunctionCall, at time: Int64) throws -> ReferenceValue {
        if call.arguments.contains(where: { $0.type == .matrix }) {
            return .vector(try rangeCall(call, at: time))
        }
        switch call.function {
        case .time: return .scalar(Double(time) / 1000)
        case .vector: return .vector([[:]: try evaluate(call.arguments[0], at: time).scalar])
        case .scalar:
            let vector = try evaluate(call.arguments[0], at: time).vector
            return .scalar(vector.count == 1 ? vector.first!.value : .nan)
        case .absent:
            let vector = try evaluate(call.arguments[0], at: time).vector
            return .vector(vector.isEmpty ? [absentLabels(call.arguments[0]): 1] : [:])
        case .labelReplace: return .vector(try relabelled(call, at: time))
        default: break
        }
        let vector = try evaluate(call.arguments[0], at: time).vector
        let rest = try call.arguments.dropFirst().map { try evaluate($0, at: time).scalar }
        return .vector(try renamed(vector) { ReferenceFunctions.map(call.function, $0, rest) })
    }

    private func absentLabels(_ argument: Expression) -> [String: String] {
        guard case .selector(let selector) = argument.unwrapped else { return [:] }
        var labels: [String: String] = [:]
        for matcher in selector.matchers where matcher.name != "__name__" && matcher.operation == .equal {
            let others = selector.matchers.filter { $0.name == matcher.name }
            if others.count == 1 { labels[matcher.name] = matcher.value }
        }
        return labels
    }

    private func relabelled(_ call: FunctionCall, at time: Int64) throws -> [[String: String]: Double] {
        var strings: [String] = []
        for argument in call.arguments.dropFirst() {
            guard case .string(let literal) = argument else { throw ReferenceError.unsupported }
            strings.append(literal.value)
        }
        let pattern = try Pattern(strings[3])
        var result: [[String: String]: Double] = [:]
        for (labels, value) in try evaluate(call.arguments[0], at: time).vector {
            var labels = labels
            if let text = pattern.expand(strings[1], matching: labels[strings[2]] ?? "") {
                labels[strings[0]] = text.isEmpty ? nil : text
            }
            guard result.updateValue(value, forKey: labels) == nil else { throw ReferenceError.ambiguous }
        }
        return result
    }

    private func rangeCall(_ call: FunctionCall, at time: Int64) throws -> [[String: String]: Double] {
        let position = call.arguments.firstIndex { $0.type == .matrix } ?? 0
        let (series, end, window) = try range(call.arguments[position], at: time)
        var scalars: [Double] = []
        for (index, argument) in call.arguments.enumerated() where index != position {
            scalars.append(try evaluate(argument, at: time).scalar)
        }
        let keepsName = call.function == .lastOverTime || call.function == .firstOverTime
        var result: [[String: String]: Double] = [:]
        for one in series {
            let functions = ReferenceFunctions(end: end, window: window, now: time, scalars: scalars)
            guard let value = functions.overTime(call.function, one.samples) else { continue }
            let labels = keepsName ? one.labels : one.labels.filter { $0.key != "__name__" }
            guard result.updateValue(value, forKey: labels) == nil else { throw ReferenceError.ambiguous }
        }
        return result
    }

    /// Each value changed, the metric name gone.
    private func renamed(
        _ vector: [[String: String]: Double], _ change: (Double) -> Double?
    ) throws -> [[String: String]: Double] {
        var result: [[String: String]: Double] = [:]
        for (labels, value) in vector {
            guard let value = change(value) else { continue }
            let labels = labels.filter { $0.key != "__name__" }
            guard result.updateValue(value, forKey: labels) == nil else { throw ReferenceError.ambiguous }
        }
        return result
    }

    // MARK: - Aggregations

    private func aggregate(_ node: Aggregation, at time: Int64) throws -> [[String: String]: Double] {
        let vector = try evaluate(node.operand, at: time).vector
        let parameter = try node.parameter.map { try evaluate($0, at: time).scalar } ?? 0
        var groups: [[String: String]: [(labels: [String: String], value: Double)]] = [:]
        for (labels, value) in vector {
            let key = labels.filter {
                node.isWithout
                    ? !node.labels.contains($0.key) && $0.key != "__name__" : node.labels.contains($0.key)
            }
            groups[key, default: []].append((labels, value))
        }
        var result: [[String: String]: Double] = [:]
        for (key, members) in groups {
            if node.operation == .topk || node.operation == .bottomk {
                let ranked = members.sorted { a, b in
                    if a.value.isNaN || b.value.isNaN { return !a.value.isNaN && b.value.isNaN }
                    return node.operation == .topk ? a.value > b.value : a.value < b.value
                }
                for member in ranked.prefix(max(0, Int(parameter))) { result[member.labels] = member.value }
            } else {
                result[key] = ReferenceFunctions.aggregate(node.operation, members.map(\.value), parameter)
            }
        }
        return result
    }
}
