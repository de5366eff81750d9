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

    /// The steps of the whole run, for a progress bar.
    package var count: Int { policies.count + comparators.count }

    /// Runs all, comparators first, each in its order.
    /// - Parameters:
    ///   - progress: called with the number of finished controllers.
    ///   - chart: where it is there, called with each controller's supply over time.
    package func run(
        progress: (Int) -> Void = { _ in }, chart: ((String, BacktestChart) -> Void)? = nil
    ) -> [Result] {
        let backtest = Backtest(trace, settings)
        var tracks = ForecastTracks(trace, settings, policies)
        var results: [Result] = []
        func add(_ controller: any BacktestController) {
            if let chart {
                let judged = max(0, trace.durationSeconds - settings.evaluateAfterSeconds)
                var drawing = BacktestChart(ticks: judged / settings.tickSeconds + 1)
                let score = backtest.run(controller) { drawing.add($0) }
                results.append(Result(name: controller.name, score: score))
                chart(controller.name, drawing)
            } else {
                results.append(Result(name: controller.name, score: backtest.run(controller)))
            }
            progress(results.count)
        }
        for comparator in comparators { add(comparator.controller(trace, settings)) }
        for policy in policies {
            add(
                PolicyController(
                    policy, trace: trace, sources: sources, forecasts: tracks.track(for: policy)))
        }
        return results
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

/// The forecasts of a run: one track for all policies that ask for the same window and history.
struct ForecastTracks {
    private struct Key: Hashable {
        var lead: Int
        var hold: Int
        var history: Int
    }

    private let trace: DemandTrace
    private let settings: Backtest.Settings
    private var risks: [Key: Set<Double>] = [:]
    private var tracks: [Key: ForecastTrack] = [:]

    init(_ trace: DemandTrace, _ settings: Backtest.Settings, _ policies: [ScalingPolicy]) {
        self.trace = trace
        self.settings = settings
        for policy in policies {
            if let key = key(policy), let risk = policy.prediction?.risk {
                risks[key, default: []].insert(risk)
            }
        }
    }

    mutating func track(for policy: ScalingPolicy) -> ForecastTrack? {
        guard let key = key(policy) else { return nil }
        if let known = tracks[key] { return known }
        let track = ForecastTrack(
            trace, leadSeconds: key.lead, holdSeconds: key.hold, historySeconds: key.history,
            risks: risks[key] ?? [])
        tracks[key] = track
        return track
    }

    private func key(_ policy: ScalingPolicy) -> Key? {
        guard let prediction = policy.prediction else { return nil }
        let lead =
            if case .fixed(let duration) = prediction.leadTime {
                Int(clamping: duration.components.seconds)
            } else {
                settings.startUpSeconds
            }
        return Key(
            lead: lead, hold: Int(clamping: prediction.hold.components.seconds),
            history: Int(clamping: prediction.history.components.seconds))
    }
}
