import Documents
import PromQL
import TimeSeries

/// Reads one signal: a name, a query and exactly one target.
enum SignalReader {
    static let targets = ["per_replica", "mean", "drain_rate", "objective", "steps"]

    static func signal(
        _ node: Node, _ document: DocumentReader, _ source: ScalarSource, default when: PolicyReader.Quality
    ) -> SignalPolicy? {
        document.mapping(node, "a signal") { fields -> SignalPolicy? in
            let name = fields.require("name").flatMap { PolicyReader.label($0, "name", document) }
            let query = fields.require("query").flatMap { self.query($0, document, source) }
            let given = targets.filter(fields.has)
            let target = given.count == 1 ? self.target(given[0], fields) : nil
            if given.count != 1 {
                fields.report(
                    "a signal needs exactly one of \(targets.joined(separator: ", ")); found "
                        + (given.isEmpty ? "none" : given.joined(separator: " and ")))
            }
            if !given.contains("drain_rate"), fields.has("drain_within") {
                fields.report("\"drain_within\" belongs to \"drain_rate\"", at: "drain_within")
            }
            let own = fields.node("when").flatMap {
                PolicyReader.quality($0, document, isPolicy: false)
            }
            let weight = fields.scalar("weight", expected: "a number above 0") { text in
                Quantity(text).flatMap { $0.unit == .plain && $0.value > 0 ? $0.value : nil }
            }
            let activation = fields.scalar("activation", expected: Quantity.expected, Quantity.init(_:))
            if let activation, let target, activation.value != 0, activation.unit != target.1 {
                fields.report("the unit must be that of the target", at: "activation")
            }
            guard let name, let query, let target else { return nil }
            return SignalPolicy(
                name: name, query: query, target: target.0, unit: target.1,
                whenMissing: own?.missing ?? when.missing ?? .hold,
                whenStale: own?.stale ?? when.stale ?? .hold,
                whenNotFinite: own?.notFinite ?? when.notFinite ?? .hold, activation: activation?.value,
                weight: weight, learnsFrom: learnsFrom(fields))
        } ?? nil
    }

    /// `per_replica: learned or 50 from latency` names the signal with the objective.
    private static func learnsFrom(_ fields: FieldReader) -> String? {
        guard let text = fields.node("per_replica")?.text, text.hasPrefix(learnedPrefix) else { return nil }
        let words = text.split(separator: " ")
        return words.count == 5 && words[3] == "from" ? String(words[4]) : nil
    }

    private static let learnedPrefix = "learned or "

    /// PromQL that yields numbers; an error in it is shown where it stands in the file.
    static func query(
        _ node: Node, _ document: DocumentReader, _ source: ScalarSource
    ) -> String? {
        guard let text = document.string(node, "query") else { return nil }
        do {
            let type = try Expression.parse(text).type
            guard type == .scalar || type == .vector else {
                document.report(
                    "query must yield a number, this one yields a \(type.documentedName)", at: node.position)
                return nil
            }
            return text
        } catch {
            document.report(
                "query is not PromQL: \(error.message)",
                at: source.position(in: node, line: error.line ?? 1, column: error.column ?? 1))
            return nil
        }
    }

    private static func target(
        _ key: String, _ fields: FieldReader
    ) -> (SignalPolicy.Target, SignalPolicy.Unit)? {
        func positive(_ key: String) -> Quantity? {
            fields.scalar(key, expected: Quantity.expected + ", above 0") { text in
                Quantity(text).flatMap { $0.value > 0 ? $0 : nil }
            }
        }
        switch key {
        case "per_replica":
            let expected = Quantity.expected + ", above 0, or \"learned or 50 from SIGNAL\""
            return fields.scalar(key, expected: expected) { text -> Quantity? in
                var number = text
                if text.hasPrefix(learnedPrefix) {
                    let words = text.split(separator: " ")
                    guard words.count == 5, words[3] == "from" else { return nil }
                    number = String(words[2])
                }
                return Quantity(number).flatMap { $0.value > 0 ? $0 : nil }
            }.map { (.perReplica($0.value), $0.unit) }
        case "mean": return positive(key).map { (.mean($0.value), $0.unit) }
        case "objective": return positive(key).map { (.objective($0.value), $0.unit) }
        case "drain_rate":
            let rate = fields.scalar(key, expected: "items per second, such as 50, above 0") { text in
                Quantity(text).flatMap { $0.value > 0 && $0.unit == .plain ? $0.value : nil }
            }
            guard fields.require("drain_within") != nil,
                let within = fields.duration("drain_within", in: .seconds(1)...PolicyReader.day), let rate
            else { return nil }
            return (.backlog(rate: rate, within: within), .plain)
        default: return steps(fields)
        }
    }

    private static func steps(_ fields: FieldReader) -> (SignalPolicy.Target, SignalPolicy.Unit)? {
        var unit: SignalPolicy.Unit?
        var earlier: [SignalPolicy.Step] = []
        let steps = fields.list("steps") { node -> SignalPolicy.Step? in
            let parsed = fields.document.scalar(
                node, "a step", expected: SignalPolicy.Step.expected, SignalPolicy.Step.parse)
            guard let parsed else { return nil }
            if let unit, unit != parsed.unit {
                fields.document.report("the bounds of all steps must have one unit", at: node.position)
            }
            unit = unit ?? parsed.unit
            if unit == parsed.unit, let first = earlier.first(where: { $0.covers(parsed.step) }) {
                fields.document.report(
                    "this step never applies: wherever it would, \"\(first.text(parsed.unit))\" above it does; put it before that one",
                    at: node.position)
            }
            earlier.append(parsed.step)
            return parsed.step
        }
        if case .sequence(let items) = fields.node("steps")?.content, items.isEmpty {
            fields.report("needs at least one step", at: "steps")
        }
        guard let steps, let unit else { return nil }
        return (.steps(steps), unit)
    }
}
