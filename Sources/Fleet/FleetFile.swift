package import Documents
import TimeSeries

/// What a `fleet/*.yml` holds: nodes and workloads as a person wrote them. The schema is in docs/fleet.md.
package struct FleetFile: Hashable, Sendable {
    package var nodes: [NodeSpec]
    package var workloads: [Workload]
    package var nodePools: [NodePool]

    package init(nodes: [NodeSpec] = [], workloads: [Workload] = [], nodePools: [NodePool] = []) {
        self.nodes = nodes
        self.nodePools = nodePools
        self.workloads = workloads
    }

    /// - Throws: every problem of the text with its line and column.
    package static func parse(text: String, file: String) throws(DocumentError) -> FleetFile {
        let root = try YAMLDocument.parse(text, file: file)
        let reader = DocumentReader(file: file)
        let value = reader.mapping(root, "the fleet file") { fields in
            FleetFile(
                nodes: readNodes(fields), workloads: readWorkloads(fields), nodePools: readPools(fields))
        }
        return try reader.finish(value)
    }

    /// All files as one.
    /// - Throws: a node or workload that two files define.
    package static func merge(
        _ files: [(name: String, content: FleetFile)]
    ) throws(DocumentError) -> FleetFile {
        var merged = FleetFile()
        var nodes: [NodeID: String] = [:]
        var workloads: [WorkloadID: String] = [:]
        var pools: [NodePoolID: String] = [:]
        var problems: [Problem] = []
        func claim<Subject>(
            _ id: Identifier<Subject>, in owners: inout [Identifier<Subject>: String], _ kind: String,
            _ file: String
        ) -> Bool {
            guard let owner = owners.updateValue(file, forKey: id) else { return true }
            problems.append(
                Problem(
                    file: file, position: nil, message: "\(kind) \"\(id)\" is already defined in \(owner)"))
            return false
        }
        for (file, content) in files {
            merged.nodes += content.nodes.filter { claim($0.id, in: &nodes, "node", file) }
            merged.nodePools += content.nodePools.filter { claim($0.id, in: &pools, "node pool", file) }
            merged.workloads += content.workloads.filter { claim($0.id, in: &workloads, "workload", file) }
        }
        if !problems.isEmpty { throw DocumentError(problems) }
        return merged
    }

    /// The list under `nodes`; also what `fleet.backend.nodes` of the daemon's configuration holds.
    package static func readNodes(_ fields: FieldReader) -> [NodeSpec] {
        var seen: Set<NodeID> = []
        return fields.list("nodes") { item in
            guard let spec = NodeSpec.read(item, fields.document) else { return nil }
            guard seen.insert(spec.id).inserted else {
                fields.document.report("node \"\(spec.id)\" is defined twice", at: item.position)
                return nil
            }
            return spec
        } ?? []
    }

    private static func readPools(_ fields: FieldReader) -> [NodePool] {
        var seen: Set<NodePoolID> = []
        return fields.list("node_pools") { item in
            guard let pool = NodePool.read(item, fields.document) else { return nil }
            guard seen.insert(pool.id).inserted else {
                fields.document.report("node pool \"\(pool.id)\" is defined twice", at: item.position)
                return nil
            }
            return pool
        } ?? []
    }

    private static func readWorkloads(_ fields: FieldReader) -> [Workload] {
        var seen: Set<WorkloadID> = []
        return fields.list("workloads") { item in
            guard let workload = Workload.read(item, fields.document) else { return nil }
            guard seen.insert(workload.id).inserted else {
                fields.document.report("workload \"\(workload.id)\" is defined twice", at: item.position)
                return nil
            }
            return workload
        } ?? []
    }
}

extension NodeSpec {
    /// Reads `{ name: n1, cpu: 2, memory: 2GiB, labels: { zone: a } }`; nil where something was reported.
    package static func read(_ node: Documents.Node, _ reader: DocumentReader) -> NodeSpec? {
        let value = reader.mapping(node, "a node") { fields -> NodeSpec? in
            let id: NodeID? = fields.identifier("name")
            let capacity = fields.resources(isRequired: true)
            let labels = fields.labels("labels")
            guard let id, let capacity else { return nil }
            if capacity.milliCPU == 0 || capacity.memoryBytes == 0 {
                fields.report("node \"\(id)\" needs a cpu and a memory above 0")
                return nil
            }
            return NodeSpec(id: id, capacity: capacity, labels: labels)
        }
        return value ?? nil
    }
}

extension FieldReader {
    func identifier<Subject>(_ key: String) -> Identifier<Subject>? {
        guard let node = require(key) else { return nil }
        return document.scalar(
            node, key, expected: "a name of a-z, 0-9, \"-\" and \".\", at most 63 long",
            { Identifier<Subject>($0) })
    }

    /// `cpu` and `memory` of this mapping; nil where a required one is missing or one is wrong.
    func resources(isRequired: Bool, default value: Resources = .zero) -> Resources? {
        func amount(_ key: String, _ expected: String, _ ifAbsent: Int64, _ read: (String) -> Int64?)
            -> Int64?
        {
            guard let node = isRequired ? require(key) : node(key) else { return isRequired ? nil : ifAbsent }
            return document.scalar(node, key, expected: expected, read)
        }
        let cpu = amount("cpu", Quantity.cpuExpected, value.milliCPU, Quantity.milliCPU)
        let memory = amount("memory", Quantity.memoryExpected, value.memoryBytes, Quantity.bytes)
        guard let cpu, let memory else { return nil }
        return Resources(milliCPU: cpu, memoryBytes: memory)
    }

    func labels(_ key: String) -> [String: String] {
        Dictionary((stringMap(key) ?? []).map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    func duration(_ key: String) -> Duration? {
        scalar(key, expected: "a duration such as 250ms, 15s or 1h30m") { Duration(prometheus: $0) }
    }
}
