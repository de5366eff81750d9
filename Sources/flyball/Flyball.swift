import ArgumentParser

/// `flyball`: measure, foresee, decide, act, prove.
@main
struct Flyball: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flyball",
        abstract: "Measures a fleet, foresees its demand, decides, acts, and can prove what it did.",
        discussion: """
            Start the service with `flyball serve`, look at http://127.0.0.1:9095, and ask it with the other commands.
            Exit codes: 0 success, 1 failure, 2 a check found something wrong.
            """,
        version: Version.text,
        subcommands: [
            Serve.self, NodeCommand.self, Check.self, Query.self, FleetCommand.self, Scale.self, Pause.self,
            Resume.self,
            Explain.self, AuditCommand.self, TestCommand.self, Format.self, ForecastCommand.self,
            BacktestCommand.self,
            DemoCommand.self, Version.self,
        ])
}

/// `flyball version`
struct Version: ParsableCommand {
    static let text = "0.1.0"
    static let configuration = CommandConfiguration(abstract: "Print the version.")

    func run() { print("flyball \(Self.text)") }
}
