package import TimeSeries

extension Deliberation {
    enum Trust {
        case trusted(Double)
        case untrusted(String, ScalingPolicy.Distrust, until: Timestamp?)
    }

    /// Whether a reading may be acted upon, and else what is wrong with it.
    func trust(_ signal: SignalPolicy, _ reading: Signal.Reading, _ memory: ScalingMemory) -> Trust {
        func untrusted(_ why: String, _ distrust: ScalingPolicy.Distrust) -> Trust {
            .untrusted(why, distrust, until: nil)
        }
        func judged(_ value: Double, _ at: Timestamp, isStale: Bool) -> Trust {
            guard value.isFinite else {
                return untrusted("is \(value.isNaN ? "not a number" : "infinite")", signal.whenNotFinite)
            }
            guard !signal.isImpossible(value) else {
                return untrusted(
                    "is \(signal.unit.text(value)), which cannot be: it is below 0", signal.whenNotFinite)
            }
            let age = now - at
            guard age >= .zero - Self.futureTolerance else {
                return untrusted(
                    "is dated \((.zero - age).prometheusText) in the future", signal.whenStale)
            }
            guard !isStale, age <= policy.staleAfter else {
                return untrusted(
                    "was \(signal.unit.text(value)) \(age.prometheusText) ago; stale after "
                        + policy.staleAfter.prometheusText, signal.whenStale)
            }
            if isNothing(value, signal), let patience = policy.suspectsZeroFor,
                let since = zeroSince(signal, memory), now - since < patience
            {
                return .untrusted(
                    "fell to \(value == 0 ? "exactly 0" : "next to nothing") at once; not believed for \(patience.prometheusText)",
                    .hold,
                    until: since + patience)
            }
            return .trusted(value)
        }
        switch reading {
        case .value(let value, let at): return judged(value, at, isStale: false)
        case .stale(let value, let at): return judged(value, at, isStale: true)
        case .missing: return untrusted("has no data", signal.whenMissing)
        case .notFinite: return untrusted("is not a finite number", signal.whenNotFinite)
        case .failed(let message):
            return untrusted("could not be measured: \(message.prefix(200))", signal.whenMissing)
        }
    }

    /// Zero, or as good as: less than a millionth of what one replica is to carry.
    private func isNothing(_ value: Double, _ signal: SignalPolicy) -> Bool {
        let whole: Double
        switch signal.target {
        case .perReplica(let target), .mean(let target), .objective(let target): whole = target
        case .backlog(let rate, let within): whole = rate * within.inSeconds
        case .steps: whole = 0
        }
        return value == 0 || value > 0 && value < whole * 1e-6
    }

    /// Since when a signal that is zero now is suspiciously so; nil where the fall is credible.
    private func zeroSince(_ signal: SignalPolicy, _ memory: ScalingMemory) -> Timestamp? {
        guard let known = memory.signal(signal.name) else { return nil }
        if let since = known.zeroSince { return min(since, now) }
        guard known.value > 0 else { return nil }
        switch signal.target {
        case .backlog(let rate, _) where isWorkedOff(known, rate: rate, memory): return nil
        case .perReplica, .backlog, .mean:
            let before = Proposal(
                learned(signal, memory).signal, known.value, counts: counts, current: 0, policy: policy)
            return before.demand.map { $0 > 1 } == true ? now : nil
        case .objective, .steps:
            // These know no demand: the fall is suspicious where the value before kept what 0 would remove.
            let before = Proposal(signal, known.value, counts: counts, current: current, policy: policy)
            let after = Proposal(signal, 0, counts: counts, current: current, policy: policy)
            return before.count >= current && after.count < current ? now : nil
        }
    }

    /// Whether a backlog may be gone since it was read: beside a load that goes on, and where the ready replicas do so much
    /// in that time.
    private func isWorkedOff(
        _ known: ScalingMemory.SignalMemory, rate: Double, _ memory: ScalingMemory
    ) -> Bool {
        let isLoaded = policy.signals.contains { signal in
            guard case .perReplica = signal.target, let load = memory.signal(signal.name) else {
                return false
            }
            return load.zeroSince == nil && !isNothing(load.value, signal)
                && now - load.at <= policy.staleAfter
        }
        return isLoaded && known.value <= rate * Double(counts.ready) * (now - known.at).inSeconds
    }

    /// Keeps what later decisions need to judge the next reading.
    func remember(_ signal: SignalPolicy, _ reading: Signal.Reading, _ memory: inout ScalingMemory) {
        guard policy.suspectsZeroFor != nil || policy.bridge != nil || policy.fallback != nil,
            let value = policy.sound(reading, of: signal, at: now)
        else { return }
        memory.remember(
            ScalingMemory.SignalMemory(
                name: signal.name, at: now, value: value,
                zeroSince: isNothing(value, signal) ? zeroSince(signal, memory) : nil))
    }
}

extension ScalingPolicy {
    /// The value of a reading that is fresh, finite and possible; nil of any other.
    func sound(_ reading: Signal.Reading, of signal: SignalPolicy, at now: Timestamp) -> Double? {
        guard case .value(let value, let at) = reading, value.isFinite, !signal.isImpossible(value),
            now - at <= staleAfter, now - at >= .zero - Deliberation.futureTolerance
        else { return nil }
        return value
    }

    /// The replicas that the first signal of demand asks for, fractional; nil where none is fresh and whole.
    package func demand(_ measurement: Measurement, at now: Timestamp) -> Double? {
        for signal in signals {
            guard let measured = measurement.signals.first(where: { $0.name == signal.name }),
                let value = sound(measured.reading, of: signal, at: now)
            else { continue }
            switch signal.target {
            case .perReplica(let target): return value / target
            case .backlog(let rate, let within): return value / (rate * within.inSeconds)
            case .mean, .objective, .steps: continue
            }
        }
        return nil
    }
}
