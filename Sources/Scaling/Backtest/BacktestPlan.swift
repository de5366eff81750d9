import Documents
import TimeSeries

/// Which controllers run over a trace, and the run: what `flyball backtest` does.
package struct BacktestPlan: Sendable {
    package struct Result: Hashable, Sendable {
        package var name: String
        package var score: BacktestScore
    }

    package var trace: DemandTrace
    package var settings: Backtest.Settings
    package var policies: [ScalingPolicy]
    package var comparators: [Comparator]
    /// What a policy's signals read, by the signal's name.
    package var sources: [String: PolicyController.Source]
    /// Whether the trace is of another unit than what the policies let a replica serve.
    package var isScaled: Bool
    /// The names in the order of the results; what is not among them comes behind, comparators first.
    package var order: [String]

    /// Why a run would say nothing, or not what was asked.
    package struct Refusal: Error, Hashable, Sendable {
        package var message: String
    }

    package init(
        trace: DemandTrace, settings: Backtest.Settings = Backtest.Settings(), policies: [ScalingPolicy] = [],
        comparators: [Comparator] = [], sources: [String: PolicyController.Source] = [:],
        isScaled: Bool = true, order: [String] = []
    ) {
        self.isScaled = isScaled
        self.order = order
        self.trace = trace
        self.settings = settings
        self.policies = policies
        self.comparators = comparators
        self.sources = sources
    }

    /// Refuses what has nothing to judge, and sources that no signal can have.
    package func check() throws(Refusal) {
        let before = Duration.seconds(settings.evaluateAfterSeconds)
        guard trace.durationSeconds > settings.evaluateAfterSeconds else {
            let length = Duration.seconds(trace.durationSeconds)
            throw Refusal(
                message:
                    "nothing would be judged: the trace is \(length.prometheusText) long and what lies before "
                    + "--evaluate-after (\(before.prometheusText)) is not judged; give a longer trace or a shorter "
                    + "time, such as --evaluate-after \(Self.suggestion(trace.durationSeconds))")
        }
        let signals = policies.flatMap(\.signals)
        let known = Set(signals.map(\.name)).sorted()
        for (name, source) in sources.sorted(by: { $0.key < $1.key }) {
            let meant = signals.filter { $0.name == name }
            guard !meant.isEmpty else {
                let there = known.isEmpty ? "none" : known.joined(separator: ", ")
                throw Refusal(message: "no signal \"\(name)\" for --signal; the policies have \(there)")
            }
            let hasObjective = meant.allSatisfy { if case .objective = $0.target { true } else { false } }
            guard source != .latency || hasObjective else {
                throw Refusal(
                    message:
                        "--signal \(name)=latency: the latency is made up from an objective, which \"\(name)\" "
                        + "has not")
            }
        }
    }

    /// A third of a trace, in whole hours where there are any.
    private static func suggestion(_ seconds: Int) -> String {
        let third = seconds / 3
        return Duration.seconds(third >= 3600 ? third / 3600 * 3600 : third / 60 * 60).prometheusText
    }

    /// What is taken for signals whose targets do not say what they measure, for a person.
    package var assumptions: [String] {
        var seen: Set<String> = []
        let guesses = policies.flatMap(\.signals).filter { sources[$0.name] == nil }
            .compactMap(PolicyController.assumption).filter { seen.insert($0).inserted }
        let shares = Set(policies.compactMap { $0.load?.target })
        guard isScaled, shares.count > 1 else { return guesses + shortfalls }
        return guesses + shortfalls + [
            "per_replica makes no difference here: for each policy the demand is scaled to its own; --capacity says what "
                + "a replica serves of it"
        ]
    }

    /// Where bounds leave demand unserved whatever a policy decides, for a person.
    private var shortfalls: [String] {
        let backtest = Backtest(trace, settings)
        let judged = stride(
            from: settings.evaluateAfterSeconds, through: trace.durationSeconds, by: settings.tickSeconds)
        let needed = judged.map { backtest.demand(at: $0) }
        guard let most = needed.max() else { return [] }
        func shortfall(_ limit: Int, _ what: String) -> String? {
            let share = Double(needed.count { $0 > limit }) / Double(needed.count)
            guard share > 0 else { return nil }
            return
                "up to \(most) replicas are needed, and in \(SignalPolicy.Unit.share.text(share)) of the time more "
                + "than \(what) \(limit), which leaves demand unserved; --capacity says what one replica serves"
        }
        let limits = Set(policies.map(\.maxReplicas)).filter { $0 < settings.maxReplicas }.sorted()
        return limits.compactMap { shortfall($0, "a policy's max of") }
            + [shortfall(settings.maxReplicas, "the most that are simulated,")].compactMap { $0 }
    }

    /// What fitting a model costs beside a tick of a policy.
    private static let ticksPerFit = 4000

    /// Runs all, in `order`, on as many cores as there are: no controller knows of another,
    /// so that the results depend on nothing else.
    /// - Parameters:
    ///   - progress: called with the share of the work that is done, from 0 to 1.
    ///   - chart: where it is there, called with each controller's supply over time.
    package func run(
        progress: (Double) -> Void = { _ in }, chart: ((String, BacktestChart) -> Void)? = nil
    ) async -> [Result] {
        var tracks = ForecastTracks(trace, settings, policies)
        let fits = tracks.fits * Self.ticksPerFit
        let ticks = trace.durationSeconds / settings.tickSeconds + 1
        let work = Double(max(1, fits + ticks * (policies.count + comparators.count)))
        progress(0)
        await tracks.make { progress(Double(fits) * $0 / work) }
        let controllers = ordered(
            comparators.map { $0.controller(trace, settings) }
                + policies.map {
                    PolicyController(
                        $0, trace: trace, sources: sources, forecasts: tracks.forecasts(for: $0),
                        isScaled: isScaled)
                })
        let isDrawn = chart != nil
        let runs = await withTaskGroup(of: (Int, Run).self) { group in
            for (index, controller) in controllers.enumerated() {
                group.addTask { (index, run(controller, isDrawn: isDrawn)) }
            }
            var runs = [Run?](repeating: nil, count: controllers.count)
            var done = 0
            for await (index, run) in group {
                runs[index] = run
                done += 1
                progress(Double(fits + done * ticks) / work)
            }
            return runs.compactMap { $0 }
        }
        for run in runs {
            if let chart, let drawing = run.chart { chart(run.result.name, drawing) }
        }
        return runs.map(\.result)
    }

    private func ordered(_ controllers: [any BacktestController]) -> [any BacktestController] {
        let ranked = controllers.enumerated().map { index, controller in
            (rank: order.firstIndex(of: controller.name) ?? order.count, index: index, controller: controller)
        }
        return ranked.sorted { ($0.rank, $0.index) < ($1.rank, $1.index) }.map(\.controller)
    }

    private struct Run: Sendable {
        var result: Result
        var chart: BacktestChart?
    }

    private func run(_ controller: any BacktestController, isDrawn: Bool) -> Run {
        let backtest = Backtest(trace, settings)
        guard isDrawn else {
            return Run(result: Result(name: controller.name, score: backtest.run(controller)))
        }
        let judged = max(0, trace.durationSeconds - settings.evaluateAfterSeconds)
        var drawing = BacktestChart(ticks: judged / settings.tickSeconds + 1)
        let score = backtest.run(controller) { drawing.add($0) }
        return Run(result: Result(name: controller.name, score: score), chart: drawing)
    }

    /// `{"policies":[{"policy":..,"unserved_percent":..,"cost_ratio":..,...,"spec":{..}}]}`.
    package static func json(_ results: [Result]) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("policies")
            writer.array { writer in
                let competition = BacktestCompetition(results)
                for index in results.indices { write(results[index], competition, index, &writer) }
            }
        }
        return writer.bytes
    }

    private static func write(
        _ result: Result, _ competition: BacktestCompetition, _ index: Int, _ writer: inout JSONWriter
    ) {
        let score = result.score
        writer.object { writer in
            writer.field("policy", result.name)
            writer.field("unserved_percent", score.unservedPercent)
            writer.field("cost_ratio", score.costRatio)
            writer.field("adaptations_per_hour", score.adaptationsPerHour)
            writer.field("reversals_per_hour", score.reversalsPerHour)
            writer.key("spec")
            writer.object { writer in
                writer.field("theta_u", score.spec.thetaU)
                writer.field("theta_o", score.spec.thetaO)
                writer.field("tau_u", score.spec.tauU)
                writer.field("tau_o", score.spec.tauO)
                writer.field("ups", score.spec.ups)
                writer.field("sigma", score.spec.sigma)
                if let kappa = competition.kappa(index) { writer.field("kappa", kappa) }
                if let epsilon = competition.epsilon(index) { writer.field("epsilon", epsilon) }
            }
        }
    }
}
