import ArgumentParser
import Daemon
import Demo
import Logging
import TimeSeries

/// `flyball demo ...`: what `make run` shows.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "A live workload, a balancer and a load generator to see the service at work.",
        subcommands: [DemoRun.self, Workload.self, Balancer.self, Load.self])

    /// `flyball demo workload`
    struct Workload: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A small HTTP service whose latency depends on its load.",
            discussion: "GET /work does real CPU work; /health and /metrics tell about it. SIGTERM drains it."
        )

        @Option(help: "Where it listens.") var listen = "127.0.0.1:9190"
        @Option(help: "The workload it is a replica of.") var workload = "web"
        @Option(help: "The replica's name.") var replica = "web-0"

        func run() async throws {
            try await DemoCommand.begin { logger in
                let options = DemoWorkload.Options(
                    port: try DemoCommand.port(listen), workload: workload, replica: replica)
                try await DemoWorkload.run(options, logger: logger)
            }
        }
    }

    /// `flyball demo balancer`
    struct Balancer: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A reverse proxy over the ready replicas of a workload, weighted by health and latency."
        )

        @Option(help: "The service that knows the replicas.") var url = "http://127.0.0.1:9095"
        @Option(help: "Where it listens.") var listen = "127.0.0.1:9180"
        @Option(help: "The workload.") var workload = "web"

        func run() async throws {
            try await DemoCommand.begin { logger in
                let options = DemoBalancer.Options(
                    port: try DemoCommand.port(listen), service: url, workload: workload)
                try await DemoBalancer.run(options, logger: logger)
            }
        }
    }

    /// `flyball demo load`
    struct Load: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Sends a compressed day of requests with bursts, whether or not they are answered in time.")

        @Option(help: "What is asked for.") var target = "http://127.0.0.1:9180/work"
        @Option(help: "Where its own /metrics is.") var listen = "127.0.0.1:9181"
        @Option(help: "Requests per second at night.") var base = 15.0
        @Option(help: "Requests per second in the afternoon.") var peak = 100.0
        @Option(help: "How long a day lasts.") var day = "4m"
        @Flag(help: "Print no line every few seconds.") var quiet = false

        func run() async throws {
            guard let period = Duration(prometheus: day), period > .zero else {
                throw ValidationError("--day must be a duration such as 4m")
            }
            guard base >= 0, peak >= base, peak <= 100_000 else {
                throw ValidationError("--base and --peak must be requests per second, base below peak")
            }
            try await DemoCommand.begin { logger in
                let options = DemoLoad.Options(
                    url: target, shape: LoadShape(base: base, peak: peak, period: period),
                    metricsPort: try DemoCommand.port(listen),
                    report: quiet ? .seconds(86_400) : .seconds(5))
                try await DemoLoad.run(options, logger: logger)
            }
        }
    }

    /// Runs a demo program with its log on standard error, and ends with one line where it cannot.
    private static func begin(_ body: (Logger) async throws -> Void) async throws {
        LineLogHandler.bootstrap(level: .warning, format: .logfmt)
        do {
            try await body(Logger(label: "demo"))
        } catch {
            Terminal.error("flyball demo: \(error)")
            throw ExitCode(1)
        }
    }

    /// The port of a loopback address; the demo listens nowhere else.
    private static func port(_ listen: String) throws -> Int {
        let parts = listen.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "127.0.0.1" || parts[0] == "localhost", let port = Int(parts[1]),
            (0...65535).contains(port)
        else { throw ValidationError("--listen must be 127.0.0.1:PORT, found \"\(listen)\"") }
        return port
    }
}
