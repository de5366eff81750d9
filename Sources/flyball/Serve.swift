public import ArgumentParser
import Daemon
import Foundation
public import Logging
import PromQL
import TimeSeries

/// `flyball serve`
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the service: scrape, store, query, alert, scale, place, record.",
        discussion: """
            The configuration is Prometheus' schema with sections of ours; without --config.file, `flyball.yml` of this folder is
            read where it exists, else embedded defaults. SIGHUP reads it again; SIGINT and SIGTERM stop the service and its nodes.
            """)

    @Option(name: .customLong("config.file"), help: "The configuration.")
    var configurationFile: String?

    @Option(name: .customLong("web.listen-address"), help: "Where the API and the page are.")
    var listenAddress = "127.0.0.1:9095"

    @Option(
        name: [.customLong("storage.path"), .customLong("storage.tsdb.path")],
        help:
            "The folder for samples, journal, audit log, nodes and the token (default: `data`, or what the file says)."
    )
    var storagePath: String?

    @Flag(
        name: .customLong("web.enable-remote-write-receiver"),
        help: "Take in samples at /api/v1/write; without a token where only this machine reaches it.")
    var receivesRemoteWrite = false

    @Flag(
        name: .customLong("web.enable-admin-api"),
        help:
            "Answer /api/v1/admin/tsdb/: delete series, clean tombstones, copy the store. With the token only."
    )
    var hasAdminAPI = false

    @Option(name: .customLong("log.level"), help: "trace, debug, info, notice, warning or error.")
    var logLevel = Logger.Level.info

    @Option(name: .customLong("log.format"), help: "logfmt or json.")
    var logFormat = LogFormat.logfmt

    @OptionGroup var experiments: FeatureOptions

    @Option(
        name: .customLong("query.max-samples"), help: "The most samples that one query may hold in memory.")
    var maxSamples = 50_000_000

    @Option(name: .customLong("query.timeout"), help: "The longest time that a query may take.")
    var queryTimeout = "2m"

    @Option(
        name: .customLong("query.max-concurrency"),
        help: "How many queries over HTTP run at a time; others wait for their turn.")
    var maxConcurrency = 20

    @Option(name: .customLong("query.lookback-delta"), help: "How long a sample counts after its time.")
    var lookback = "5m"

    func run() async throws {
        let standard = FileManager.default.fileExists(atPath: "flyball.yml") ? "flyball.yml" : nil
        let options = ServeOptions(
            configurationFile: configurationFile ?? standard, listenAddress: listenAddress,
            storagePath: storagePath, receivesRemoteWrite: receivesRemoteWrite, hasAdminAPI: hasAdminAPI,
            logLevel: logLevel, logFormat: logFormat, version: Version.text,
            features: try experiments.features(),
            limits: try limits(), maxConcurrentQueries: maxConcurrency)
        do {
            try await FlyballService.serve(options)
        } catch {
            Terminal.error(Terminal.paint("flyball: \(error)", .red))
            throw ExitCode(1)
        }
    }

    private func limits() throws -> QueryLimits {
        guard let timeout = Duration(prometheus: queryTimeout), let lookback = Duration(prometheus: lookback)
        else {
            throw ValidationError("--query.timeout and --query.lookback-delta must be durations such as 2m")
        }
        guard (1...1000).contains(maxConcurrency) else {
            throw ValidationError("--query.max-concurrency must be 1 to 1000, found \(maxConcurrency)")
        }
        guard maxSamples > 0, timeout > .zero, lookback > .zero else {
            throw ValidationError(
                "--query.max-samples, --query.timeout and --query.lookback-delta must be more than nothing")
        }
        return QueryLimits(maxSamples: maxSamples, timeout: timeout, lookback: lookback)
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
extension LogFormat: ExpressibleByArgument {}
