import Scaling
import TextFiles

/// Policies on queues beside KEDA, whose settings are sought for each recording in hindsight:
///
///     scaling-benchmark queue POLICIES STARTUPS ALLOWED SERVICES NAME=FILE.csv:CLASS:DAYS ...
///
/// ALLOWED are the seconds that a job may wait, with commas; what a policy says for 30 s is stretched to them.
enum QueueBenchmark {
    /// The share of the minutes that has to be kept.
    static let goal = 0.995
    private static let maxReplicas = 150
    private static let writtenSeconds = 30.0
    /// KEDA remembers no more than its windows, and need not run through days that are not judged.
    private static let leadSeconds = 21_600
    /// The grid: jobs by worker, where only those that wait count and where those in work do too.
    private static let waiting = [0.25, 0.5, 1, 2, 4]
    private static let working = [0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1, 1.1, 1.25, 1.5, 2]
    private static let windows = [300, 900]
    private static let minima = [1, 5, 20]

    static func grid() -> [QueueLengthController.Settings] {
        var grid: [QueueLengthController.Settings] = []
        for (thresholds, countsBusy) in [(waiting, false), (working, true)] {
            for threshold in thresholds {
                for window in windows {
                    for least in minima {
                        grid.append(
                            QueueLengthController.Settings(
                                threshold: threshold, countsBusy: countsBusy, windowSeconds: window,
                                minReplicas: least))
                    }
                }
            }
        }
        return grid
    }

    struct Row: Sendable {
        var name: String
        var kept: Double
        var cost: Double
        var changes: Double

        init(_ name: String, _ score: QueueRun.Score, _ place: Int) {
            self.name = name
            kept = score.kept[place]
            cost = score.cost
            changes = score.changesPerHour
        }
    }

    /// What was tried on one recording.
    private struct Trial {
        var grid: [QueueRun.Score]
        /// By policy, what it does for each time that is allowed.
        var policies: [[QueueRun.Score]]
    }

    static func run(_ arguments: [String]) async throws {
        guard arguments.count >= 5 else {
            return print(
                "usage: scaling-benchmark queue POLICIES STARTUPS ALLOWED SERVICES NAME=FILE.csv:CLASS:DAYS ..."
            )
        }
        let policies = try PolicyFile.load([(name: arguments[0], text: try TextFile.read(arguments[0]))])
        let startUps = arguments[1].split(separator: ",").compactMap { Int($0) }
        let allowed = arguments[2].split(separator: ",").compactMap { Double($0) }
        let services = arguments[3].split(separator: ",").compactMap {
            JobStream.Service(rawValue: String($0))
        }
        let traces = try arguments.dropFirst(4).map { try ScalingBenchmark.trace($0) }
        for service in services {
            for startUp in startUps {
                var trials: [Trial] = []
                for (number, trace) in traces.enumerated() {
                    guard let jobs = JobStream(trace.demand, service, seed: UInt64(number + 1)) else {
                        continue
                    }
                    let run = QueueRun(
                        jobs: jobs, allowed: allowed, startUp: startUp, maxReplicas: maxReplicas,
                        judgedFrom: trace.days * 86_400)
                    trials.append(await trial(run, policies))
                }
                for (place, limit) in allowed.enumerated() {
                    print(
                        "\n\(service.rawValue), start-up \(startUp) s, at most \(Int(limit)) s in the queue: "
                            + traces.map(\.name).joined(separator: ", "))
                    table(trials, policies, place)
                }
            }
        }
    }

    private static func trial(_ run: QueueRun, _ policies: [ScalingPolicy]) async -> Trial {
        let grid = grid()
        let begin = max(0, run.judgedFrom - leadSeconds)
        let tried = await ordered(grid) { settings in
            run.score(QueueLengthController(settings, maxReplicas: maxReplicas), from: begin)
        }
        let settings = Backtest.Settings(
            startUpSeconds: run.startUp, evaluateAfterSeconds: run.judgedFrom,
            tickSeconds: JobStream.tickSeconds, maxReplicas: maxReplicas)
        var tracks = ForecastTracks(run.jobs.measured, settings, policies)
        await tracks.make { _ in }
        let made = tracks
        let own = await ordered(policies) { policy in
            run.allowed.map { limit in
                run.score(
                    QueuePolicyController(
                        stretch(policy, by: limit / writtenSeconds), forecasts: made.forecasts(for: policy)),
                    from: 0, needsLatency: policy.signals.contains { $0.name == "latency" })
            }
        }
        return Trial(grid: tried, policies: own)
    }

    /// On as many cores as there are.
    private static func ordered<Input: Sendable, Output: Sendable>(
        _ inputs: [Input], _ body: @escaping @Sendable (Input) -> Output
    ) async -> [Output] {
        await withTaskGroup(of: (Int, Output).self) { group in
            for (index, input) in inputs.enumerated() { group.addTask { (index, body(input)) } }
            var outputs: [(Int, Output)] = []
            for await output in group { outputs.append(output) }
            return outputs.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// What is written for 30 s, for another time.
    private static func stretch(_ policy: ScalingPolicy, by factor: Double) -> ScalingPolicy {
        var stretched = policy
        for index in stretched.signals.indices {
            switch stretched.signals[index].target {
            case .backlog(let rate, let within):
                stretched.signals[index].target = .backlog(rate: rate, within: within * factor)
            case .objective(let objective): stretched.signals[index].target = .objective(objective * factor)
            case .perReplica, .mean, .steps: break
            }
        }
        return stretched
    }

    private static func table(_ trials: [Trial], _ policies: [ScalingPolicy], _ place: Int) {
        let grid = grid()
        let own = trials.map { best($0.grid.indices.map { $0 }, [$0], place) }
        let shared = best(grid.indices.map { $0 }, trials, place)
        let each = zip(trials, own).map { Row("keda, the best for each", $0.grid[$1], place) }
        show(each, beside: nil)
        show(trials.map { Row("keda, one setting for all", $0.grid[shared], place) }, beside: each)
        for (number, policy) in policies.enumerated() {
            show(trials.map { Row(policy.name, $0.policies[number][place], place) }, beside: each)
        }
        print("  keda for each: " + own.map { grid[$0].text }.joined(separator: "; "))
        print("  for all: " + grid[shared].text)
    }

    /// The cheapest settings that meet the goal on all recordings, else those that come nearest where they are worst.
    private static func best(_ settings: [Int], _ trials: [Trial], _ place: Int) -> Int {
        func least(_ index: Int) -> Double { trials.map { $0.grid[index].kept[place] }.min() ?? 0 }
        func cost(_ index: Int) -> Double { trials.reduce(0) { $0 + $1.grid[index].cost } }
        let good = settings.filter { least($0) >= goal }
        return good.min { cost($0) < cost($1) } ?? settings.max { least($0) < least($1) } ?? 0
    }

    private static func show(_ rows: [Row], beside others: [Row]?) {
        func mean(_ value: (Row) -> Double) -> String {
            ScalingBenchmark.short(rows.reduce(0) { $0 + value($1) } / Double(max(1, rows.count)))
        }
        var line = "\(rows.first?.name ?? ""): kept \(mean { $0.kept * 100 }) %, cost \(mean(\.cost)), "
        line += "\(mean(\.changes)) changes/h, goal on \(rows.filter { $0.kept >= goal }.count)"
        if let others {
            let isMet = zip(rows, others).map { $0.kept >= goal && $0.cost <= 0.9 * $1.cost }
            line += ", at no more than 0.9 of keda's best on \(isMet.filter { $0 }.count)"
        }
        let each = rows.map { "\(ScalingBenchmark.short($0.kept * 100))/\(ScalingBenchmark.short($0.cost))" }
        print(line + "   " + each.joined(separator: " "))
    }
}
