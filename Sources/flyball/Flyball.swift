import ArgumentParser
import Foundation

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
            Explain.self, AuditCommand.self, TestCommand.self, ImportCommand.self, Format.self,
            ForecastCommand.self,
            BacktestCommand.self, StorageCommand.self,
            DemoCommand.self, Version.self,
        ])

    /// Arguments that nobody understands are a failure like any other and end with 1; 2 is kept for checks.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            try Terminal.finish()
        } catch let error as ValidationError {
            Terminal.error("Error: \(error.message)")
            Foundation.exit(1)
        } catch  where exitCode(for: error) == .validationFailure {
            Terminal.error(fullMessage(for: error))
            Foundation.exit(1)
        } catch {
            do {
                try Terminal.finish()
            } catch let unwritten {
                Terminal.error("Error: \(unwritten)")
                Foundation.exit(1)
            }
            exit(withError: error)
        }
    }
}

/// `flyball version`
struct Version: ParsableCommand {
    static let text = "0.1.0"
    static let configuration = CommandConfiguration(abstract: "Print the version.")

    func run() { print("flyball \(Self.text)") }
}
