import ArgumentParser
import Daemon
import Documents
import PromQL
import Rules
import Scaling
import TimeSeries

/// Which tests of a file run.
struct TestSelection: ParsableArguments {
    @Option(
        help: .init(
            "Run only the tests whose names contain a match of this expression.", valueName: "regex"))
    var run: String?

    /// - Throws: what is wrong with the expression.
    func filter() throws -> (String) -> Bool {
        guard let run else { return { _ in true } }
        do {
            let pattern = try Pattern(".*(?:\(run)).*")
            return { pattern.matches($0) }
        } catch {
            throw ValidationError("--run \(run): \(error)")
        }
    }
}

/// `flyball test ...`
struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run tests that are written as files; exit code 2 where one fails.",
        subcommands: [Scripts.self, RuleTests.self, PolicyTests.self])

    /// `flyball test promql FILE...`
    struct Scripts: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "promql", abstract: "Run promqltest scripts, Prometheus' test language for queries.")

        @Argument(help: "The files.") var files: [String]

        func run() async throws {
            var passed = 0
            var failed = 0
            for file in files {
                let report = await PromQLScript(try FileSource().text(file), name: file).run()
                for failure in report.failures { Terminal.error(Terminal.paint("\(failure)", .red)) }
                passed += report.passed
                failed += report.failures.count
            }
            try TestCommand.finish(passed, failed)
        }
    }

    /// `flyball test rules FILE...`
    struct RuleTests: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rules", abstract: "Run unit tests of rules, in the format of promtool.")

        @Argument(help: "The files.") var files: [String]
        @OptionGroup var selection: TestSelection

        func run() async throws {
            let isWanted = try selection.filter()
            try await TestCommand.run(files, selection) { text, file, load in
                try await RuleUnitTest(text, file: file, load: load).run(isWanted)
            }
        }
    }

    /// `flyball test policies FILE...`
    struct PolicyTests: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "policies",
            abstract: "Run unit tests of scaling policies: series in, expected decisions out.")

        @Argument(help: "The files.") var files: [String]
        @OptionGroup var selection: TestSelection

        func run() async throws {
            let isWanted = try selection.filter()
            try await TestCommand.run(files, selection) { text, file, load in
                try await PolicyUnitTest(text, file: file, load: load).run(isWanted)
            }
        }
    }

    /// Runs the tests of each file; `load` reads what a pattern in it stands for.
    private static func run(
        _ files: [String], _ selection: TestSelection,
        _ test: (_ text: String, _ file: String, _ load: (String) throws -> [NamedFile]) async throws ->
            TestReport
    ) async throws {
        let source = FileSource()
        var passed = 0
        var failed = 0
        for file in files {
            let report = try await test(try source.text(file), file) { pattern in
                try source.expand(FileSource.resolve(pattern, besides: file)).map {
                    NamedFile(path: $0, text: try source.text($0))
                }
            }
            for failure in report.failures { Terminal.error(Terminal.paint("\(failure)", .red)) }
            passed += report.passed.count
            failed += report.failed
        }
        // A gate that looks at nothing is none.
        if let run = selection.run, passed + failed == 0 {
            throw Failure("no test has a name that matches --run \(run)")
        }
        try finish(passed, failed)
    }

    private static func finish(_ passed: Int, _ failed: Int) throws {
        print("\(passed) passed, \(failed) failed")
        if failed > 0 { throw ExitCode(2) }
    }
}
