/// An HTTP request as the scraper, notifier and backends make it.
package struct TransportRequest: Sendable {
    package var method: String
    /// Absolute, `http` or `https`.
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// From the start to the last byte.
    package var timeout: Duration
    /// More bytes of body (after decompression) than this end the transfer with `.bodyTooLarge`.
    package var maxBodyBytes: Int
    /// A unix socket to connect to instead of the URL's host.
    package var unixSocket: String?
    /// Ask for gzip.
    package var acceptsGzip: Bool
    package var followsRedirects: Bool
    /// How to verify the server and to identify ourselves; nil for the system's certificates. `https` only.
    package var tls: TransportTLS?
    /// Asked again and again: worth a connection of its own, on which answers cost less.
    package var isRepeated: Bool

    package init(
        method: String = "GET", url: String, headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        timeout: Duration = .seconds(10), maxBodyBytes: Int = 64 << 20, unixSocket: String? = nil,
        acceptsGzip: Bool = false, followsRedirects: Bool = false, tls: TransportTLS? = nil,
        isRepeated: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.maxBodyBytes = maxBodyBytes
        self.unixSocket = unixSocket
        self.acceptsGzip = acceptsGzip
        self.followsRedirects = followsRedirects
        self.tls = tls
        self.isRepeated = isRepeated
    }
}

/// The TLS side of a request, in the words of Prometheus' `tls_config`.
package struct TransportTLS: Hashable, Sendable {
    /// Path of the PEM file with the authorities that are trusted; the system's where nil.
    package var authorityFile: String?
    /// Paths of the PEM files with our certificate and its key.
    package var certificateFile: String?
    package var keyFile: String?
    /// The name that the server's certificate must bear, where it is not the host of the URL.
    package var serverName: String?
    /// Accept any certificate.
    package var skipsVerification: Bool

    package init(
        authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil,
        serverName: String? = nil, skipsVerification: Bool = false
    ) {
        self.authorityFile = authorityFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.serverName = serverName
        self.skipsVerification = skipsVerification
    }
}

package struct TransportResponse: Sendable {
    package var status: Int
    /// Names in lower case.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// Bytes of body on the wire, before decompression.
    package var wireBytes: Int

    package init(
        status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [], wireBytes: Int? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.wireBytes = wireBytes ?? body.count
    }

    package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// Why a transfer failed. Whether the server acted is known only for `.refused` and `.invalidURL` (it did not).
package enum TransportError: Error, Hashable, Sendable {
    case invalidURL(String)
    /// No connection was made: refused, unreachable, name not found, address forbidden.
    case refused(String)
    /// Not complete within the request's timeout.
    case timedOut
    case bodyTooLarge(limit: Int)
    case cancelled
    /// The connection broke in the middle, TLS failed, or the answer was not HTTP.
    case failed(String)
}

extension TransportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidURL(let reason): "invalid URL: \(reason)"
        case .refused(let reason): "no connection: \(reason)"
        case .timedOut: "deadline exceeded"
        case .bodyTooLarge(let limit): "body exceeds the limit of \(limit) bytes"
        case .cancelled: "cancelled"
        case .failed(let reason): reason
        }
    }
}

/// The way out: libcurl (`CurlTransport`), or a table of answers in memory (`InMemoryTransport`).
package protocol Transport: Sendable {
    /// Performs one request. Status codes of 400 and above are answers, not errors.
    func perform(_ request: TransportRequest) async throws(TransportError) -> TransportResponse
    /// The caller has read an answer's body and keeps nothing of it: its memory may hold the next one.
    func reclaim(_ body: [UInt8])
    /// Where tasks that ask much and do little with each answer run best; nil for anywhere.
    var executor: (any TaskExecutor)? { get }
}

extension Transport {
    package var executor: (any TaskExecutor)? { nil }
    package func reclaim(_ body: [UInt8]) {}
}

extension TransportRequest {
    /// At least one, as libcurl takes 0 for "no limit", and few enough for 31 bits.
    var timeoutMilliseconds: Int64 {
        let (seconds, attoseconds) = timeout.components
        guard seconds < 2_000_000 else { return 2_000_000_000 }
        return max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }

    /// Whether libcurl would be told the same for both. Requests with a body never are.
    func isRepetition(of other: TransportRequest) -> Bool {
        method == "GET" && other.method == "GET" && body.isEmpty && other.body.isEmpty && url == other.url
            && timeout == other.timeout && unixSocket == other.unixSocket && acceptsGzip == other.acceptsGzip
            && followsRedirects == other.followsRedirects && tls == other.tls
            && headers.elementsEqual(other.headers) { $0.name == $1.name && $0.value == $1.value }
    }
}
