package import Fleet

/// Why a node does not take a replica, in the words of an operator.
package enum Refusal: Hashable, Sendable {
    case cpu(free: Int64, needed: Int64)
    case memory(free: Int64, needed: Int64)
    case notReady(String)
    case cordoned
    case draining
    /// Held back for a reason of the controller, such as flapping.
    case barred(String)
    case nodeAffinity(PlacementRules.Requirement)
    case affinity(WorkloadID, topologyKey: String)
    case antiAffinity(WorkloadID, topologyKey: String)
    /// A replica that stands there keeps this workload away.
    case keptAway(by: WorkloadID, topologyKey: String)
    /// The backend could not yet tell what else is there.
    case noDomain(topologyKey: String)

    package var text: String {
        switch self {
        case .cpu(let free, let needed):
            "cpu \(Quantity.cpuText(free)) free, needs \(Quantity.cpuText(needed))"
        case .memory(let free, let needed):
            "memory \(Quantity.memoryText(free)) free, needs \(Quantity.memoryText(needed))"
        case .notReady(let why): why
        case .cordoned: "cordoned"
        case .draining: "draining"
        case .barred(let why): why
        case .nodeAffinity(let requirement): "node affinity: \(requirement.text)"
        case .affinity(let workload, let key): "affinity: no replica of \(workload) in this \(key)"
        case .antiAffinity(let workload, let key): "anti-affinity: a replica of \(workload) in this \(key)"
        case .keptAway(let workload, let key): "anti-affinity of \(workload), which stands in this \(key)"
        case .noDomain(let key): "has no label \(key)"
        }
    }

    /// Whether freeing resources on the node could lift it.
    var isShortage: Bool {
        switch self {
        case .cpu, .memory: true
        default: false
        }
    }
}

/// What one node says against a replica.
package struct NodeRefusal: Hashable, Sendable {
    package var node: NodeID
    /// Never empty.
    package var refusals: [Refusal]

    /// `n1: cpu 200m free, needs 500m`.
    package var text: String { "\(node): " + refusals.map(\.text).joined(separator: "; ") }
}

extension PlacementRules.Requirement {
    package var text: String {
        switch comparison {
        case .isIn, .notIn: "\(key) \(comparison.rawValue) (\(values.joined(separator: ", ")))"
        case .exists, .doesNotExist: "\(key) \(comparison.rawValue)"
        case .greater, .less: "\(key) \(comparison.rawValue) \(values.first ?? "")"
        }
    }

    /// Whether a node meets it, after Kubernetes: `NotIn` holds for a node without the label; `Gt` and `Lt` need whole
    /// numbers on both sides. The key `node` is the node's name.
    package func matches(_ node: Node) -> Bool {
        let value = node.value(of: key)
        switch comparison {
        case .isIn: return value.map(values.contains) ?? false
        case .notIn: return !(value.map(values.contains) ?? false)
        case .exists: return value != nil
        case .doesNotExist: return value == nil
        case .greater, .less:
            guard let number = value.flatMap({ Int64($0) }), let bound = values.first.flatMap({ Int64($0) })
            else { return false }
            return comparison == .greater ? number > bound : number < bound
        }
    }
}

extension Node {
    /// The value of a label; the key `node` is the node's name.
    func value(of key: String) -> String? { key == "node" ? id.name : labels[key] }
}
