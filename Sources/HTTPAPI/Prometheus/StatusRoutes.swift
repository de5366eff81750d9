import Documents
package import TimeSeries
package import Web

/// What `/api/v1/status/runtimeinfo` shows.
package struct RuntimeInformation: Sendable {
    package var startTime: Timestamp
    package var workingDirectory: String
    package var hostname: String
    /// Whether the last reload was accepted, and when the running configuration was loaded.
    package var reloadSucceeded: Bool
    /// What was wrong with the last reload.
    package var reloadError: String?
    package var configurationLoadedAt: Timestamp
    package var corruptions: Int
    package var processors: Int
    /// As `15d`.
    package var retention: String

    package init(
        startTime: Timestamp, workingDirectory: String, hostname: String, reloadSucceeded: Bool,
        reloadError: String? = nil, configurationLoadedAt: Timestamp, corruptions: Int = 0, processors: Int,
        retention: String
    ) {
        self.startTime = startTime
        self.workingDirectory = workingDirectory
        self.hostname = hostname
        self.reloadSucceeded = reloadSucceeded
        self.reloadError = reloadError
        self.configurationLoadedAt = configurationLoadedAt
        self.corruptions = corruptions
        self.processors = processors
        self.retention = retention
    }
}

/// What `/api/v1/status/buildinfo` shows.
package struct BuildInformation: Sendable {
    package var version: String
    package var revision: String
    package var swiftVersion: String

    package init(version: String, revision: String, swiftVersion: String) {
        self.version = version
        self.revision = revision
        self.swiftVersion = swiftVersion
    }
}

/// `/api/v1/status/{config,flags,runtimeinfo,buildinfo}`.
package struct StatusRoutes: Sendable {
    private let configuration: @Sendable () -> String
    private let flags: [(name: String, value: String)]
    private let runtime: @Sendable () -> RuntimeInformation
    private let build: BuildInformation
    private let clock: any Clock

    /// - Parameter configuration: the running one as YAML, without secrets.
    package init(
        configuration: @escaping @Sendable () -> String, flags: [(name: String, value: String)],
        runtime: @escaping @Sendable () -> RuntimeInformation, build: BuildInformation, clock: any Clock
    ) {
        self.configuration = configuration
        self.flags = flags
        self.runtime = runtime
        self.build = build
        self.clock = clock
    }

    package var routes: [Route] {
        [
            Route([.get], "/api/v1/status/config", role: .query, "The running configuration") { _ in
                Envelope.success { json in json.object { $0.field("yaml", configuration()) } }
            },
            Route([.get], "/api/v1/status/flags", role: .query, "The flags of the command line") { _ in
                Envelope.success { json in
                    json.object { json in for flag in flags { json.field(flag.name, flag.value) } }
                }
            },
            Route([.get], "/api/v1/status/runtimeinfo", role: .query, "The process and its reloads") { _ in
                Envelope.success { $0.runtime(runtime(), now: clock.now) }
            },
            Route([.get], "/api/v1/status/buildinfo", role: .query, "The version") { _ in
                Envelope.success { json in
                    json.object { json in
                        json.field("version", build.version)
                        json.field("revision", build.revision)
                        json.field("branch", "")
                        json.field("buildUser", "")
                        json.field("buildDate", "")
                        json.field("goVersion", "")
                        json.field("application", "flyball")
                        json.field("swiftVersion", build.swiftVersion)
                    }
                }
            },
        ]
    }
}

extension JSONWriter {
    fileprivate mutating func runtime(_ runtime: RuntimeInformation, now: Timestamp) {
        object { json in
            json.field("startTime", RFC3339.text(runtime.startTime))
            json.field("CWD", runtime.workingDirectory)
            json.field("hostname", runtime.hostname)
            json.field("serverTime", RFC3339.text(now))
            json.field("reloadConfigSuccess", runtime.reloadSucceeded)
            if let error = runtime.reloadError { json.field("reloadConfigError", error) }
            json.field("lastConfigTime", RFC3339.text(runtime.configurationLoadedAt))
            json.field("corruptionCount", runtime.corruptions)
            json.field("goroutineCount", 0)
            json.field("GOMAXPROCS", runtime.processors)
            json.field("GOMEMLIMIT", 0)
            json.field("GOGC", "")
            json.field("GODEBUG", "")
            json.field("storageRetention", runtime.retention)
        }
    }
}
