import TimeSeries

extension Deliberation {
    /// What the signals say about whether there is anything to do.
    struct Activity {
        /// The first signal above its activation.
        var active: String?
        /// A signal that could say so is not to be trusted.
        var isUnknown = false
    }

    /// Decides between something and nothing, where the policy may keep nothing: at least one while a signal is above
    /// its activation, none once all have been at or below theirs for long enough. Activation outranks what the
    /// signals ask for.
    mutating func settleActivity(_ memory: inout ScalingMemory) {
        guard let patience = policy.idleAfter else { return }
        if let active = activity.active {
            memory.wasActive(at: now)
            guard count < 1 else { return }
            count = 1
            return note(.idle, active, "is above its activation: at least one is kept")
        }
        guard !activity.isUnknown else {
            // Whether there is work is not known: what runs goes on, and nothing is woken.
            count = current == 0 ? 0 : max(1, count)
            return
        }
        if current == 0 {
            count = 0
            return note(.idle, "activation", "no signal is above its activation: nothing is started")
        }
        let since = memory.activeAt ?? now
        if memory.activeAt == nil { memory.wasActive(at: now) }
        guard now - since >= patience else {
            count = max(1, count)
            return note(
                .idle, "activation",
                "no signal is above its activation; the last replica stays for \(patience.prometheusText)",
                until: since + patience)
        }
        isIdle = true
        count = 0
        note(.idle, "activation", "no signal was above its activation for \(patience.prometheusText)")
    }

    /// A forecast may add, never remove. For a signal without data it stands in, for a time.
    mutating func applyForecast(_ measurement: Measurement, _ memory: ScalingMemory) {
        guard let prediction = policy.prediction, let written = policy.signal(prediction.signal),
            case .perReplica(let target) = learned(written, memory).signal.target, target > 0,
            measurement.policy == policy.name, measurement.workload == policy.workload,
            let measured = measurement.signals.first(where: { $0.name == prediction.signal }),
            let outlook = measured.outlook
        else { return }
        let signal = written
        let age = now - measurement.at
        guard outlook.peak.isFinite, age <= policy.staleAfter, age >= .zero - Self.futureTolerance else {
            return note(.forecastIdle, signal.name, "the forecast is out of date or not a finite number")
        }
        guard outlook.isTrusted else {
            return note(
                .forecastIdle, signal.name,
                outlook.text(signal.unit) + "; not used: no better than the last value")
        }
        var suffix = ""
        var until: Timestamp?
        if let bridge = policy.bridge, case .untrusted = trust(signal, measured.reading, memory) {
            guard let seen = memory.signal(signal.name), now - seen.at < bridge else {
                return note(
                    .forecastIdle, signal.name,
                    outlook.text(signal.unit) + "; not used: stands in for a signal without data for "
                        + "\(bridge.prometheusText) only")
            }
            suffix = "; stands in for the signal"
            until = seen.at + bridge
        }
        // Hardly any tolerance here: the risk that the policy takes is in the quantile.
        let needed = foreseen(outlook.peak / target + beside)
        guard needed > count, count > 0 || policy.idleAfter == nil || signal.isActive(outlook.peak)
        else {
            return note(
                .forecastIdle, signal.name, outlook.text(signal.unit) + suffix, count: needed)
        }
        count = needed
        isIdle = false
        note(.forecast, signal.name, outlook.text(signal.unit) + suffix, until: until)
    }
}
