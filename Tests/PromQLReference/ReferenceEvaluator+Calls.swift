import PromQL
import TimeSeries

/// Functions of instant vectors, and aggregations.
extension ReferenceEvaluator {
    func evaluate(_ call: FunctionCall, at time: Int64) throws -> ReferenceValue {
        if call.arguments.contains(where: { $0.type == .matrix }) {
            return .vector(try rangeCall(call, at: time))
        }
        switch call.function {
        case .time: return .scalar(Double(time) / 1000)
        case .vector: return .vector([[:]: .float(try evaluate(call.arguments[0], at: time).scalar)])
        case .scalar:
            let numbers = try evaluate(call.arguments[0], at: time).vector.compactMap(\.value.float)
            return .scalar(numbers.count == 1 ? numbers[0] : .nan)
        case .absent:
            let vector = try evaluate(call.arguments[0], at: time).vector
            return .vector(vector.isEmpty ? [absentLabels(call.arguments[0]): .float(1)] : [:])
        case .timestamp:
            if case .selector(let selector) = call.arguments[0].unwrapped {
                let found = try instant(selector, at: time).mapValues {
                    ReferenceNumber.float(Double($0.time) / 1000)
                }
                return .vector(try renamed(found) { $0 })
            }
            let vector = try evaluate(call.arguments[0], at: time).vector
            return .vector(try renamed(vector) { _ in .float(Double(time) / 1000) })
        case .info: return .vector(try info(call, at: time))
        case .labelReplace: return .vector(try replaced(call, at: time))
        case .labelJoin: return .vector(try joined(call, at: time))
        case .histogramQuantile:
            let quantile = try evaluate(call.arguments[0], at: time).scalar
            return .vector(try quantiles(quantile, try evaluate(call.arguments[1], at: time).vector))
        default: break
        }
        let vector = try evaluate(call.arguments[0], at: time).vector
        let rest = try call.arguments.dropFirst().map { try evaluate($0, at: time).scalar }
        return .vector(
            try renamed(vector) { element in
                switch element {
                case .float(let value):
                    ReferenceFunctions.map(call.function, value, rest).map { .float($0) }
                case .histogram(let value): ReferenceFunctions.map(call.function, value).map { .float($0) }
                }
            })
    }

    // MARK: - Labels

    private func strings(_ arguments: some Sequence<Expression>) throws -> [String] {
        try arguments.map { argument in
            guard case .string(let literal) = argument else { throw ReferenceError.unsupported }
            return literal.value
        }
    }

    private func replaced(_ call: FunctionCall, at time: Int64) throws -> Vector {
        let strings = try strings(call.arguments.dropFirst())
        let pattern = try Pattern(strings[3])
        var result: Vector = [:]
        for (labels, value) in try evaluate(call.arguments[0], at: time).vector {
            var labels = labels
            if let text = pattern.expand(strings[1], matching: labels[strings[2]] ?? "") {
                labels[strings[0]] = text.isEmpty ? nil : text
            }
            try result.add(labels, value)
        }
        return result
    }

    private func joined(_ call: FunctionCall, at time: Int64) throws -> Vector {
        let strings = try strings(call.arguments.dropFirst())
        var result: Vector = [:]
        for (labels, value) in try evaluate(call.arguments[0], at: time).vector {
            var labels = labels
            let text = strings.dropFirst(2).map { labels[$0] ?? "" }.joined(separator: strings[1])
            labels[strings[0]] = text.isEmpty ? nil : text
            try result.add(labels, value)
        }
        return result
    }

    // MARK: - Quantiles

    /// Of native histograms, and of buckets that differ in nothing but `le`.
    private func quantiles(_ quantile: Double, _ vector: Vector) throws -> Vector {
        var result: Vector = [:]
        var groups: [[String: String]: [(upper: Double, count: Double)]] = [:]
        for (labels, element) in vector {
            switch element {
            case .histogram(let histogram):
                try result.add(labels.nameless, .float(try histogram.quantile(quantile)))
            case .float(let count):
                guard let le = labels["le"], let upper = Double(le == "+Inf" ? "inf" : le) else { continue }
                groups[labels.filter { $0.key != "le" }, default: []].append((upper, count))
            }
        }
        for (labels, buckets) in groups {
            try result.add(labels.nameless, .float(ReferenceFunctions.bucketQuantile(quantile, buckets)))
        }
        return result
    }

    // MARK: - Aggregations

    func aggregate(_ node: Aggregation, at time: Int64) throws -> Vector {
        let vector = try evaluate(node.operand, at: time).vector
        if node.operation == .countValues { return try counted(node, vector) }
        let parameter = try node.parameter.map { try evaluate($0, at: time).scalar } ?? 0
        var groups: [[String: String]: [(labels: [String: String], value: ReferenceNumber)]] = [:]
        for (labels, value) in vector { groups[group(node, labels), default: []].append((labels, value)) }
        var result: Vector = [:]
        for (key, members) in groups {
            switch node.operation {
            case .topk, .bottomk:
                let numbers = members.filter { $0.value.float != nil }
                let ranked = numbers.sorted { a, b in
                    let (x, y) = (a.value.float ?? .nan, b.value.float ?? .nan)
                    if x.isNaN || y.isNaN { return !x.isNaN && y.isNaN }
                    return node.operation == .topk ? x > y : x < y
                }
                for member in ranked.prefix(max(0, Int(parameter))) { result[member.labels] = member.value }
            default:
                result[key] = try ReferenceFunctions.aggregate(
                    node.operation, members.map(\.value), parameter)
            }
        }
        return result
    }

    private func group(_ node: Aggregation, _ labels: [String: String]) -> [String: String] {
        labels.filter {
            node.isWithout
                ? !node.labels.contains($0.key) && $0.key != "__name__" : node.labels.contains($0.key)
        }
    }

    private func counted(_ node: Aggregation, _ vector: Vector) throws -> Vector {
        guard case .string(let label)? = node.parameter else { throw ReferenceError.unsupported }
        var counts: [[String: String]: Double] = [:]
        for (labels, value) in vector {
            guard let number = value.float else { throw ReferenceError.unsupported }
            var key = group(node, labels)
            key[label.value] = NumberSyntax.plainText(number)
            counts[key, default: 0] += 1
        }
        return counts.mapValues { .float($0) }
    }
}
