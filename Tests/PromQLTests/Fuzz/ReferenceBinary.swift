import Glibc
import PromQL

/// Binary operators of the reference evaluator: every pair of elements is looked at.
struct ReferenceBinary {
    var expression: BinaryExpression

    func evaluate(_ left: ReferenceValue, _ right: ReferenceValue) throws -> ReferenceValue {
        switch (left, right) {
        case (.scalar(let a), .scalar(let b)):
            return .scalar(expression.operation.isComparison ? (holds(a, b) ? 1 : 0) : value(a, b))
        case (.vector(let vector), .scalar(let b)):
            return .vector(try each(vector) { (value($0, b), holds($0, b), $0) })
        case (.scalar(let a), .vector(let vector)):
            return .vector(try each(vector) { (value(a, $0), holds(a, $0), $0) })
        case (.vector(let a), .vector(let b)):
            return .vector(expression.operation.isSet ? try sets(a, b) : try matched(a, b))
        }
    }

    private var changesMeaning: Bool { !expression.operation.isComparison || expression.returnsBool }

    private func each(
        _ vector: [[String: String]: Double], _ apply: (Double) -> (value: Double, holds: Bool, kept: Double)
    ) throws -> [[String: String]: Double] {
        var result: [[String: String]: Double] = [:]
        for (labels, element) in vector {
            let (value, holds, kept) = apply(element)
            let labels = changesMeaning ? labels.filter { $0.key != "__name__" } : labels
            guard let outcome = outcome(value, holds, kept) else { continue }
            guard result.updateValue(outcome, forKey: labels) == nil else { throw ReferenceError.ambiguous }
        }
        return result
    }

    private func outcome(_ value: Double, _ holds: Bool, _ kept: Double) -> Double? {
        guard expression.operation.isComparison else { return value }
        if expression.returnsBool { return holds ? 1 : 0 }
        return holds ? kept : nil
    }

    private func signature(_ labels: [String: String]) -> [String: String] {
        let names = expression.matching.labels
        return labels.filter {
            expression.matching.isOn
                ? names.contains($0.key) : !names.contains($0.key) && $0.key != "__name__"
        }
    }

    private func sets(
        _ a: [[String: String]: Double], _ b: [[String: String]: Double]
    ) throws -> [[String: String]: Double] {
        let left = Set(a.keys.map(signature))
        let right = Set(b.keys.map(signature))
        switch expression.operation {
        case .and: return a.filter { right.contains(signature($0.key)) }
        case .unless: return a.filter { !right.contains(signature($0.key)) }
        default:
            var result = a
            for (labels, value) in b where !left.contains(signature(labels)) {
                guard result.updateValue(value, forKey: labels) == nil else { throw ReferenceError.ambiguous }
            }
            return result
        }
    }

    private func matched(
        _ a: [[String: String]: Double], _ b: [[String: String]: Double]
    ) throws -> [[String: String]: Double] {
        guard !a.isEmpty, !b.isEmpty else { return [:] }
        let isSwapped = expression.matching.cardinality == .oneToMany
        let (many, one) = isSwapped ? (b, a) : (a, b)
        guard Set(one.keys.map(signature)).count == one.count else { throw ReferenceError.ambiguous }
        var result: [[String: String]: Double] = [:]
        var used: Set<[String: String]> = []
        var results: Set<[String: String]> = []
        for (labels, value) in many {
            guard let partner = one.first(where: { signature($0.key) == signature(labels) }) else { continue }
            let isFirst = used.insert(signature(labels)).inserted
            let name = name(labels, partner.key)
            let isNew = results.insert(name).inserted
            if expression.matching.cardinality == .oneToOne {
                guard isFirst else { throw ReferenceError.ambiguous }
            } else if !isNew {
                throw ReferenceError.ambiguous
            }
            let (x, y) = isSwapped ? (partner.value, value) : (value, partner.value)
            guard let outcome = outcome(self.value(x, y), holds(x, y), x) else { continue }
            guard result.updateValue(outcome, forKey: name) == nil else { throw ReferenceError.ambiguous }
        }
        return result
    }

    private func name(_ many: [String: String], _ one: [String: String]) -> [String: String] {
        var labels = changesMeaning ? many.filter { $0.key != "__name__" } : many
        let names = expression.matching.labels
        if expression.matching.cardinality == .oneToOne {
            labels = labels.filter { names.contains($0.key) == expression.matching.isOn }
        }
        for name in expression.matching.include { labels[name] = one[name] }
        return labels
    }

    private func value(_ a: Double, _ b: Double) -> Double {
        switch expression.operation {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .modulo: fmod(a, b)
        default: pow(a, b)
        }
    }

    private func holds(_ a: Double, _ b: Double) -> Bool {
        switch expression.operation {
        case .equal: a == b
        case .notEqual: a != b
        case .greater: a > b
        case .less: a < b
        case .greaterOrEqual: a >= b
        default: a <= b
        }
    }
}
