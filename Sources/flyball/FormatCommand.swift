import ArgumentParser
import Daemon
import Foundation
import PromQL

/// `flyball fmt EXPRESSION`
struct Format: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fmt",
        abstract: "Lay expressions out as /api/v1/format_query does; exit code 2 where one is none.",
        discussion: """
            flyball fmt 'sum(rate(x[5m]))by(job)'
            flyball fmt - < query.promql
            flyball fmt --file queries/*.promql --write
            flyball fmt --file queries/*.promql --check
            """)

    @Argument(help: "The expression; - reads it from standard input.") var expression: String?
    @Option(
        name: .shortAndLong, parsing: .upToNextOption,
        help: "Files that hold one expression each.") var file: [String] = []
    @Flag(
        name: .shortAndLong, help: "Print nothing but the names of what is not laid out so; exit code 2 then."
    )
    var check = false
    @Flag(name: .shortAndLong, help: "Write the files anew instead of printing.") var write = false

    func validate() throws {
        guard (expression == nil) != file.isEmpty else {
            throw ValidationError("give one expression, - for standard input, or --file with files")
        }
        guard !write || (!file.isEmpty && !check) else {
            throw ValidationError("--write is for --file, and without --check")
        }
    }

    func run() throws {
        var isGood = true
        if let expression {
            isGood = try format(try QuerySource.text(expression), name: "the expression", file: nil)
        }
        for path in file {
            let text: String
            do { text = try FileSource().text(path) } catch { throw Failure("\(error)") }
            isGood = try format(text, name: path, file: path) && isGood
        }
        if !isGood { throw ExitCode(2) }
    }

    /// False where something is wrong with the text.
    private func format(_ text: String, name: String, file: String?) throws -> Bool {
        let formatted: String
        do {
            formatted = try Expression.parse(text, features: .all).formatted()
        } catch {
            Terminal.error(Terminal.paint((file.map { $0 + ":" } ?? "") + "\(error)", .red))
            return false
        }
        if check {
            let isSame = text == formatted || text == formatted + "\n"
            if !isSame { print("\(name) is not laid out canonically") }
            return isSame
        }
        guard write, let file else {
            print(formatted)
            return true
        }
        if text != formatted + "\n" {
            try (formatted + "\n").write(toFile: file, atomically: true, encoding: .utf8)
        }
        return true
    }
}
