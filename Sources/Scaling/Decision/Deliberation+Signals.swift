import TimeSeries

extension Deliberation {
    /// Samples from a clock that is ahead by up to this are taken; later ones never define the present.
    static let futureTolerance = Duration.seconds(5)

    /// Lets every signal propose, takes the largest proposal, holds where a signal is not to be trusted, and
    /// lets the forecast raise the result.
    mutating func weigh(_ measurement: Measurement) {
        let belongs = measurement.policy == policy.name && measurement.workload == policy.workload
        var asked: [Int] = []
        var hasCapacitySignal = false
        var objections: [(signal: String, low: Int)] = []
        var holding: [String] = []
        let ready = counts.ready
        for signal in policy.signals {
            let measured = belongs ? measurement.signals.first { $0.name == signal.name } : nil
            switch trust(signal, measured?.reading ?? .missing) {
            case .untrusted(let why, let distrust):
                note(.untrusted, signal.name, why, count: current)
                if distrust == .hold { holding.append(signal.name) }
            case .trusted(let value):
                let proposal = Proposal(signal, value, counts: counts, current: current, policy: policy)
                note(
                    proposal.calm == nil ? .signal : .tolerance, signal.name,
                    proposal.text(signal, value, ready: ready), count: proposal.count)
                if proposal.isNoObjection {
                    objections.append((signal.name, proposal.count))
                } else {
                    hasCapacitySignal = true
                    asked.append(proposal.count)
                }
            }
        }
        // Where another signal says how much is needed, a latency well below its objective has nothing to
        // add.
        if !hasCapacitySignal { asked += objections.map(\.low) }
        combine(asked, holding: holding)
        applyForecast(measurement)
    }

    private mutating func combine(_ asked: [Int], holding: [String]) {
        guard let largest = asked.max() else {
            count = current
            return note(.held, "signals", "no signal can be trusted; the count stays")
        }
        count = largest
        guard !holding.isEmpty, largest < current else { return }
        count = current
        note(
            .held, "signals",
            "\(holding.joined(separator: ", ")): not to be trusted, so nothing is removed; the others ask for \(largest)"
        )
    }

    private enum Trust {
        case trusted(Double)
        case untrusted(String, ScalingPolicy.Distrust)
    }

    private func trust(_ signal: SignalPolicy, _ reading: Signal.Reading) -> Trust {
        func judged(_ value: Double, _ at: Timestamp, isStale: Bool) -> Trust {
            guard value.isFinite else {
                return .untrusted("is \(value.isNaN ? "not a number" : "infinite")", signal.whenNotFinite)
            }
            let age = now - at
            guard age >= .zero - Self.futureTolerance else {
                return .untrusted("is dated \((.zero - age).prometheusText) in the future", signal.whenStale)
            }
            guard !isStale, age <= policy.staleAfter else {
                return .untrusted(
                    "was \(signal.unit.text(value)) \(age.prometheusText) ago; stale after "
                        + policy.staleAfter.prometheusText, signal.whenStale)
            }
            return .trusted(value)
        }
        switch reading {
        case .value(let value, let at): return judged(value, at, isStale: false)
        case .stale(let value, let at): return judged(value, at, isStale: true)
        case .missing: return .untrusted("has no data", signal.whenMissing)
        case .notFinite: return .untrusted("is not a finite number", signal.whenNotFinite)
        case .failed(let message):
            return .untrusted("could not be measured: \(message.prefix(200))", signal.whenMissing)
        }
    }

    /// A forecast may add, never remove.
    private mutating func applyForecast(_ measurement: Measurement) {
        guard let prediction = policy.prediction, let signal = policy.signal(prediction.signal),
            case .perReplica(let target) = signal.target, target > 0,
            measurement.policy == policy.name, measurement.workload == policy.workload,
            let outlook = measurement.signals.first(where: { $0.name == prediction.signal })?.outlook
        else { return }
        let age = now - measurement.at
        guard outlook.peak.isFinite, age <= policy.staleAfter, age >= .zero - Self.futureTolerance else {
            return note(.forecastIdle, signal.name, "the forecast is out of date or not a finite number")
        }
        guard outlook.isTrusted else {
            return note(
                .forecastIdle, signal.name,
                outlook.text(signal.unit) + "; not used: no better than the last value")
        }
        // Hardly any tolerance here: the risk that the policy takes is in the quantile.
        let needed = foreseen(outlook.peak / target)
        guard needed > count else {
            return note(.forecastIdle, signal.name, outlook.text(signal.unit), count: needed)
        }
        count = needed
        note(.forecast, signal.name, outlook.text(signal.unit))
    }
}

extension Signal.Outlook {
    func text(_ unit: SignalPolicy.Unit) -> String {
        "\(SignalPolicy.Unit.share.text(quantile)) of peaks within \(horizon.prometheusText) stay below "
            + "\(unit.text(peak)) (\(model))"
    }
}
