/// Who may change state: whoever holds the token, asking from nowhere but the service's own page or no page at all.
package struct Authorization: Sendable {
    private let token: [UInt8]?
    private let protected: Set<Role>

    /// - Parameters:
    ///   - token: what `Authorization: Bearer` must say; nil refuses every protected route.
    ///   - protected: the roles that need it. A service that only this machine reaches may leave out `ingest`.
    package init(token: String?, protecting roles: Set<Role> = Role.changing) {
        self.token = token.map { Array($0.utf8) }
        protected = roles
    }

    /// - Throws: 401 without the token, 403 from a foreign origin or where there is no token at all.
    func check(_ role: Role, _ request: WebRequest) throws(WebError) {
        if role == .ingest { try checkNoPage(request) }
        if role.changesState { try checkOrigin(request) }
        guard protected.contains(role) else { return }
        guard let token else {
            throw WebError(403, "forbidden", "this server has no token, so nothing of role \(role.rawValue)")
        }
        let given = request.headers["authorization"] ?? ""
        let scheme = given.prefix(7)
        guard scheme.lowercased() == "bearer ", Self.equal(Array(given.dropFirst(7).utf8), token) else {
            var error = WebError(
                401, "unauthorized",
                "\(request.method) \(request.path) has role \(role.rawValue) and needs \"Authorization: Bearer TOKEN\"; "
                    + "the token is in the file token of the data directory")
            error.headers = [(name: "WWW-Authenticate", value: "Bearer realm=\"flyball\"")]
            throw error
        }
    }

    /// Senders are no browsers. A name that a foreign page has pointed at this machine would pass as the same origin.
    private func checkNoPage(_ request: WebRequest) throws(WebError) {
        guard request.headers["origin"] == nil, request.headers["sec-fetch-site"] == nil else {
            throw WebError(403, "forbidden", "no page may bring samples")
        }
    }

    /// A browser names the page that asks; only our own page may change anything.
    private func checkOrigin(_ request: WebRequest) throws(WebError) {
        if let origin = request.headers["origin"] {
            let host = request.headers["host"] ?? ""
            let own = ["http://" + host, "https://" + host].map { $0.lowercased() }
            guard !host.isEmpty, own.contains(origin.lowercased()) else {
                throw WebError(403, "forbidden", "a page of another origin may not change anything here")
            }
        }
        if let site = request.headers["sec-fetch-site"], site != "same-origin", site != "none" {
            throw WebError(403, "forbidden", "a page of another site may not change anything here")
        }
    }

    /// Compares in a time that depends on the length of `given` only.
    static func equal(_ given: [UInt8], _ token: [UInt8]) -> Bool {
        var difference = UInt8(given.count == token.count && !token.isEmpty ? 0 : 1)
        for (index, byte) in given.enumerated() {
            difference |= byte ^ (token.isEmpty ? 0 : token[index % token.count])
        }
        return difference == 0
    }
}
