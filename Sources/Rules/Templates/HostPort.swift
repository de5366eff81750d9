/// `host:port`, `[v6]:port` or a host alone, as Go's `net.SplitHostPort` sees it.
struct HostPort {
    private let text: String
    private let parts: (host: String, port: String)?

    init(_ text: String) {
        self.text = text
        parts = Self.split(text)
    }

    /// Without the port; the whole text where it cannot be split.
    var host: String { parts?.host ?? text }

    /// `host.domain:port` as `host:port`; addresses stay as they are.
    var withoutDomain: String {
        guard !isAddress(host) else { return text }
        let first = String(host.prefix { $0 != "." })
        guard let parts, !parts.port.isEmpty else { return first }
        return first + ":" + parts.port
    }

    private func isAddress(_ host: String) -> Bool {
        if host.contains(":") { return true }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers.allSatisfy { UInt8($0) != nil }
    }

    private static func split(_ text: String) -> (host: String, port: String)? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let port = String(text[text.index(after: colon)...])
        let host = text[..<colon]
        if host.hasPrefix("[") {
            guard host.hasSuffix("]") else { return nil }
            let inner = host.dropFirst().dropLast()
            return inner.contains("[") || inner.contains("]") ? nil : (String(inner), port)
        }
        return host.contains(":") || host.contains("[") || host.contains("]") ? nil : (String(host), port)
    }
}
