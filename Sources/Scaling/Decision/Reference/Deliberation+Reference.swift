import TimeSeries

extension Deliberation {
    /// How the policy stands beside a reactive autoscaler, where it is compared with one.
    struct Standing {
        /// What was paid, by what the reference would have cost, and the shares of the demand that were left unserved.
        var costRatio: Double
        var ownShortage: Double
        var referenceShortage: Double
        /// What the reference holds now, and what the demand needs at least.
        var count: Int
        /// From 0 to 1: how far the count gives way to the reference's where it is above, and below.
        var excess: Double
        var lack: Double

        /// For a person.
        var text: String {
            let share = SignalPolicy.Unit.share
            return
                "lately \(share.text(costRatio)) of what a reactive autoscaler would have cost, with "
                + "\(share.text(ownShortage)) of the demand unserved for "
                + share.text(referenceShortage)
        }
    }

    /// Takes the present into the account that is kept beside a reactive autoscaler, and asks for some of what that
    /// would hold where the policy has left more unserved.
    mutating func compareWithReference(_ measurement: Measurement, _ memory: inout ScalingMemory) {
        // What a dry run sees are counts of somebody else.
        guard let prediction = policy.prediction, let premium = prediction.premium, policy.mode != .dryRun
        else {
            memory.account = nil
            return
        }
        guard let signal = policy.signal(prediction.signal),
            case .perReplica(let target) = learned(signal, memory).signal.target, target > 0,
            measurement.policy == policy.name, measurement.workload == policy.workload,
            let measured = measurement.signals.first(where: { $0.name == prediction.signal }),
            let leadTime = measured.outlook?.leadTime,
            case .trusted(let value) = trust(signal, measured.reading, memory)
        else { return }
        // What may be a wrong measurement is no demand that either would have had to serve.
        guard measured.outlook?.isDoubted != true else { return }
        let demand = value / target
        var account = memory.account ?? ReferenceAccount(count: current, at: now)
        // Taken out and not copied: its windows would be, at each decision.
        memory.account = nil
        account.step(
            demand: demand, asked: asked, planned: planned ?? demand, current: current, leadTime: leadTime,
            bounds: bounds, at: now)
        let needed = min(Replicas.covering(demand), bounds.upperBound)
        standing = Standing(
            costRatio: account.costRatio, ownShortage: account.ownShortage,
            referenceShortage: account.referenceShortage, count: max(account.reference.desired, needed),
            excess: account.excess(premium: premium, isYoung: measured.outlook?.isYoung == true),
            lack: account.lack(risk: prediction.risk))
        memory.account = account
        raiseTowardsReference(prediction)
    }

    private mutating func raiseTowardsReference(_ prediction: Prediction) {
        guard let standing, standing.lack > 0, count > 0, count < standing.count else { return }
        // From what the policy asks for by its own reckoning: from what it holds it would come nearer with each decision.
        let own = min(max(planned ?? 0, Double(asked)), Double(count))
        let missing = (Double(standing.count) - own) * (1 - standing.lack)
        let wanted = steadied(Replicas.covering(Double(standing.count) - missing), prediction)
        guard wanted > count else { return }
        count = wanted
        note(.reference, "shortage", "\(standing.text): nearer to the \(standing.count) that it would hold")
    }

    /// Gives back what the policy holds above a reactive autoscaler where it has been too dear, whatever the limit
    /// and the window of scale-in say: that autoscaler had a window too. A cooldown and a blocked direction hold.
    mutating func lowerTowardsReference(_ memory: ScalingMemory) {
        guard let standing, let prediction = policy.prediction, standing.excess > 0, count > standing.count,
            policy.behaviour.down.limit != .blocked, !isCoolingDown(policy.behaviour.down, memory)
        else { return }
        let kept = Double(count - standing.count) * (1 - standing.excess)
        // What signals ask for as they are, or hold because they are not to be trusted or report in part, stays.
        let least = max(asked, floor, 1)
        let wanted = steadied(max(Replicas.covering(Double(standing.count) + kept), least), prediction)
        guard wanted < count else { return }
        count = wanted
        note(.reference, "cost", "\(standing.text): nearer to the \(standing.count) that it would hold")
    }

    /// That autoscaler's own tolerance: its count moves with what is measured.
    private static let leastBand = 0.1

    /// The present count where the wanted one is hardly more, or less by no more than the band: as with a forecast,
    /// that is not worth a change.
    private func steadied(_ wanted: Int, _ prediction: Prediction) -> Int {
        let ratio = Double(wanted) / Double(max(1, current))
        return (1 - max(prediction.band, Self.leastBand)...1 + Prediction.leastRise).contains(ratio)
            ? current : wanted
    }
}
