/// The parts of an `http` or `https` URL that matter to a connection.
package struct HTTPAddress: Hashable, Sendable {
    package var scheme: String
    /// As it stands in the URL, an IPv6 address with its brackets.
    package var host: String
    package var port: Int?
    /// Path and query, from the first slash on.
    package var rest: String

    package var authority: String { port.map { "\(host):\($0)" } ?? host }

    /// Nil where the text is no absolute http or https URL.
    package init?(_ url: String) {
        guard let separator = url.firstRange(of: "://") else { return nil }
        scheme = url[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        let behind = url[separator.upperBound...]
        let end = behind.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? behind.endIndex
        var place = behind[..<end]
        if let at = place.lastIndex(of: "@") { place = place[place.index(after: at)...] }
        rest = behind[end...].hasPrefix("/") ? String(behind[end...]) : "/" + behind[end...]
        let afterBracket = place.lastIndex(of: "]").map { place.index(after: $0) } ?? place.startIndex
        if let colon = place[afterBracket...].lastIndex(of: ":") {
            guard let number = Int(place[place.index(after: colon)...]), (0...65535).contains(number) else {
                return nil
            }
            port = number
            place = place[..<colon]
        }
        guard !place.isEmpty else { return nil }
        host = String(place)
    }

    /// Whether the host is this machine itself, by its literal address or name.
    package var isLoopback: Bool {
        host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
    }
}
