import Documents

/// The variables and locals of a file whose values stand in it.
struct HCLVariables {
    /// By what they are called where they are used, such as `var.count`.
    private var values: [String: Documents.Node] = [:]

    init(_ root: Documents.Node) {
        func many(_ node: Documents.Node?) -> [Documents.Node] {
            node.map { $0.items.isEmpty ? [$0] : $0.items } ?? []
        }
        for variable in many(root["variable"]).flatMap(\.pairs) {
            guard let name = variable.key.text, let value = variable.value["default"] else { continue }
            values["var." + name] = value
        }
        for local in many(root["locals"]).flatMap(\.pairs) {
            if let name = local.key.text { values["local." + name] = local.value }
        }
    }

    /// A node with values in place of what is called by them; tells of each, since a run may give another.
    func resolved(_ node: Documents.Node, _ log: ImportLog) -> Documents.Node {
        guard !values.isEmpty else { return node }
        switch node.content {
        case .mapping(let pairs):
            return Documents.Node(
                .mapping(pairs.map { (key: $0.key, value: resolved($0.value, log)) }), at: node.position)
        case .sequence(let items):
            return Documents.Node(.sequence(items.map { resolved($0, log) }), at: node.position)
        case .scalar(let text, let isPlain):
            return Documents.Node(
                .scalar(isPlain ? whole(text, node, log) : filled(text, node, log), plain: isPlain),
                at: node.position)
        }
    }

    private func whole(_ text: String, _ node: Documents.Node, _ log: ImportLog) -> String {
        values[text]?.text.map { told(text, $0, node, log) } ?? text
    }

    private func filled(_ text: String, _ node: Documents.Node, _ log: ImportLog) -> String {
        var result = text
        for name in values.keys.sorted() {
            guard let value = values[name]?.text, result.contains("${\(name)}") else { continue }
            result = result.replacing("${\(name)}", with: told(name, value, node, log))
        }
        return result
    }

    private func told(_ name: String, _ value: String, _ node: Documents.Node, _ log: ImportLog) -> String {
        if name.hasPrefix("var.") {
            log.note("\(name) is taken for its default \(value.prefix(60))", node)
        }
        return value
    }
}
