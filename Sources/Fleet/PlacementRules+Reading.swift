import Documents
import TimeSeries

extension PlacementRules {
    /// Reads the mapping under `placement`.
    static func read(_ fields: FieldReader) -> PlacementRules {
        var rules = PlacementRules()
        rules.nodeAffinity = fields.list("nodes") { readRequirement($0, fields.document) } ?? []
        rules.preferredNodes =
            fields.list("preferred_nodes") { item in
                fields.document.mapping(item, "a preference") { preference in
                    Preference(
                        requirements: preference.list("match") { readRequirement($0, fields.document) } ?? [],
                        weight: preference.integer("weight", in: 1...100) ?? 1)
                }
            } ?? []
        rules.affinity = fields.list("affinity") { readNeighbourhood($0, fields.document) } ?? []
        rules.antiAffinity = fields.list("anti_affinity") { readNeighbourhood($0, fields.document) } ?? []
        return rules
    }

    private static func readRequirement(_ node: Documents.Node, _ reader: DocumentReader) -> Requirement? {
        let value = reader.mapping(node, "a requirement") { fields -> Requirement? in
            let key = fields.requiredString("key")
            let comparison = fields.scalar(
                "operator", expected: "In, NotIn, Exists, DoesNotExist, Gt or Lt",
                { Requirement.Operator(rawValue: $0) })
            let values = fields.strings("values") ?? []
            guard let key else { return nil }
            let requirement = Requirement(
                key: key, comparison: comparison ?? (values.isEmpty ? .exists : .isIn), values: values)
            if let problem = requirement.problem { fields.report(problem, at: "values") }
            return requirement
        }
        return value ?? nil
    }

    private static func readNeighbourhood(_ node: Documents.Node, _ reader: DocumentReader) -> Neighbourhood?
    {
        let value = reader.mapping(node, "a neighbourhood") { fields -> Neighbourhood? in
            let workload: WorkloadID? = fields.identifier("workload")
            let topology = fields.string("topology") ?? "node"
            let weight = fields.integer("weight", in: 1...100)
            return workload.map { Neighbourhood(workload: $0, topologyKey: topology, weight: weight) }
        }
        return value ?? nil
    }
}

extension PlacementRules.Requirement {
    /// What is wrong with the number or kind of its values, after Kubernetes' rules.
    var problem: String? {
        switch comparison {
        case .isIn, .notIn: values.isEmpty ? "\(comparison.rawValue) needs at least one value" : nil
        case .exists, .doesNotExist: values.isEmpty ? nil : "\(comparison.rawValue) takes no values"
        case .greater, .less:
            values.count == 1 && Int64(values[0]) != nil
                ? nil : "\(comparison.rawValue) needs one whole number"
        }
    }
}
