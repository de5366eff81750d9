import ArgumentParser
import Daemon
import Foundation
import Scaling
import TimeSeries

/// `flyball backtest --policies FILE --policy NAME... --trace FILE`
struct BacktestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backtest",
        abstract: "Run policies, and other autoscalers beside them, over recorded demand.",
        discussion: """
            The same decision code as in the service, with start-up time, a delayed sensor and a queue. --policy also takes
            \(Scaling.Comparator.allCases.map(\.rawValue).joined(separator: ", ")).
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable { case table, json }

    @Option(help: "A policy file.") var policies: String?
    @Option(
        help:
            "A policy of the file or another autoscaler; may be given several times. All of the file without it."
    )
    var policy: [String] = []
    @Option(help: "The demand: CSV rows `t_s,value`.") var trace: String
    @Option(help: "How long a replica takes to start.") var startup = "180s"
    @Option(help: "What lies before is seen and not judged.") var evaluateAfter = "8d"
    @Option(
        help:
            "What a policy's signal reads, as NAME=load|utilisation|replicas|backlog; may be given several times."
    )
    var signal: [String] = []
    @Option(help: "table or json.") var output = Output.table

    func run() throws {
        let files = FileSource()
        let demand = try DemandTrace.parse(csv: try files.text(trace), file: trace)
        let known = try policies.map { try GenerationLoader().policies([$0]) } ?? []
        var chosen: [ScalingPolicy] = policy.isEmpty ? known : []
        var comparators: [Scaling.Comparator] = []
        for name in policy {
            if let comparator = Scaling.Comparator(rawValue: name) {
                comparators.append(comparator)
            } else if let found = known.first(where: { $0.name == name }) {
                chosen.append(found)
            } else {
                let names = known.map(\.name) + Scaling.Comparator.allCases.map(\.rawValue)
                throw ValidationError("no policy \"\(name)\"; there are \(names.joined(separator: ", "))")
            }
        }
        guard !chosen.isEmpty || !comparators.isEmpty else {
            throw ValidationError("name policies with --policies or --policy")
        }
        let settings = Backtest.Settings(
            startUpSeconds: try seconds("--startup", startup),
            evaluateAfterSeconds: try seconds("--evaluate-after", evaluateAfter))
        let plan = BacktestPlan(
            trace: demand, settings: settings, policies: chosen, comparators: comparators,
            sources: try sources())
        let isInteractive = isatty(STDERR_FILENO) == 1
        let results = plan.run { done in
            if isInteractive { Terminal.error("\(done) of \(plan.count) done") }
        }
        if output == .json { return print(String(decoding: BacktestPlan.json(results), as: UTF8.self)) }
        Terminal.table(
            [["POLICY", "UNSERVED %", "COST", "CHANGES/H", "REVERSALS/H"]]
                + results.map { result in
                    let score = result.score
                    let numbers = [
                        score.unservedPercent, score.costRatio, score.adaptationsPerHour,
                        score.reversalsPerHour,
                    ]
                    return [result.name] + numbers.map { String(format: "%.3f", $0) }
                })
    }

    private func seconds(_ flag: String, _ text: String) throws -> Int {
        guard let duration = Duration(prometheus: text) else {
            throw ValidationError("\(flag) must be a duration such as 180s or 8d, found \"\(text)\"")
        }
        return Int(duration.milliseconds / 1000)
    }

    private func sources() throws -> [String: PolicyController.Source] {
        var sources: [String: PolicyController.Source] = [:]
        for text in signal {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let source = PolicyController.Source(rawValue: parts[1]) else {
                let known = PolicyController.Source.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--signal must be NAME= and one of \(known), found \"\(text)\"")
            }
            sources[parts[0]] = source
        }
        return sources
    }
}
