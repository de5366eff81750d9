import Curl
package import Documents

extension HTTPClientConfiguration {
    /// Reads the keys of an HTTP client out of a mapping that has others too.
    /// - Parameter directory: what relative paths are relative to, the folder of the configuration file.
    package static func read(_ fields: FieldReader, directory: String) -> HTTPClientConfiguration {
        let path = { (text: String) in resolve(text, in: directory) }
        for key in ["oauth2", "proxy_url", "proxy_from_environment", "no_proxy", "proxy_connect_header"]
        where fields.node(key) != nil {
            fields.report("\(key) is not supported yet", at: key)
        }
        _ = fields.bool("enable_http2")
        return HTTPClientConfiguration(
            authentication: authentication(fields, path), tls: tls(fields, path),
            followsRedirects: fields.bool("follow_redirects") ?? false, headers: headers(fields, path))
    }

    /// An absolute path as it is, a relative one below `directory`.
    package static func resolve(_ path: String, in directory: String) -> String {
        path.isEmpty || path.hasPrefix("/") || directory.isEmpty ? path : directory + "/" + path
    }

    private static func authentication(_ fields: FieldReader, _ path: (String) -> String) -> Authentication {
        var given: [Authentication] = []
        let basic = fields.mapping("basic_auth") { fields -> Authentication in
            .basic(
                user: secret(fields, "username", path) ?? .text(""),
                password: secret(fields, "password", path) ?? .text(""))
        }
        if let basic { given.append(basic) }
        let authorization = fields.mapping("authorization") { fields -> Authentication in
            let scheme = fields.string("type") ?? "Bearer"
            if scheme.lowercased() == "basic" {
                fields.report("type Basic belongs into basic_auth", at: "type")
            }
            let credentials = secret(fields, "credentials", path) ?? .text("")
            return .authorization(scheme: scheme, credentials: credentials)
        }
        if let authorization { given.append(authorization) }
        if let token = secret(fields, "bearer_token", path) {
            given.append(.authorization(scheme: "Bearer", credentials: token))
        }
        if given.count > 1 {
            fields.report("at most one of basic_auth, authorization and bearer_token can be used")
        }
        return given.first ?? .none
    }

    /// The secret under `key` or in the file under `key_file`.
    private static func secret(_ fields: FieldReader, _ key: String, _ path: (String) -> String) -> Secret? {
        let text = fields.string(key)
        let file = fields.string(key + "_file")
        if text != nil, file != nil {
            fields.report("at most one of \(key) and \(key)_file can be used", at: key + "_file")
        }
        return file.map { .file(path($0)) } ?? text.map { .text($0) }
    }

    private static func tls(_ fields: FieldReader, _ path: (String) -> String) -> TransportTLS? {
        fields.mapping("tls_config") { fields in
            for key in ["ca", "cert", "key", "ca_ref", "cert_ref", "key_ref"] where fields.node(key) != nil {
                fields.report("\(key) is not supported yet; give a file in \(key.prefix(4))_file", at: key)
            }
            let versions = ["TLS10", "TLS11", "TLS12", "TLS13"]
            for key in ["min_version", "max_version"] {
                _ = fields.scalar(key, expected: "one of \(versions.joined(separator: ", "))") { text in
                    versions.first { $0 == text }
                }
            }
            let tls = TransportTLS(
                authorityFile: fields.string("ca_file").map(path),
                certificateFile: fields.string("cert_file").map(path),
                keyFile: fields.string("key_file").map(path), serverName: fields.string("server_name"),
                skipsVerification: fields.bool("insecure_skip_verify") ?? false)
            if (tls.certificateFile == nil) != (tls.keyFile == nil) {
                fields.report("cert_file and key_file need each other")
            }
            return tls
        }
    }

    private static func headers(_ fields: FieldReader, _ path: (String) -> String) -> [Header] {
        let reserved = [
            "authorization", "host", "content-encoding", "content-length", "content-type", "user-agent",
        ]
        return fields.mapping("http_headers") { names in
            names.all.compactMap { pair -> Header? in
                guard let name = pair.key.text else { return nil }
                if reserved.contains(name.lowercased()) {
                    names.report("header \"\(name)\" is set by other keys", at: name)
                }
                return names.document.mapping(pair.value, "header \(name)") { values in
                    let texts = (values.strings("values") ?? []) + (values.strings("secrets") ?? [])
                    let files = values.strings("files") ?? []
                    return Header(
                        name: name, values: texts.map { .text($0) } + files.map { .file(path($0)) })
                }
            }
        } ?? []
    }
}
