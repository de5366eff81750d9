/// A YAML or JSON value that remembers where it stood. Scalars keep their text; what type they have is for the
/// reader to ask, except that a plain (unquoted) scalar is told from a quoted one.
package struct Node: Sendable {
    package indirect enum Content: Sendable {
        case scalar(String, plain: Bool)
        case sequence([Node])
        case mapping([(key: Node, value: Node)])
    }

    package var content: Content
    package var position: Position

    package init(_ content: Content, at position: Position) {
        self.content = content
        self.position = position
    }

    /// The text of a scalar.
    package var text: String? {
        if case .scalar(let text, _) = content { text } else { nil }
    }

    /// Whether the value is absent: an empty plain scalar, `~` or `null`.
    package var isNull: Bool {
        if case .scalar(let text, plain: true) = content {
            return text.isEmpty || text == "~" || text == "null" || text == "Null" || text == "NULL"
        }
        return false
    }

    /// What a person would call it, for messages.
    package var kindName: String {
        switch content {
        case .scalar: isNull ? "nothing" : "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// The value under a key of a mapping, or nil.
    package subscript(key: String) -> Node? {
        guard case .mapping(let pairs) = content else { return nil }
        return pairs.first { $0.key.text == key }?.value
    }
}
