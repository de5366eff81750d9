import PromQL
import TimeSeries

/// `info`: labels of info metrics for the elements that have their `instance` and `job`.
extension ReferenceEvaluator {
    func info(_ call: FunctionCall, at time: Int64) throws -> Vector {
        let base = try evaluate(call.arguments[0], at: time).vector
        let moment = try firstMoment(call.arguments[0], time) ?? time
        var asked: [Matcher] = []
        if call.arguments.count > 1, case .selector(let selector) = call.arguments[1] {
            asked = selector.matchers
        }
        let names = try infoNames(asked.filter { $0.name == "__name__" })
        let wanted = asked.filter { $0.name != "__name__" }
        let known = newest(names + wanted, at: moment)
        var result: Vector = [:]
        for (labels, value) in base {
            if names.allSatisfy({ $0.matches(labels["__name__"] ?? "") }) {
                try result.add(labels, value)
                continue
            }
            let found = try newestOfEach(known.filter { isOf($0.key, labels) })
            if found.isEmpty, !wanted.allSatisfy({ $0.matches("") }) { continue }
            var added: [String: String] = [:]
            for (name, value) in found.flatMap({ Array($0) })
            where wanted.isEmpty || wanted.contains(where: { $0.name == name }) {
                if added[name] != nil, added[name] != value, labels[name] == nil {
                    throw ReferenceError.ambiguous
                }
                added[name] = value
            }
            try result.add(labels.merging(added) { old, _ in old }, value)
        }
        return result
    }

    /// `target_info` where nothing is said of the name, any `_info` where only something is excluded.
    private func infoNames(_ matchers: [Matcher]) throws -> [Matcher] {
        if matchers.isEmpty { return [Matcher(equal: "__name__", "target_info")] }
        if matchers.contains(where: { $0.operation == .equal || $0.operation == .regex }) { return matchers }
        return matchers + [try Matcher("__name__", .regex, ".+_info")]
    }

    private func isOf(_ info: [String: String], _ base: [String: String]) -> Bool {
        guard base["instance"] != nil || base["job"] != nil else { return false }
        return info["instance"] == base["instance"] && info["job"] == base["job"]
    }

    /// The labels of the newest series of each info metric, but its name.
    private func newestOfEach(
        _ candidates: [[String: String]: ReferenceSeries.Sample]
    ) throws -> [[String: String]] {
        try Dictionary(grouping: candidates) { $0.key["__name__"] ?? "" }.values.map { series in
            guard series.allSatisfy({ $0.value.value.float != nil }) else { throw ReferenceError.ambiguous }
            let latest = series.map(\.value.time).max()
            let newest = series.filter { $0.value.time == latest }
            guard newest.count == 1 else { throw ReferenceError.ambiguous }
            return newest[0].key.nameless
        }
    }

    /// What the first selector of an expression refers to.
    private func firstMoment(_ expression: Expression, _ time: Int64) throws -> Int64? {
        switch expression {
        case .selector(let selector): return try reference(selector.offset, selector.at, time)
        case .matrix(let matrix): return try reference(matrix.selector.offset, matrix.selector.at, time)
        case .subquery(let subquery):
            return try firstMoment(
                subquery.expression, try reference(subquery.offset, subquery.at, time))
        default:
            for child in expression.children {
                if let moment = try firstMoment(child, time) { return moment }
            }
            return nil
        }
    }
}
