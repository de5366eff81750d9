import ArgumentParser
import PromQL

/// `flyball fmt EXPRESSION`
struct Format: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fmt",
        abstract: "Lay an expression out as /api/v1/format_query does; exit code 2 where it is not one.")

    @Argument(help: "The expression.") var expression: String

    func run() throws {
        do {
            print(try Expression.parse(expression, features: .all).formatted())
        } catch {
            Terminal.error(Terminal.paint("\(error)", .red))
            throw ExitCode(2)
        }
    }
}
