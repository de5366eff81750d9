import PromQL

/// Arithmetic over triggers, as KEDA's `scalingModifiers` has it, in PromQL over their queries.
struct TriggerFormula {
    let query: String
    /// The triggers that it names.
    let names: Set<String>

    /// How a policy's signals are combined where they are the triggers that a formula adds, or takes the largest or
    /// smallest of, and which; other formulas name none.
    static func combination(_ formula: String) -> (combination: String, names: [String]) {
        let plain = Substring(formula.filter { $0 != " " })
        for combination in ["max", "min"] {
            guard plain.hasPrefix(combination + "("), plain.hasSuffix(")") else { continue }
            let inner = plain.dropFirst(combination.count + 1).dropLast()
            let list = inner.hasPrefix("[") && inner.hasSuffix("]") ? inner.dropFirst().dropLast() : inner
            return (combination, list.split(separator: ",").map(String.init))
        }
        return ("sum", plain.filter { $0 != "(" && $0 != ")" }.split(separator: "+").map(String.init))
    }

    /// Nil where it is more than arithmetic, or names what is no trigger.
    init?(_ formula: String, _ queries: [String: String]) {
        var text = ""
        var names: Set<String> = []
        var rest = Substring(formula)
        while let first = rest.first {
            if first.isLetter || first == "_" {
                let name = String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
                guard let query = queries[name] else { return nil }
                // Without labels, so that they match each other.
                text += "sum(\(query))"
                names.insert(name)
                rest = rest.dropFirst(name.count)
            } else {
                guard first.isNumber || " .+-*/()".contains(first) else { return nil }
                text.append(first)
                rest = rest.dropFirst()
            }
        }
        guard !names.isEmpty, (try? Expression.parse(text)) != nil else { return nil }
        query = text
        self.names = names
    }
}
