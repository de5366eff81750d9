import Glibc
import PromQL

/// Binary operators of the reference evaluator: every pair of elements is looked at.
struct ReferenceBinary {
    typealias Vector = ReferenceValue.Vector

    var expression: BinaryExpression

    func evaluate(_ left: ReferenceValue, _ right: ReferenceValue) throws -> ReferenceValue {
        switch (left, right) {
        case (.scalar(let a), .scalar(let b)):
            return .scalar(expression.operation.isComparison ? (holds(a, b) ? 1 : 0) : value(a, b))
        case (.vector(let vector), .scalar(let b)):
            return .vector(try each(vector) { try outcome($0, .float(b), kept: $0) })
        case (.scalar(let a), .vector(let vector)):
            return .vector(try each(vector) { try outcome(.float(a), $0, kept: $0) })
        case (.vector(let a), .vector(let b)):
            return .vector(expression.operation.isSet ? try sets(a, b) : try matched(a, b))
        }
    }

    private var changesMeaning: Bool { !expression.operation.isComparison || expression.returnsBool }

    private func each(
        _ vector: Vector, _ apply: (ReferenceNumber) throws -> ReferenceNumber?
    ) throws -> Vector {
        var result: Vector = [:]
        for (labels, element) in vector {
            guard let outcome = try apply(element) else { continue }
            try result.add(changesMeaning ? labels.nameless : labels, outcome)
        }
        return result
    }

    /// Nil where a comparison filters, or where the operator does not take such operands.
    private func outcome(
        _ a: ReferenceNumber, _ b: ReferenceNumber, kept: ReferenceNumber
    ) throws -> ReferenceNumber? {
        guard expression.operation.isComparison else { return try arithmetic(a, b) }
        let holds: Bool
        switch (a, b) {
        case (.float(let a), .float(let b)): holds = self.holds(a, b)
        case (.histogram(let a), .histogram(let b)):
            guard expression.operation == .equal || expression.operation == .notEqual else { return nil }
            holds = a.isEqual(b) == (expression.operation == .equal)
        default: return nil
        }
        if expression.returnsBool { return .float(holds ? 1 : 0) }
        return holds ? kept : nil
    }

    private func arithmetic(_ a: ReferenceNumber, _ b: ReferenceNumber) throws -> ReferenceNumber? {
        switch (a, b) {
        case (.float(let a), .float(let b)): return .float(value(a, b))
        case (.float(let a), .histogram(let b)):
            return expression.operation == .multiply ? .histogram(b.scaled { $0 * a }.compacted) : nil
        case (.histogram(let a), .float(let b)):
            switch expression.operation {
            case .multiply: return .histogram(a.scaled { $0 * b }.compacted)
            case .divide:
                var quotient = a.scaled { $0 / b }
                // Prometheus keeps no buckets of what is divided by zero.
                if b == 0 { (quotient.positive, quotient.negative) = ([:], [:]) }
                return .histogram(quotient.compacted)
            default: return nil
            }
        case (.histogram(let a), .histogram(let b)):
            guard expression.operation == .add || expression.operation == .subtract else { return nil }
            return try a.adding(b, sign: expression.operation == .add ? 1 : -1).map { .histogram($0) }
        }
    }

    private func signature(_ labels: [String: String]) -> [String: String] {
        let names = expression.matching.labels
        return labels.filter {
            expression.matching.isOn
                ? names.contains($0.key) : !names.contains($0.key) && $0.key != "__name__"
        }
    }

    private func sets(_ a: Vector, _ b: Vector) throws -> Vector {
        let left = Set(a.keys.map(signature))
        let right = Set(b.keys.map(signature))
        switch expression.operation {
        case .and: return a.filter { right.contains(signature($0.key)) }
        case .unless: return a.filter { !right.contains(signature($0.key)) }
        default:
            var result = a
            for (labels, value) in b where !left.contains(signature(labels)) { try result.add(labels, value) }
            return result
        }
    }

    private func matched(_ a: Vector, _ b: Vector) throws -> Vector {
        let matching = expression.matching
        let hasFill = matching.fillLeft != nil || matching.fillRight != nil
        guard hasFill ? !a.isEmpty || !b.isEmpty : !a.isEmpty && !b.isEmpty else { return [:] }
        let isSwapped = matching.cardinality == .oneToMany
        let (many, one) = isSwapped ? (b, a) : (a, b)
        let partners = Dictionary(grouping: one) { signature($0.key) }
        guard partners.count == one.count else { throw ReferenceError.ambiguous }
        var pairs = Pairs()
        for (labels, value) in many {
            let signature = signature(labels)
            if let partner = partners[signature]?.first {
                try add((labels, value), partner, &pairs)
            } else if let fill = matching.fillRight {
                // As upstream has it: this fills the side that is one, be it the left.
                try add((labels, value), (signature, .float(fill)), &pairs)
            }
        }
        guard let fill = matching.fillLeft else { return pairs.result }
        for (labels, value) in one where !pairs.used.contains(signature(labels)) {
            try add((signature(labels), .float(fill)), (labels, value), &pairs)
        }
        return pairs.result
    }

    /// What elements that found each other have made.
    private struct Pairs {
        var result: Vector = [:]
        var used: Set<[String: String]> = []
        var names: Set<[String: String]> = []
    }

    private func add(_ many: Vector.Element, _ one: Vector.Element, _ pairs: inout Pairs) throws {
        let isSwapped = expression.matching.cardinality == .oneToMany
        let (x, y) = isSwapped ? (one.value, many.value) : (many.value, one.value)
        // Operands that do not go together make no result, and so none that another could equal.
        if try isIncompatible(x, y) { return }
        let isFirst = pairs.used.insert(signature(many.key)).inserted
        let name = name(many.key, one.key)
        let isNew = pairs.names.insert(name).inserted
        guard expression.matching.cardinality == .oneToOne ? isFirst : isNew else {
            throw ReferenceError.ambiguous
        }
        guard let outcome = try outcome(x, y, kept: x) else { return }
        try pairs.result.add(name, outcome)
    }

    private func isIncompatible(_ a: ReferenceNumber, _ b: ReferenceNumber) throws -> Bool {
        if !expression.operation.isComparison { return try arithmetic(a, b) == nil }
        switch (a, b) {
        case (.float, .float): return false
        case (.histogram, .histogram):
            return expression.operation != .equal && expression.operation != .notEqual
        default: return true
        }
    }

    private func name(_ many: [String: String], _ one: [String: String]) -> [String: String] {
        var labels = changesMeaning ? many.nameless : many
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
        case .atan2: Glibc.atan2(a, b)
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
