package import Curl

/// How to speak to a server, in the keys that Prometheus gives its scrapes and its Alertmanagers.
package struct HTTPClientConfiguration: Hashable, Sendable {
    /// A secret that stands in the configuration, or the file it is read from whenever it is needed.
    package enum Secret: Hashable, Sendable {
        case text(String)
        case file(String)
    }

    package enum Authentication: Hashable, Sendable {
        case none
        case basic(user: Secret, password: Secret)
        /// `Authorization: <scheme> <credentials>`.
        case authorization(scheme: String, credentials: Secret)
    }

    package struct Header: Hashable, Sendable {
        package var name: String
        package var values: [Secret]

        package init(name: String, values: [Secret]) {
            self.name = name
            self.values = values
        }
    }

    package var authentication: Authentication
    package var tls: TransportTLS?
    /// Off unless asked for: a target must not be able to send the service elsewhere.
    package var followsRedirects: Bool
    package var headers: [Header]

    package init(
        authentication: Authentication = .none, tls: TransportTLS? = nil, followsRedirects: Bool = false,
        headers: [Header] = []
    ) {
        self.authentication = authentication
        self.tls = tls
        self.followsRedirects = followsRedirects
        self.headers = headers
    }

    /// The headers of a request; reads the files that secrets live in.
    package func requestHeaders(
        _ access: FileAccess
    ) throws(FileFailure) -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        for header in headers {
            for value in header.values { result.append((name: header.name, value: try value.read(access))) }
        }
        switch authentication {
        case .none: break
        case .basic(let user, let password):
            let pair = try user.read(access) + ":" + password.read(access)
            result.append((name: "Authorization", value: "Basic " + Base64.encode(Array(pair.utf8))))
        case .authorization(let scheme, let credentials):
            result.append((name: "Authorization", value: scheme + " " + (try credentials.read(access))))
        }
        return result
    }
}

extension HTTPClientConfiguration.Secret {
    package func read(_ access: FileAccess) throws(FileFailure) -> String {
        switch self {
        case .text(let text): text
        case .file(let path): try access.secret(path).get()
        }
    }
}

/// RFC 4648 section 4, with padding.
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            var word: UInt32 = 0
            for offset in 0..<3 { word = word << 8 | UInt32(offset < part.count ? part[start + offset] : 0) }
            for index in 0..<4 {
                let digit = alphabet[Int(word >> UInt32(18 - 6 * index) & 63)]
                text.append(index <= part.count ? digit : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
