import Documents

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

    package init(
        trace: DemandTrace, settings: Backtest.Settings = Backtest.Settings(), policies: [ScalingPolicy] = [],
        comparators: [Comparator] = [], sources: [String: PolicyController.Source] = [:]
    ) {
        self.trace = trace
        self.settings = settings
        self.policies = policies
        self.comparators = comparators
        self.sources = sources
    }

    /// What fitting a model of an hour costs beside a tick of a policy.
    private static let ticksPerFit = 4000

    /// Runs all, comparators first, each in its order, on as many cores as there are: no controller knows of another,
    /// so that the results depend on nothing else.
    /// - Parameters:
    ///   - progress: called with the share of the work that is done, from 0 to 1.
    ///   - chart: where it is there, called with each controller's supply over time.
    package func run(
        progress: (Double) -> Void = { _ in }, chart: ((String, BacktestChart) -> Void)? = nil
    ) async -> [Result] {
        var tracks = ForecastTracks(trace, settings, policies)
        let fits = tracks.hours * tracks.models * Self.ticksPerFit
        let ticks = trace.durationSeconds / settings.tickSeconds + 1
        let work = Double(max(1, fits + ticks * (policies.count + comparators.count)))
        progress(0)
        let hours = max(1, tracks.hours)
        await tracks.make { progress(Double(fits) * Double($0) / Double(hours) / work) }
        let controllers: [any BacktestController] =
            comparators.map { $0.controller(trace, settings) }
            + policies.map {
                PolicyController($0, trace: trace, sources: sources, forecasts: tracks.forecasts(for: $0))
            }
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
                for result in results { write(result, &writer) }
            }
        }
        return writer.bytes
    }

    private static func write(_ result: Result, _ writer: inout JSONWriter) {
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
            }
        }
    }
}
