import Fleet
package import PromQL
import Synchronization
package import TimeSeries

/// Turns policies into measurements: one instant query a signal, its age, and a forecast where the policy
/// asks for one. The only part of the module that waits for anything; what it yields is data, and `decide`
/// does the rest.
package final class Measurer: Sendable {
    /// What one round yields.
    package struct Round: Sendable {
        /// In the order of the policies.
        package var measurements: [Measurement] = []
        /// `flyball_signal` and `flyball_forecast`, to be stored.
        package var samples: [SeriesSamples] = []
    }

    private let engine: any QueryEngine
    private let presence = Mutex(SignalProbe.Presence())
    private let forecasts = Mutex<[ForecastKey: SignalForecast]>([:])

    package init(engine: any QueryEngine) { self.engine = engine }

    /// Measures all signals of some policies at one moment. Queries and selectors that several policies share
    /// are evaluated once. Never throws: what fails is a reading.
    package func measure(
        _ policies: [ScalingPolicy], at now: Timestamp, learned: Learned = Learned()
    ) async -> Round {
        var round = Round()
        // Taken out and not copied, as the forecasts are.
        let known = presence.withLock { presence in
            defer { presence = SignalProbe.Presence() }
            return presence
        }
        var probe = SignalProbe(engine: engine, now: now, presence: known)
        for policy in policies {
            var signals: [Signal] = []
            for signal in policy.signals {
                let reading = await probe.read(signal.query, staleAfter: policy.staleAfter)
                let (outlook, history) = await outlook(
                    policy, signal, reading, pausedAt: probe.pauses[signal.query], at: now,
                    learned.startUps[policy.workload])
                let standing = policy.partial == nil ? nil : await probe.standing(of: signal.query)
                signals.append(
                    Signal(
                        name: signal.name, reading: reading, outlook: outlook?.outlook,
                        coverage: standing?.coverage,
                        kept: standing?.kept(at: now, patience: policy.suspectsZeroFor), history: history))
                round.samples += Self.samples(
                    policy, signal, reading, outlook, share: learned.shares[policy.name], at: now)
            }
            round.measurements.append(
                Measurement(
                    policy: policy.name, workload: policy.workload, at: now, signals: signals,
                    schedules: ScheduleCalendar.active(policy, at: now),
                    loads: await loads(policy, &probe), usage: await usage(policy, &probe)))
        }
        let presence = probe.presence
        self.presence.withLock { $0 = presence }
        return round
    }

    /// What the query about victims yields; nil for a policy without one, and where it fails.
    private func loads(_ policy: ScalingPolicy, _ probe: inout SignalProbe) async -> [ReplicaLoad]? {
        guard let query = policy.victimQuery else { return nil }
        return await probe.elements(of: query)?.compactMap { element in
            guard let replica = element.labels["replica"], let value = element.value, value.isFinite else {
                return nil
            }
            return ReplicaLoad(replica: String(replica), value: value)
        }.sorted { ($0.replica, $0.value) < ($1.replica, $1.value) }.prefix(Self.mostLoads).map { $0 }
    }

    /// What replicas use, fresh values only; nil for a policy that does not size.
    private func usage(_ policy: ScalingPolicy, _ probe: inout SignalProbe) async -> [ResourceUsage]? {
        guard let sizing = policy.sizing else { return nil }
        var usage: [ResourceUsage] = []
        for (resource, rule) in [(ResourceUsage.Resource.cpu, sizing.cpu), (.memory, sizing.memory)] {
            guard let rule,
                case .value(let value, _) = await probe.read(rule.query, staleAfter: policy.staleAfter)
            else { continue }
            usage.append(ResourceUsage(resource, value))
        }
        return usage
    }

    private static let mostLoads = 10_000

    /// Forgets what belongs to queries that no policy asks for any longer.
    package func keep(only policies: [ScalingPolicy]) {
        let wanted = Set(
            policies.flatMap { policy in
                policy.signals.compactMap { ForecastKey(policy, $0) }
            })
        forecasts.withLock { $0 = $0.filter { wanted.contains($0.key) } }
        let selectors = Set(
            policies.flatMap(\.signals).flatMap { signal in
                (try? Expression.parse(signal.query))?.selectors.map(\.plain) ?? []
            })
        presence.withLock { presence in
            presence.selectors = presence.selectors.filter { selectors.contains($0.key) }
            presence.spacings = presence.spacings.filter { selectors.contains($0.key) }
        }
    }

    /// What is foreseen, and how much of the past is known where nothing is that may be used.
    private func outlook(
        _ policy: ScalingPolicy, _ signal: SignalPolicy, _ reading: Signal.Reading,
        pausedAt: Timestamp?, at now: Timestamp, _ startUp: Duration?
    ) async -> (answer: SignalForecast.Answer?, history: Signal.History?) {
        guard let prediction = policy.prediction, let key = ForecastKey(policy, signal),
            let expression = try? Expression.parse(signal.query)
        else { return (nil, nil) }
        // Taken out and not copied: a history with its models is a megabyte.
        var forecast = forecasts.withLock { $0.removeValue(forKey: key) } ?? SignalForecast(key)
        // Of a series that has ended a range still shows something, and less and less of it. What a slow scrape makes
        // stale for a moment is history all the same.
        var trustedUntil = pausedAt
        var whole = Double.nan
        if pausedAt != nil, case .value(let value, _) = reading { whole = value }
        if case .stale(_, let measuredAt) = reading {
            trustedUntil = measuredAt + min(policy.staleAfter * 2, SignalProbe.lookback - .seconds(60))
        }
        forecast.forget(after: now)
        if let range = forecast.missing(at: now) {
            // Where this fails the forecast waits; the signal's own reading says what failed.
            let limits = QueryLimits(timeout: .seconds(30))
            if let result = try? await engine.evaluate(expression, over: range, limits: limits) {
                forecast.append(result.value, over: range, trustedUntil: trustedUntil, whole: whole)
            }
        }
        let answer = forecast.answer(
            prediction, startUp: startUp, reading: reading, at: now, bridge: policy.bridge)
        let state = forecast
        forecasts.withLock { $0[key] = state }
        return (answer, answer?.outlook.isTrusted == true ? nil : state.shortage)
    }
}
