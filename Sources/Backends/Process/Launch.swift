package import Fleet

/// What is executed for a replica: the workload's words with `{port}`, `{replica}`, `{workload}` and `{node}` filled
/// in. Other braces stay as they are. No shell sees it.
package struct Launch: Hashable, Sendable {
    package var arguments: [String]
    package var environment: [String: String]

    /// - Parameter inherited: What of the node's own environment a replica gets; the workload's wins.
    package init(
        _ workload: Workload, replica: ReplicaID, node: NodeID, port: Int,
        inheriting inherited: [String: String] = [:]
    ) {
        let values = [
            "{port}": "\(port)", "{replica}": replica.name, "{workload}": workload.id.name,
            "{node}": node.name,
        ]
        arguments = workload.command.map { Launch.fill($0, values) }
        environment = inherited.merging(workload.environment.mapValues { Launch.fill($0, values) }) {
            _, own in own
        }
    }

    /// In one pass, so that what is filled in is not looked at again.
    private static func fill(_ text: String, _ values: [String: String]) -> String {
        var result = ""
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            rest = rest[open...]
            guard let close = rest.firstIndex(of: "}") else { break }
            let word = rest[...close]
            if let value = values[String(word)] {
                result += value
                rest = rest[rest.index(after: close)...]
            } else {
                result += "{"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }
}
