import TimeSeries

extension Deliberation {
    /// The signal with the share of load that was learned for a replica, where a policy asks for it and enough was seen.
    func learned(_ signal: SignalPolicy, _ memory: ScalingMemory) -> (signal: SignalPolicy, isLearned: Bool) {
        guard signal.learnsFrom != nil, let share = memory.learnedShare(policy) else {
            return (signal, false)
        }
        var copy = signal
        copy.target = .perReplica(share)
        return (copy, true)
    }

    /// How long the count has to be steady, and all of it ready, before what replicas do says something about them.
    private static let settling = Duration.seconds(60)

    /// Takes in what latency goes with what load, while all replicas are ready and nothing has changed lately: what has
    /// queued up while some were not has to be worked off first.
    func learn(_ measurement: Measurement, _ memory: inout ScalingMemory) {
        for signal in policy.signals {
            guard let source = signal.learnsFrom, case .perReplica(let written) = signal.target,
                case .objective(let objective)? = policy.signal(source)?.target,
                measurement.policy == policy.name
            else { continue }
            guard counts.ready > 0, counts.starting == 0, counts.ready == counts.desired else {
                memory.wasUnsettled(at: now)
                continue
            }
            guard memory.isSettled(for: Self.settling, at: now),
                let load = whole(signal.name, measurement), let latency = whole(source, measurement)
            else { continue }
            memory.learn(
                load: load / Double(counts.ready), latency: latency, expected: written, objective: objective,
                at: now)
        }
    }

    /// A fresh, finite value of all sources.
    private func whole(_ name: String, _ measurement: Measurement) -> Double? {
        guard let measured = measurement.signals.first(where: { $0.name == name }), measured.isWhole,
            let signal = policy.signal(name)
        else { return nil }
        return policy.sound(measured.reading, of: signal, at: now)
    }

    /// What an objective asks for at most beside a share of load that is learned from it: as many replicas as the least
    /// share that may be learned needs. What those do not mend is slow for another reason than the load.
    func mostBesideLearned(
        _ signal: SignalPolicy, _ measurement: Measurement, _ memory: ScalingMemory
    ) -> Int? {
        guard let load = policy.signals.first(where: { $0.learnsFrom == signal.name }),
            case .perReplica(let written) = load.target,
            let measured = measurement.signals.first(where: { $0.name == load.name }), measured.isWhole,
            case .trusted(let value) = trust(load, measured.reading, memory)
        else { return nil }
        return max(1, Replicas.covering(value / (written / CapacityCurve.reach)))
    }
}
