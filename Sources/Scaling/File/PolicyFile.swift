package import Documents
package import Fleet

/// Reads `*.policies.yml`. The letter is in docs/scaling.md and docs/schema/policies.schema.json.
package enum PolicyFile {
    /// A policy with the place where it stands, for messages about several files.
    package struct Placed: Hashable, Sendable {
        package var policy: ScalingPolicy
        package var file: String
        package var position: Position
    }

    /// One file's policies.
    /// - Throws: everything that is wrong with the file, each with line and column.
    package static func parse(_ text: String, file: String) throws(DocumentError) -> [Placed] {
        let root = try YAMLDocument.parse(text, file: file)
        let document = DocumentReader(file: file)
        let source = ScalarSource(text)
        let placed = document.mapping(root, "a policy file") { fields -> [Placed] in
            fields.list("policies") { node in
                PolicyReader.policy(node, document, source).map {
                    Placed(policy: $0, file: file, position: node.position)
                }
            } ?? []
        }
        return try document.finish(placed)
    }

    /// The policies of several files together.
    /// - Parameters:
    ///   - workloads: the workloads there are; nil where that is not known.
    ///   - pools: the same of pools of nodes.
    /// - Throws: what is wrong with each file, and with the whole: a name used twice, two active policies for
    ///   one workload, a workload that does not exist.
    package static func load(
        _ files: [(name: String, text: String)], workloads: Set<WorkloadID>? = nil,
        pools: Set<NodePoolID>? = nil
    ) throws(DocumentError) -> [ScalingPolicy] {
        var placed: [Placed] = []
        var problems: [Problem] = []
        for file in files {
            do {
                placed += try parse(file.text, file: file.name)
            } catch {
                problems += error.problems
            }
        }
        problems += conflicts(placed)
        if let workloads {
            for item in placed
            where item.policy.nodePool == nil && !workloads.contains(item.policy.workload) {
                let known = workloads.sorted().map(\.name).joined(separator: ", ")
                problems.append(
                    item.problem(
                        "no workload \"\(item.policy.workload)\"; known are \(known.isEmpty ? "none" : known)"
                    ))
            }
        }
        if let pools {
            for item in placed {
                guard let pool = item.policy.nodePool, !pools.contains(pool) else { continue }
                let known = pools.sorted().map(\.name).joined(separator: ", ")
                problems.append(
                    item.problem("no node pool \"\(pool)\"; known are \(known.isEmpty ? "none" : known)"))
            }
        }
        guard problems.isEmpty else { throw DocumentError(problems) }
        return placed.map(\.policy)
    }

    /// What makes policies, each right by itself, wrong together.
    package static func conflicts(_ placed: [Placed]) -> [Problem] {
        var byName: [String: Placed] = [:]
        var active: [String: Placed] = [:]
        var problems: [Problem] = []
        for item in placed {
            let policy = item.policy
            if let first = byName[policy.name] {
                problems.append(
                    item.problem("the name \"\(policy.name)\" is taken by the policy at \(first.place)"))
            } else {
                byName[policy.name] = item
            }
            guard policy.mode == .active else { continue }
            let target = policy.nodePool == nil ? "workload" : "node pool"
            if let first = active["\(target) \(policy.workload)"] {
                problems.append(
                    item.problem(
                        "\(target) \"\(policy.workload)\" already has the active policy \"\(first.policy.name)\" at "
                            + "\(first.place); give one of them \"mode: shadow\" or \"mode: dry-run\""))
            } else {
                active["\(target) \(policy.workload)"] = item
            }
        }
        return problems
    }
}

extension PolicyFile.Placed {
    var place: String { "\(file):\(position.line):\(position.column)" }

    func problem(_ message: String) -> Problem {
        Problem(file: file, position: position, message: message)
    }
}
