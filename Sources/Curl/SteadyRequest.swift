extension TransportRequest {
    /// The request as it is sent on a connection of its own; nil where it needs libcurl: another method than GET, a body,
    /// TLS, a unix socket, gzip, a URL that libcurl would change.
    var steadyMessage: [UInt8]? {
        guard isRepeated, method == "GET", body.isEmpty, unixSocket == nil, !acceptsGzip,
            let address = HTTPAddress(url), address.scheme == "http", !url.contains("/."),
            url.utf8.allSatisfy(TransportRequest.isPlain)
        else { return nil }
        let authority = address.port == 80 ? address.host : address.authority
        var text = "GET \(address.rest) HTTP/1.1\r\nHost: \(authority)\r\n"
        var names: Set<String> = []
        for header in headers {
            let name = header.name.lowercased()
            guard name != "host", name != "connection", !header.value.utf8.contains(where: { $0 < 32 }) else {
                return nil
            }
            names.insert(name)
            text += "\(header.name): \(header.value)\r\n"
        }
        if !names.contains("accept") { text += "Accept: */*\r\n" }
        return Array((text + "\r\n").utf8)
    }

    /// Bytes that stand in a URL for themselves and have no further meaning, such as that of a user's name.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte > 32 && byte < 127 && !"@#\\".utf8.contains(byte)
    }
}
