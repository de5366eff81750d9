import ArgumentParser
import Daemon
import Documents
import Fleet
import Rules

/// `flyball check ...`
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check files without running them; exit code 2 where one is wrong.",
        subcommands: [Config.self, RuleFiles.self, Policies.self])

    /// `flyball check config FILE...`
    struct Config: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a configuration and every rule, policy and fleet file that it names.")

        @Argument(help: "The files.") var files: [String]
        @OptionGroup var experiments: FeatureOptions

        func run() async throws {
            let loader = GenerationLoader(features: try experiments.features())
            try Check.each(files) { file in
                let generation = try loader.load(file)
                let rules = generation.groups.reduce(0) { $0 + $1.rules.count }
                return [
                    Check.count(generation.configuration.scrapes.count, "scrape configuration"),
                    Check.count(rules, "rule"), Check.count(generation.policies.count, "policy", "policies"),
                    Check.count(generation.fleet.workloads.count, "workload"),
                ].joined(separator: ", ")
            }
        }
    }

    /// `flyball check rules FILE...`
    struct RuleFiles: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rules", abstract: "Check files of recording and alerting rules.")

        @Argument(help: "The files.") var files: [String]
        @OptionGroup var experiments: FeatureOptions

        func run() async throws {
            let loader = GenerationLoader(features: try experiments.features())
            try Check.each(files) { file in
                let rules = try loader.rules([file]).reduce(0) { $0 + $1.rules.count }
                return Check.count(rules, "rule")
            }
        }
    }

    /// `flyball check policies FILE...`
    struct Policies: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Check files of scaling policies.")

        @Argument(help: "The files.") var files: [String]

        func run() async throws {
            try Check.each(files) { file in
                let policies = try GenerationLoader().policies([file])
                // What a failed import was redirected to is no policy file; an empty list is meant.
                guard try !policies.isEmpty || FileSource().text(file).contains("policies") else {
                    throw Failure("\(file): nothing is in it; an empty list is written `policies: []`")
                }
                return Check.count(policies.count, "policy", "policies")
            }
        }
    }

    private static func count(_ number: Int, _ one: String, _ many: String? = nil) -> String {
        "\(number) \(number == 1 ? one : many ?? one + "s")"
    }

    /// Prints a line for each file, all problems of the bad ones, and exits with 2 where there was one.
    static func each(_ files: [String], _ check: (String) throws -> String) throws {
        var isGood = true
        for file in files {
            do {
                print("\(file): \(Terminal.paint("ok", .green)), \(try check(file))")
            } catch {
                isGood = false
                Terminal.error(Terminal.paint("\(error)", .red))
            }
        }
        if !isGood { throw ExitCode(2) }
    }
}
