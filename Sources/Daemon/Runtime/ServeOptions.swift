package import Logging
package import PromQL

/// What the command line of `flyball serve` says.
package struct ServeOptions: Sendable {
    /// Nil for the embedded defaults.
    package var configurationFile: String?
    /// `host:port`.
    package var listenAddress: String
    package var storagePath: String?
    /// Whether `/api/v1/write` takes in samples.
    package var receivesRemoteWrite: Bool
    /// Whether `/api/v1/admin/tsdb/...` deletes and copies.
    package var hasAdminAPI: Bool
    package var logLevel: Logger.Level
    package var logFormat: LogFormat
    package var version: String
    package var features: QueryFeatures
    package var limits: QueryLimits
    /// How many queries over HTTP run at a time.
    package var maxConcurrentQueries: Int

    package init(
        configurationFile: String?, listenAddress: String, storagePath: String?,
        receivesRemoteWrite: Bool = false, hasAdminAPI: Bool = false, logLevel: Logger.Level,
        logFormat: LogFormat, version: String,
        features: QueryFeatures = [], limits: QueryLimits = QueryLimits(), maxConcurrentQueries: Int = 20
    ) {
        self.configurationFile = configurationFile
        self.listenAddress = listenAddress
        self.storagePath = storagePath
        self.receivesRemoteWrite = receivesRemoteWrite
        self.hasAdminAPI = hasAdminAPI
        self.logLevel = logLevel
        self.logFormat = logFormat
        self.version = version
        self.features = features
        self.limits = limits
        self.maxConcurrentQueries = maxConcurrentQueries
    }
}

/// A host and port to listen on.
struct ListenAddress: Hashable, Sendable {
    var host: String
    var port: Int

    /// Reads `127.0.0.1:9095`, `[::1]:9095` or `:9095` (all addresses, as Prometheus reads it).
    init(_ text: String) throws(StartError) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else {
            throw StartError(
                "--web.listen-address must be HOST:PORT such as 127.0.0.1:9095, found \"\(text)\"")
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        self.host = host.isEmpty ? "0.0.0.0" : host
        self.port = port
    }

    /// Whether only processes of this machine reach it.
    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    /// Where a process on this machine reaches it.
    var localAddress: String {
        let reachable = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
        return reachable.contains(":") ? "[\(reachable)]:\(port)" : "\(reachable):\(port)"
    }
}
