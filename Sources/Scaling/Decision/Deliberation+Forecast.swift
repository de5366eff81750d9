import TimeSeries

extension Deliberation {
    /// What the predicted signal's demand needs beside the forecast.
    ///
    /// With a forecast that is used, the measured demand is covered, with hardly any tolerance. The count is
    /// lowered only to what may still be needed within the hold, and stays where it is above that by no more
    /// than the band: a forecast moves every minute, and a replica less is not worth a change. Without one,
    /// headroom over the measured demand stands for what the forecast would have seen.
    mutating func settleForecast(_ measurement: Measurement, _ memory: ScalingMemory) {
        guard count > 0, let prediction = policy.prediction, let signal = policy.signal(prediction.signal),
            case .perReplica(let target) = learned(signal, memory).signal.target, target > 0,
            measurement.policy == policy.name, measurement.workload == policy.workload,
            let measured = measurement.signals.first(where: { $0.name == prediction.signal }),
            case .trusted(let value) = trust(signal, measured.reading, memory)
        else { return }
        let age = now - measurement.at
        guard let outlook = measured.outlook, outlook.isTrusted, outlook.peak.isFinite,
            age <= policy.staleAfter, age >= .zero - Self.futureTolerance
        else {
            keepHeadroom(prediction, signal, value / target)
            return cover(value / target * (1 + prediction.headroom), of: signal)
        }
        let demand = max(value, outlook.peak) / target
        let keep = outlook.keep.flatMap { $0.isFinite ? $0 / target : nil }
        let kept = max(demand, keep ?? demand)
        planned = kept
        count = max(count, foreseen(demand))
        guard count < current else { return }
        // Of what other signals asked for lately the forecast knows nothing.
        if keep != nil { isForeseen = policy.signals.count == 1 }
        if kept >= Double(current) * (1 - prediction.band) {
            count = current
            let less = max(0, 1 - kept / Double(current))
            note(
                .tolerance, signal.name,
                "foreseen to need \(SignalPolicy.Unit.share.text(less)) less, which is not worth a change")
        } else if Replicas.covering(kept) > count {
            count = Replicas.covering(kept)
            note(
                .forecast, signal.name,
                "up to \(signal.unit.text(kept * target)) may be needed again within \(prediction.hold.prometheusText)"
            )
        }
        cover(kept, of: signal)
    }

    /// Of sources that do not report neither headroom nor forecast know anything: nothing is removed that would be needed
    /// if they were like the others.
    private mutating func cover(_ needed: Double, of signal: SignalPolicy) {
        guard let share = reported[signal.name], count < current else { return }
        let whole = min(current, Replicas.covering(needed / share))
        guard whole > count else { return }
        count = whole
        note(
            .partial, signal.name,
            "with what is foreseen of the others like them \(Replicas.covering(needed / share))")
    }

    /// The replicas for a demand in fractional ones; the present count where it is hardly exceeded.
    func foreseen(_ demand: Double) -> Int {
        let isHardlyMore =
            demand > Double(current) && demand <= Double(current) * (1 + Prediction.leastRise)
        return isHardlyMore ? current : Replicas.covering(demand)
    }

    private mutating func keepHeadroom(
        _ prediction: Prediction, _ signal: SignalPolicy, _ demand: Double
    ) {
        let demand = demand * (1 + prediction.headroom)
        planned = demand
        guard prediction.headroom > 0, demand > 0 else { return }
        let proposal = Proposal(demand: demand, base: current, current: current, policy: policy)
        guard proposal.count > count else { return }
        count = proposal.count
        note(
            .headroom, signal.name,
            "no forecast is used: \(SignalPolicy.Unit.share.text(prediction.headroom)) more than is measured")
    }
}
