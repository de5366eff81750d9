import ArgumentParser
import Daemon
import Foundation
import Scaling
import TimeSeries

/// `flyball backtest --policies FILE --policy NAME... --trace FILE`
struct BacktestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backtest",
        abstract: "Run policies, and other autoscalers beside them, over recorded demand.",
        discussion: """
            The same decision code as in the service, with start-up time, a delayed sensor and a queue. --policy also takes
            \(Scaling.Comparator.allCases.map(\.rawValue).joined(separator: ", ")).
            flyball backtest --policies web.policies.yml --policy web hpa-v2 --trace demand.csv.gz
            flyball backtest --policies web.policies.yml --trace data --query 'sum(rate(http_requests_total[5m]))'
            flyball backtest --policies new.policies.yml --baseline old --fail-if 'cost > +3%' --trace demand.csv
            flyball backtest --policies web.policies.yml --policy web --search --trace demand.csv
            An option with several values takes them at once or each with the option again.
            Exit code 2: a limit of --fail-if is exceeded.
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable { case table, json, html }

    @Option(parsing: .upToNextOption, help: "Policy files.") var policies: [String] = []
    @Option(
        parsing: .upToNextOption,
        help: "Policies of the files and other autoscalers. All of the files without it.")
    var policy: [String] = []
    @Option(
        help:
            "The demand: CSV rows `t_s,value`, an OpenMetrics file with times, either packed or not, or a store's folder."
    )
    var trace: String
    @Option(help: "Of a CSV file: the header of the column that is the demand.") var column: String?
    @Option(help: "Of a store or an OpenMetrics file: PromQL that yields the demand.") var query: String?
    @Option(
        help:
            "The distance at which --query is evaluated (1m), or of the rows of a CSV file without times (else as its name ends, such as _300s)."
    )
    var step: String?
    @Option(help: "How long a replica takes to start.") var startup = "180s"
    @Option(help: "A request that waits for longer gives up, where a signal is a latency.")
    var requestTimeout = "60s"
    @Option(help: "What lies before is seen and not judged.") var evaluateAfter = "8d"
    @Option(
        parsing: .upToNextOption,
        help:
            "What the policies' signals read, as NAME=\(PolicyController.Source.allCases.map(\.rawValue).joined(separator: "|"))."
    )
    var signal: [String] = []
    @Option(
        help:
            "What one replica serves of the demand within its objective. Without it, from the trace, which is scaled to the per_replica of each policy."
    )
    var capacity: Double?
    @Option(help: "table, json or html (a page with plots).") var output = Output.table
    @Flag(help: "Vary risk, hold and band of each policy, and show what no other variant beats.")
    var search = false
    @Option(help: "Of the variants of --search: the share of demand in percent that may stay unserved.")
    var unserved = 0.1
    @Option(help: "Of the variants of --search: how often in an hour the count may turn, up after down.")
    var reversals = 4.0
    @Option(help: "The policy or autoscaler that the others are compared with.") var baseline: String?
    @Option(
        parsing: .upToNextOption, help: "Exit with 2 where one of them holds, such as 'cost > +3%'.")
    var failIf: [String] = []

    func run() async throws {
        let limits = try failIf.map { text in
            guard let limit = BacktestComparison.Limit(text) else {
                throw ValidationError(
                    "--fail-if must be \(BacktestComparison.Limit.expected); found \"\(text)\"")
            }
            return limit
        }
        if baseline == nil, let relative = limits.first(where: \.isRelative) {
            throw ValidationError(
                "--fail-if \"\(relative.text)\" compares with --baseline, which is missing; without one: "
                    + "a number such as 1.3")
        }
        ProcessMemory.keepFreed()
        let plan = try await plan()
        do throws(BacktestPlan.Refusal) {
            try plan.check()
        } catch {
            throw ValidationError(error.message)
        }
        var charts: [(name: String, chart: BacktestChart)] = []
        var progress = Progress()
        let isDrawn = output == .html && !search
        var results = await plan.run(
            progress: { progress.show($0) },
            chart: isDrawn ? { name, chart in charts.append((name, chart)) } : nil)
        progress.end()
        var remarks = plan.assumptions
        if search { remarks.append(choose(&results)) }
        let exceeded = try compare(results, limits, &remarks)
        show(results, plan, charts, remarks)
        if exceeded { throw ExitCode(2) }
    }

    private func plan() async throws -> BacktestPlan {
        let step = step.map { Duration(prometheus: $0) ?? .zero }
        guard step.map({ $0 >= .seconds(1) }) ?? true else {
            throw ValidationError("--step must be a duration of at least 1s, found \"\(self.step ?? "")\"")
        }
        let input = BacktestInput(path: trace, column: column, query: query, step: step)
        let recorded = try await input.trace()
        guard
            let demand = capacity == nil
                ? recorded
                : DemandTrace(recorded.values, stepSeconds: recorded.stepSeconds, capacity: capacity)
        else { throw ValidationError("--capacity must be above zero") }
        let known = try known()
        var (chosen, comparators) = try choice(known)
        if search { chosen = chosen.flatMap { BacktestSearch.variants(of: $0) } }
        let settings = Backtest.Settings(
            startUpSeconds: try seconds("--startup", startup),
            evaluateAfterSeconds: try seconds("--evaluate-after", evaluateAfter),
            requestTimeoutSeconds: try seconds("--request-timeout", requestTimeout))
        return BacktestPlan(
            trace: demand, settings: settings, policies: chosen, comparators: comparators,
            sources: try sources(), isScaled: capacity == nil, order: policy.isEmpty ? [] : named)
    }

    /// The policies of all files. Each file is looked at by itself: two of them may have an active policy for the same
    /// workload, an old one and a new one.
    private func known() throws -> [ScalingPolicy] {
        let known = try policies.flatMap { try GenerationLoader().policies([$0]) }
        var names: Set<String> = []
        for policy in known where !names.insert(policy.name).inserted {
            throw ValidationError("two policies of --policies are named \"\(policy.name)\"")
        }
        return known
    }

    /// What was asked for by name, the baseline last where it was not.
    private var named: [String] { policy + (baseline.map { policy.contains($0) ? [] : [$0] } ?? []) }

    private func choice(_ known: [ScalingPolicy]) throws -> ([ScalingPolicy], [Scaling.Comparator]) {
        var chosen: [ScalingPolicy] = policy.isEmpty ? known : []
        var comparators: [Scaling.Comparator] = []
        for name in named {
            if let comparator = Scaling.Comparator(rawValue: name) {
                if !comparators.contains(comparator) { comparators.append(comparator) }
            } else if let found = known.first(where: { $0.name == name }) {
                if !chosen.contains(found) { chosen.append(found) }
            } else {
                let all = known.map(\.name) + Scaling.Comparator.allCases.map(\.rawValue)
                throw ValidationError("no policy \"\(name)\"; there are \(all.joined(separator: ", "))")
            }
        }
        guard !chosen.isEmpty || !comparators.isEmpty else {
            throw ValidationError("name policies with --policies or --policy")
        }
        return (chosen, comparators)
    }

    /// Leaves of the variants those that are worth a choice.
    private func choose(_ results: inout [BacktestPlan.Result]) -> String {
        let comparators = results.filter { Scaling.Comparator(rawValue: $0.name) != nil }
        let variants = results.filter { Scaling.Comparator(rawValue: $0.name) == nil }
        let calm = BacktestSearch.calm(variants, reversalsPerHour: reversals)
        let front = BacktestSearch.front(calm)
        results = comparators + front
        guard let best = BacktestSearch.choice(front, unservedPercent: unserved) else {
            return "nothing to choose from"
        }
        let among =
            calm.count == variants.count
            ? "\(variants.count) variants"
            : "\(calm.count) of \(variants.count) variants that turn at most \(reversals) times an hour"
        let isEnough = best.score.unservedPercent <= unserved
        return isEnough
            ? "the cheapest of \(among) with at most \(unserved) % unserved: \(best.name)"
            : "none of \(among) leaves \(unserved) % or less unserved; nearest: \(best.name)"
    }

    private func compare(
        _ results: [BacktestPlan.Result], _ limits: [BacktestComparison.Limit], _ remarks: inout [String]
    ) throws -> Bool {
        let base = results.first { $0.name == baseline }
        if let baseline, base == nil {
            throw ValidationError("--baseline \"\(baseline)\" is not among what was run")
        }
        let comparison = BacktestComparison(baseline: base, limits: limits)
        var exceeded = false
        for result in results where result.name != baseline {
            if let text = comparison.text(result) { remarks.append(text) }
            for limit in comparison.exceeded(result) {
                exceeded = true
                remarks.append("\(result.name): refused, \(limit)")
            }
        }
        return exceeded
    }

    private func show(
        _ results: [BacktestPlan.Result], _ plan: BacktestPlan,
        _ charts: [(name: String, chart: BacktestChart)], _ remarks: [String]
    ) {
        switch output {
        case .json:
            print(String(decoding: BacktestPlan.json(results), as: UTF8.self))
            remarks.forEach(Terminal.error)
        case .html:
            let title = "Backtest over \(URL(fileURLWithPath: trace).lastPathComponent)"
            print(
                BacktestReport(title: title, plan: plan, results: results, charts: charts, remarks: remarks)
                    .html, terminator: "")
        case .table:
            Terminal.table(
                [["POLICY", "UNSERVED %", "COST", "CHANGES/H", "REVERSALS/H", "SIGMA"]]
                    + results.map { result in
                        let score = result.score
                        let numbers = [
                            score.unservedPercent, score.costRatio, score.adaptationsPerHour,
                            score.reversalsPerHour, score.spec.sigma,
                        ]
                        return [result.name] + numbers.map(BacktestText.number)
                    })
            remarks.forEach { print($0) }
        }
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

/// A bar on standard error, where that is a terminal.
private struct Progress {
    private let isShown = isatty(STDERR_FILENO) == 1
    private var shown = -1

    mutating func show(_ share: Double) {
        guard isShown, share.isFinite else { return }
        let percent = Int(max(0, min(share, 1)) * 100)
        guard percent != shown else { return }
        shown = percent
        let filled = percent * 2 / 5
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 40 - filled)
        try? FileHandle.standardError.write(contentsOf: Data("\r[\(bar)] \(percent) %".utf8))
    }

    func end() {
        guard isShown else { return }
        try? FileHandle.standardError.write(contentsOf: Data("\r\u{1b}[K".utf8))
    }
}
