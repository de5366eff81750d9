import TimeSeries

extension Deliberation {
    /// What the predicted signal's demand needs beside the forecast.
    ///
    /// With a forecast that is used, the measured demand is covered, with hardly any tolerance. The count is
    /// lowered only to what may still be needed within the hold, and stays where it is above that by no more
    /// than the band: a forecast moves every minute, and a replica less is not worth a change. Without one,
    /// headroom over the measured demand stands for what the forecast would have seen. Where the policy adds its signals
    /// up, what the others ask for is needed beside all that.
    mutating func settleForecast(_ measurement: Measurement, _ memory: inout ScalingMemory) {
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
            memory.surge = nil
            let headroom = max(prediction.headroom, measured.outlook?.headroomWithoutForecast ?? 0)
            keepHeadroom(headroom, signal, value / target, "no forecast is used")
            return cover(value / target * (1 + headroom), of: signal)
        }
        let demand = max(value, outlook.peak) / target
        defer {
            let limit = Surge.limit(
                expected: outlook.expectedPeak / target, planned: demand, risk: prediction.risk)
            keepUp(
                signal, value / target, expected: outlook.expectedPeak / target, limit, outlook.leadTime,
                isYoung: outlook.isYoung, &memory)
            keepHeadroom(
                outlook.headroomOfInexperience, signal, value / target,
                "the forecast has seen little of the past")
        }
        let keep = outlook.keep.flatMap { $0.isFinite ? $0 / target : nil }
        let kept = max(demand, keep ?? demand)
        planned = kept
        count = max(count, risen(to: demand + beside, keep.map { $0 + beside }))
        guard count < current else { return }
        // Of what other signals asked for lately the forecast knows nothing; but a backlog that has been worked off will
        // not come back without what arrives.
        if keep != nil { isForeseen = policy.signals.allSatisfy { $0.name == signal.name || $0.isBacklog } }
        if kept + beside >= Double(current) * (1 - prediction.band) {
            count = current
            let less = max(0, 1 - (kept + beside) / Double(current))
            note(
                .tolerance, signal.name,
                "foreseen to need \(SignalPolicy.Unit.share.text(less)) less, which is not worth a change")
        } else if Replicas.covering(kept + beside) > count {
            count = Replicas.covering(kept + beside)
            note(
                .forecast, signal.name,
                "up to \(signal.unit.text(kept * target)) may be needed again within "
                    + (outlook.held.map { "\($0.prometheusText), a part of its short season" }
                        ?? prediction.hold.prometheusText)
            )
        }
        cover(kept, of: signal)
    }

    /// Of sources that do not report neither headroom nor forecast know anything: nothing is removed that would be needed
    /// if they were like the others.
    private mutating func cover(_ needed: Double, of signal: SignalPolicy) {
        guard let share = reported[signal.name], count < current else { return }
        let covering = Replicas.covering(needed / share + beside)
        let whole = min(current, covering)
        guard whole > count else { return }
        count = whole
        note(.partial, signal.name, "with what is foreseen of the others like them \(covering)")
    }

    /// The replicas for a demand. Where they are more than there are, some of what will be kept anyway is added at once,
    /// so that a long rise takes fewer steps.
    private func risen(to demand: Double, _ keep: Double?) -> Int {
        let needed = foreseen(demand)
        guard needed > current, let keep else { return needed }
        return max(needed, Replicas.covering(min(keep, demand * (1 + Prediction.mostAdvance))))
    }

    /// The replicas for a demand in fractional ones; the present count where it is hardly exceeded.
    func foreseen(_ demand: Double) -> Int {
        let isHardlyMore =
            demand > Double(current) && demand <= Double(current) * (1 + Prediction.leastRise)
        return isHardlyMore ? current : Replicas.covering(demand)
    }

    /// Where demand outruns what was foreseen of it, the model knows nothing of what goes on: headroom as of a reactive
    /// autoscaler, or what growth makes of the demand until replicas are ready, stands in for it.
    private mutating func keepUp(
        _ signal: SignalPolicy, _ demand: Double, expected: Double, _ limit: Double, _ leadTime: Duration?,
        isYoung: Bool, _ memory: inout ScalingMemory
    ) {
        guard let leadTime else { return }
        var surge = memory.surge ?? Surge()
        // Taken out and not copied.
        memory.surge = nil
        defer { memory.surge = surge }
        // Where forecasts have missed much, that less comes than they said tells nothing.
        let patience = memory.account?.foresight == 0 ? .zero : policy.bridge ?? .zero
        let grown = surge.take(
            demand, expected: expected, limit: limit, leadTime: leadTime, interval: policy.interval,
            patience: patience, at: now)
        let isUnlearned = surge.isOnNewLevel && memory.account?.foresight != 0
        let isCalm = !surge.hasOutrun(within: patience, of: now)
        isForesightProven = memory.account?.foresight == 1 && !isYoung && isCalm && !surge.isBelowForeseen
        if surge.hasJustLapsed(at: now, interval: policy.interval, patience: patience), count < current {
            count = current
            note(
                .forecast, signal.name,
                "far less than was foreseen, which a wrong measurement or an outage may be")
        }
        if let interrupted = surge.interrupted(at: now, patience: patience) {
            awaitReturn(of: interrupted * (1 + ReactiveReference.headroom), signal)
        }
        guard grown != nil || isUnlearned else { return }
        let wanted = max(grown ?? 0, demand * (1 + ReactiveReference.headroom))
        planned = max(planned ?? 0, wanted)
        guard foreseen(wanted + beside) > count else { return }
        count = foreseen(wanted + beside)
        isForeseen = false
        note(
            .surge, signal.name,
            grown.map {
                "more than was foreseen: as it grows, \(SignalPolicy.Unit.share.text($0 / demand - 1)) more "
                    + "within \(leadTime.prometheusText)"
            }
                ?? "on a level that was not foreseen, until the forecast has learned it: "
                + "\(SignalPolicy.Unit.share.text(ReactiveReference.headroom)) more than is measured")
    }

    /// In an outage that lasts, what comes back is more than there was: a third more, as a reactive autoscaler holds.
    private mutating func awaitReturn(of demand: Double, _ signal: SignalPolicy) {
        guard foreseen(demand + beside) > count else { return }
        count = foreseen(demand + beside)
        isForeseen = false
        note(
            .forecast, signal.name,
            "an outage is likelier than so little demand: a third more than before it, for what comes back")
    }

    private mutating func keepHeadroom(
        _ headroom: Double, _ signal: SignalPolicy, _ demand: Double, _ why: String
    ) {
        let demand = demand * (1 + headroom)
        planned = max(planned ?? 0, demand)
        guard headroom > 0, demand > 0 else { return }
        let proposal = Proposal(
            demand: demand + beside, base: current, current: current, policy: policy)
        guard proposal.count > count else { return }
        count = proposal.count
        isForeseen = false
        note(
            .headroom, signal.name,
            "\(why): \(SignalPolicy.Unit.share.text(headroom)) more than is measured")
    }
}

extension Signal.Outlook {
    /// Whether the model has seen less than it has to have seen.
    var isYoung: Bool { (experience ?? 1) < 1 }

    private static let headroomOfYouth = 0.2

    /// What is kept above the measured demand beside the forecast of a model without any experience.
    fileprivate var headroomOfInexperience: Double { (experience ?? 1) > 0 ? 0 : Self.headroomOfYouth }

    /// And in place of one that is not used, until the model is no longer young: what a reactive autoscaler keeps.
    fileprivate var headroomWithoutForecast: Double { isYoung ? ReactiveReference.headroom : 0 }
}
