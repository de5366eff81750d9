package import Documents

/// Hides what must not leave the process before a configuration is shown.
package enum Redaction {
    private static let secretKeys: Set = [
        "password", "credentials", "bearer_token", "secret", "secret_key", "client_secret", "token",
        "api_key",
        "authorization_token", "service_key", "application_secret",
    ]

    /// The tree with the values of secret keys replaced by `<secret>`, as Prometheus shows them.
    package static func redact(_ node: Node) -> Node {
        switch node.content {
        case .scalar: return node
        case .sequence(let items): return Node(.sequence(items.map(redact)), at: node.position)
        case .mapping(let pairs):
            let hidden = pairs.map { pair in
                let isSecret = pair.key.text.map(secretKeys.contains) ?? false
                guard isSecret, case .scalar = pair.value.content, !pair.value.isNull else {
                    return (key: pair.key, value: redact(pair.value))
                }
                return (key: pair.key, value: Node(.scalar("<secret>", plain: true), at: pair.value.position))
            }
            return Node(.mapping(hidden), at: node.position)
        }
    }
}
