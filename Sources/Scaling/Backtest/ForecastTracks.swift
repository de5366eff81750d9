import Forecasting

/// The forecasts of a run: one track for each window, history and grid that its policies ask for. Those of one grid are
/// fitted together, so that what their models have in common is found once.
package struct ForecastTracks: Sendable {
    private let trace: DemandTrace
    private let settings: Backtest.Settings
    private var tracks: [ForecastTrack] = []
    /// By grid, the values of its moments.
    private var values: [ForecastTrack.Grid: [Double]] = [:]

    package init(_ trace: DemandTrace, _ settings: Backtest.Settings, _ policies: [ScalingPolicy]) {
        self.trace = trace
        self.settings = settings
        var quantiles: [ForecastTrack.Key: Set<Double>] = [:]
        var order: [ForecastTrack.Key] = []
        for policy in policies {
            guard let prediction = policy.prediction else { continue }
            let grid = grid(prediction, policy)
            let lead = leadKey(prediction, grid)
            let hold = holdKey(prediction, grid)
            for (key, risk) in [(lead, prediction.risk), (hold, prediction.keepRisk)] {
                if quantiles[key] == nil { order.append(key) }
                quantiles[key, default: []].insert(SignalForecast.quantile(risk))
            }
            if values[grid] == nil {
                values[grid] = stride(from: 0, through: trace.durationSeconds, by: grid.stepSeconds)
                    .map { trace.demand(atSeconds: $0) }
            }
        }
        tracks = order.map {
            ForecastTrack($0, quantiles: quantiles[$0] ?? [], tickSeconds: settings.tickSeconds)
        }
    }

    /// How many models are to be fitted; none where no policy predicts.
    var fits: Int { tracks.reduce(0) { $0 + stretches($1.key.grid) } }

    private func stretches(_ grid: ForecastTrack.Grid) -> Int {
        ((values[grid]?.count ?? 0) + grid.stepsPerFit - 1) / grid.stepsPerFit
    }

    /// Makes them all, on as many cores as there are.
    /// - Parameter progress: called with the share of the work that is done.
    package mutating func make(progress: (Double) -> Void) async {
        let fits = Double(max(1, fits))
        let all = await withTaskGroup(of: (Int, [(Int, ForecastTrack.Stretch)]).self) { [self] group in
            for (grid, places) in Dictionary(grouping: tracks.indices, by: { tracks[$0].key.grid }) {
                for index in 0..<stretches(grid) {
                    group.addTask { (index, stretch(index, of: places, on: grid)) }
                }
            }
            let none = ForecastTrack.Stretch()
            var all = tracks.map { [ForecastTrack.Stretch](repeating: none, count: stretches($0.key.grid)) }
            var done = 0
            for await (index, made) in group {
                for (place, stretch) in made { all[place][index] = stretch }
                done += made.count
                progress(Double(done) / fits)
            }
            return all
        }
        for (place, stretches) in all.enumerated() {
            for stretch in stretches { tracks[place].append(stretch) }
        }
    }

    /// One stretch of the tracks of a grid. It depends on nothing of those before but the trace.
    private func stretch(
        _ index: Int, of places: [Int], on grid: ForecastTrack.Grid
    ) -> [(Int, ForecastTrack.Stretch)] {
        let values = values[grid] ?? []
        let first = index * grid.stepsPerFit
        let end = min(first + grid.stepsPerFit, values.count)
        let steps = (first..<end).map { (value: values[$0], since: measured(sinceStep: $0, on: grid)) }
        var histories: [ForecastTrack.Past: SeasonedHistory?] = [:]
        return places.map { place in
            let past = tracks[place].key.past
            let history: SeasonedHistory?
            if let known = histories[past] {
                history = known
            } else {
                let known = values[max(0, first + 1 - past.seconds / grid.stepSeconds)...first]
                history = SeasonedHistory(
                    Array(known), stepSeconds: Double(grid.stepSeconds), periods: past.periods)
                histories.updateValue(history, forKey: past)
            }
            return (place, tracks[place].stretch(history, steps))
        }
    }

    /// What has been measured since a step at each tick until the next, as `Sensor` does: the mean of two ticks. Nil
    /// where one of them was before the step.
    private func measured(sinceStep step: Int, on grid: ForecastTrack.Grid) -> [Double?] {
        let tick = settings.tickSeconds
        let start = step * grid.stepSeconds
        let first = (start + tick - 1) / tick * tick
        return stride(from: first, to: start + grid.stepSeconds, by: tick).map { now in
            guard now - tick >= start else { return nil }
            return (trace.demand(atSeconds: now - tick) + trace.demand(atSeconds: now)) / 2
        }
    }

    /// What a policy asks for; nil where it predicts nothing.
    package func forecasts(for policy: ScalingPolicy) -> PolicyForecasts? {
        guard let prediction = policy.prediction else { return nil }
        let grid = grid(prediction, policy)
        guard let lead = tracks.first(where: { $0.key == leadKey(prediction, grid) }),
            let hold = tracks.first(where: { $0.key == holdKey(prediction, grid) })
        else { return nil }
        return PolicyForecasts(
            lead: lead, hold: hold, risk: prediction.risk, leadSeconds: leadSeconds(prediction))
    }

    private func grid(_ prediction: Prediction, _ policy: ScalingPolicy) -> ForecastTrack.Grid {
        ForecastTrack.Grid(
            wanted: ForecastKey.step(prediction, interval: policy.interval), of: trace)
    }

    /// From when a replica started now is ready until the next forecast has its effect.
    private func leadKey(_ prediction: Prediction, _ grid: ForecastTrack.Grid) -> ForecastTrack.Key {
        let first = max(1, steps(leadSeconds(prediction), grid))
        return key(Window(first: first, last: first + 1), prediction, grid)
    }

    private func leadSeconds(_ prediction: Prediction) -> Int {
        if case .fixed(let duration) = prediction.leadTime {
            Int(clamping: duration.components.seconds)
        } else {
            settings.startUpSeconds
        }
    }

    private func holdKey(_ prediction: Prediction, _ grid: ForecastTrack.Grid) -> ForecastTrack.Key {
        let last = steps(Int(clamping: prediction.hold.components.seconds), grid)
        let least = leadKey(prediction, grid).window.last
        return key(Window(first: 1, last: max(least, last)), leastHeld: least, prediction, grid)
    }

    private func key(
        _ window: Window, leastHeld: Int? = nil, _ prediction: Prediction, _ grid: ForecastTrack.Grid
    ) -> ForecastTrack.Key {
        let past = ForecastTrack.Past(
            seconds: Int(clamping: prediction.history.components.seconds),
            periods: prediction.periods(stepSeconds: Double(grid.stepSeconds)))
        return ForecastTrack.Key(window: window, leastHeld: leastHeld, past: past, grid: grid)
    }

    private func steps(_ seconds: Int, _ grid: ForecastTrack.Grid) -> Int {
        (seconds + grid.stepSeconds - 1) / grid.stepSeconds
    }
}
