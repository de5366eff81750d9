package import Documents

/// Equal nodes whose number a policy decides. Node k of the pool `web` is `web-k`.
package struct NodePool: Hashable, Sendable, Codable {
    package var id: NodePoolID
    package var capacity: Resources
    package var labels: [String: String]
    /// How many there are until a policy says otherwise.
    package var initialNodes: Int

    /// The largest number of nodes in a pool.
    package static let mostNodes = 10_000

    package init(id: NodePoolID, capacity: Resources, labels: [String: String] = [:], initialNodes: Int = 1) {
        self.id = id
        self.capacity = capacity
        self.labels = labels
        self.initialNodes = initialNodes
    }

    /// The node with a number; it bears the label `pool`.
    package func spec(_ number: Int) -> NodeSpec? {
        NodeID("\(id)-\(number)").map {
            NodeSpec(
                id: $0, capacity: capacity,
                labels: labels.merging(["pool": id.name]) { written, _ in written })
        }
    }

    /// Reads `{ name: spot, cpu: 4, memory: 8GiB, nodes: 2, labels: { zone: a } }`; nil where something was reported.
    package static func read(_ node: Documents.Node, _ reader: DocumentReader) -> NodePool? {
        reader.mapping(node, "a node pool") { fields -> NodePool? in
            let id: NodePoolID? = fields.identifier("name")
            let capacity = fields.resources(isRequired: true)
            let labels = fields.labels("labels")
            let nodes = fields.integer("nodes", in: 0...mostNodes) ?? 1
            guard let id, let capacity else { return nil }
            if id.name.utf8.count > 50 { fields.report("a pool's name has at most 50 bytes", at: "name") }
            if capacity.milliCPU == 0 || capacity.memoryBytes == 0 {
                fields.report("node pool \"\(id)\" needs a cpu and a memory above 0")
                return nil
            }
            return NodePool(id: id, capacity: capacity, labels: labels, initialNodes: nodes)
        } ?? nil
    }
}

package typealias NodePoolID = Identifier<NodePool>
