package import Web

/// Who asks, for the purpose of sharing: an address, and behind it a user or tenant where a proxy names one.
///
/// Names are believed only within an address, so that nobody gets a larger share by making them up.
package struct QueryClient: Hashable, Sendable {
    package var address: String
    package var user: String

    package init(address: String, user: String = "") {
        self.address = address
        self.user = user
    }

    /// Headers in which proxies and Grafana name the user or tenant they ask for.
    private static let headers = ["x-scope-orgid", "x-grafana-user", "x-forwarded-user"]

    package init(_ request: WebRequest) {
        address = request.remoteAddress
        user = QueryClient.headers.compactMap { request.headers[$0] }.map { String($0.prefix(200)) }
            .joined(separator: "/")
    }
}
