import TimeSeries

extension Deliberation {
    /// What the predicted signal's demand needs beside the forecast.
    ///
    /// With a forecast that is used, the measured demand is covered, with hardly any tolerance, and a count
    /// that is above the need by no more than the band stays: a forecast moves every minute, and a replica
    /// less is not worth a change. Without one, headroom over the measured demand stands for what the
    /// forecast would have seen.
    mutating func settleForecast(_ measurement: Measurement, _ memory: ScalingMemory) {
        guard count > 0, let prediction = policy.prediction, let signal = policy.signal(prediction.signal),
            case .perReplica(let target) = learned(signal, memory).signal.target, target > 0,
            measurement.policy == policy.name, measurement.workload == policy.workload,
            let measured = measurement.signals.first(where: { $0.name == prediction.signal }),
            case .value(let value, let at) = measured.reading, value.isFinite,
            now - at <= policy.staleAfter, now - at >= .zero - Self.futureTolerance
        else { return }
        let age = now - measurement.at
        guard let outlook = measured.outlook, outlook.isTrusted, outlook.peak.isFinite,
            age <= policy.staleAfter, age >= .zero - Self.futureTolerance
        else { return keepHeadroom(prediction, signal, value / target) }
        let demand = max(value, outlook.peak) / target
        count = max(count, foreseen(demand))
        if count < current, demand >= Double(current) * (1 - prediction.band) {
            count = current
            let share = SignalPolicy.Unit.share.text(1 - demand / Double(current))
            note(.tolerance, signal.name, "foreseen to need \(share) less, which is not worth a change")
        }
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
        guard prediction.headroom > 0, demand > 0 else { return }
        let proposal = Proposal(
            demand: demand * (1 + prediction.headroom), base: current, current: current, policy: policy)
        guard proposal.count > count else { return }
        count = proposal.count
        let share = SignalPolicy.Unit.share.text(prediction.headroom)
        note(.headroom, signal.name, "no forecast is used: \(share) more than is measured")
    }
}
