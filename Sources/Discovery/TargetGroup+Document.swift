package import Documents
package import TimeSeries

extension TargetGroup {
    /// Reads one element of `static_configs` or of a discovery file.
    package static func read(
        _ node: Node, _ document: DocumentReader, source: String, adding extra: Labels = .empty
    ) -> TargetGroup? {
        let group = document.mapping(node, "a target group") { fields -> TargetGroup in
            let addresses = fields.list("targets") { address($0, document) } ?? []
            let labels = fields.stringMap("labels") ?? []
            for (name, _) in labels where name.isEmpty {
                fields.report("a label name must not be empty", at: "labels")
            }
            return TargetGroup(
                source: source, addresses: addresses,
                labels: Labels(labels.map { (name: $0.key, value: $0.value) }).merging(extra))
        }
        return group
    }

    private static func address(_ node: Node, _ document: DocumentReader) -> String? {
        guard let text = document.string(node, "each of targets") else { return nil }
        if text.isEmpty || text.contains("/") {
            document.report(
                "\"\(text)\" is no target; expected host:port (a path belongs in metrics_path)",
                at: node.position)
            return nil
        }
        return text
    }
}
