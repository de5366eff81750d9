import Forecasting

/// The forecasts of a run: one track for each window and history that its policies ask for, fitted together, so that
/// what their models have in common is found once an hour.
struct ForecastTracks: Sendable {
    private let trace: DemandTrace
    private let settings: Backtest.Settings
    private var tracks: [ForecastTrack] = []
    private static let refitSeconds = 3600

    init(_ trace: DemandTrace, _ settings: Backtest.Settings, _ policies: [ScalingPolicy]) {
        self.trace = trace
        self.settings = settings
        var quantiles: [ForecastTrack.Key: Set<Double>] = [:]
        var order: [ForecastTrack.Key] = []
        for prediction in policies.compactMap(\.prediction) {
            for (key, risk) in [
                (leadKey(prediction), prediction.risk), (holdKey(prediction), prediction.keepRisk),
            ] {
                if quantiles[key] == nil { order.append(key) }
                quantiles[key, default: []].insert(SignalForecast.quantile(risk))
            }
        }
        tracks = order.map {
            ForecastTrack(
                $0, quantiles: quantiles[$0] ?? [], tickSeconds: settings.tickSeconds,
                hourSeconds: stepsPerHour * trace.stepSeconds)
        }
    }

    private var stepsPerHour: Int { max(1, Self.refitSeconds / trace.stepSeconds) }

    /// How many hours there are to fit; none where no policy predicts.
    var hours: Int {
        tracks.isEmpty ? 0 : (trace.values.count + stepsPerHour - 1) / stepsPerHour
    }

    /// How many models are fitted each hour.
    var models: Int { tracks.count }

    /// Makes them all, on as many cores as there are.
    /// - Parameter progress: called with the number of hours that are done.
    mutating func make(progress: (Int) -> Void) async {
        let hours = hours
        let all = await withTaskGroup(of: (Int, [ForecastTrack.Hour]).self) { [self] group in
            for hour in 0..<hours { group.addTask { (hour, self.hour(hour)) } }
            var all = [[ForecastTrack.Hour]](repeating: [], count: hours)
            var done = 0
            for await (hour, tracks) in group {
                all[hour] = tracks
                done += 1
                progress(done)
            }
            return all
        }
        for hour in all {
            for (index, part) in hour.enumerated() { tracks[index].append(part) }
        }
    }

    /// One hour of all tracks. It depends on nothing of the hours before but the trace.
    private func hour(_ hour: Int) -> [ForecastTrack.Hour] {
        let first = hour * stepsPerHour
        let end = min(first + stepsPerHour, trace.values.count)
        let steps = (first..<end).map { (value: trace.values[$0], since: measured(sinceStep: $0)) }
        var histories: [Int: SeasonedHistory?] = [:]
        return tracks.map { track in
            let seconds = track.key.historySeconds
            let history: SeasonedHistory?
            if let known = histories[seconds] {
                history = known
            } else {
                let known = trace.values[max(0, first + 1 - seconds / trace.stepSeconds)...first]
                history = SeasonedHistory(Array(known), stepSeconds: Double(trace.stepSeconds))
                histories.updateValue(history, forKey: seconds)
            }
            return track.hour(history, stepSeconds: trace.stepSeconds, steps)
        }
    }

    /// What has been measured since a step at each tick until the next, as `Sensor` does: the mean of two ticks. Nil
    /// where one of them was before the step.
    private func measured(sinceStep step: Int) -> [Double?] {
        let tick = settings.tickSeconds
        let start = step * trace.stepSeconds
        let first = (start + tick - 1) / tick * tick
        return stride(from: first, to: start + trace.stepSeconds, by: tick).map { now in
            guard now - tick >= start else { return nil }
            return (trace.demand(atSeconds: now - tick) + trace.demand(atSeconds: now)) / 2
        }
    }

    /// What a policy asks for; nil where it predicts nothing.
    func forecasts(for policy: ScalingPolicy) -> PolicyForecasts? {
        guard let prediction = policy.prediction,
            let lead = tracks.first(where: { $0.key == leadKey(prediction) }),
            let hold = tracks.first(where: { $0.key == holdKey(prediction) })
        else { return nil }
        return PolicyForecasts(
            lead: lead, hold: hold, risk: prediction.risk, stepSeconds: trace.stepSeconds,
            leadSeconds: leadSeconds(prediction))
    }

    /// From when a replica started now is ready until the next forecast has its effect.
    private func leadKey(_ prediction: Prediction) -> ForecastTrack.Key {
        let first = max(1, steps(leadSeconds(prediction)))
        return key(Window(first: first, last: first + 1), prediction)
    }

    private func leadSeconds(_ prediction: Prediction) -> Int {
        if case .fixed(let duration) = prediction.leadTime {
            Int(clamping: duration.components.seconds)
        } else {
            settings.startUpSeconds
        }
    }

    private func holdKey(_ prediction: Prediction) -> ForecastTrack.Key {
        let last = steps(Int(clamping: prediction.hold.components.seconds))
        return key(Window(first: 1, last: max(leadKey(prediction).window.last, last)), prediction)
    }

    private func key(_ window: Window, _ prediction: Prediction) -> ForecastTrack.Key {
        ForecastTrack.Key(
            window: window, historySeconds: Int(clamping: prediction.history.components.seconds))
    }

    private func steps(_ seconds: Int) -> Int { (seconds + trace.stepSeconds - 1) / trace.stepSeconds }
}
