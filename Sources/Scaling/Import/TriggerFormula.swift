import PromQL

/// Arithmetic over triggers, as KEDA's `scalingModifiers` has it, in PromQL over their queries.
struct TriggerFormula {
    let query: String
    /// The triggers that it names.
    let names: Set<String>

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
