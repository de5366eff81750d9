import TimeSeries

extension Deliberation {
    /// Samples from a clock that is ahead by up to this are taken; later ones never define the present.
    static let futureTolerance = Duration.seconds(5)

    /// What all signals ask for, before they become one count.
    private struct Asked {
        /// Of signals that do not measure a demand, and of all where the policy takes the largest or smallest.
        var counts: [Int] = []
        /// Fractional replicas with their weights, where the policy adds or averages.
        var demands: [(signal: String, demand: Double, weight: Double)] = []
        /// What a latency far below its objective would accept.
        var objections: [Int] = []
        /// Not to be trusted, so that nothing is removed.
        var holding: [String] = []
    }

    /// Lets every signal propose, combines the proposals, and holds where a signal is not to be trusted.
    mutating func weigh(_ measurement: Measurement, _ memory: inout ScalingMemory) {
        let belongs = measurement.policy == policy.name && measurement.workload == policy.workload
        var asked = Asked()
        for signal in policy.signals {
            let measured = belongs ? measurement.signals.first { $0.name == signal.name } : nil
            switch trust(signal, measured?.reading ?? .missing, memory) {
            case .untrusted(let why, let distrust, let until):
                note(.untrusted, signal.name, why, count: current, until: until)
                if distrust == .hold {
                    asked.holding.append(signal.name)
                    activity.isUnknown = true
                }
                fallBack(signal, memory, &asked)
            case .trusted(let value):
                propose(signal, value, measurement, memory, &asked)
            }
            remember(signal, measured?.reading ?? .missing, &memory)
        }
        // Where another signal says how much is needed, a latency well below its objective has nothing to
        // add.
        if asked.counts.isEmpty, asked.demands.isEmpty { asked.counts = asked.objections }
        combine(asked)
        self.asked = count
    }

    private mutating func propose(
        _ written: SignalPolicy, _ value: Double, _ measurement: Measurement, _ memory: ScalingMemory,
        _ asked: inout Asked
    ) {
        let measured = measurement.signals.first { $0.name == written.name }
        let coverage = measured.flatMap { share(of: $0, memory) }
        let (signal, isLearned) = learned(written, memory)
        var proposal = Proposal(signal, value, counts: counts, current: current, policy: policy)
        var most: Int?
        if let bound = mostBesideLearned(signal, measurement, memory), proposal.count > bound {
            proposal.count = bound
            most = bound
        }
        if signal.isActive(value) { activity.active = activity.active ?? signal.name }
        let (noted, ready) = (proposal, counts.ready)
        note(
            proposal.calm == nil ? .signal : .tolerance, signal.name,
            noted.text(signal, value, ready: ready) + (isLearned ? " (learned)" : "")
                + (most.map { "; more than \($0) would not mend it" } ?? ""),
            count: proposal.count)
        if let coverage, let rule = policy.partial, coverage < 0.9999, proposal.count < current {
            guard let completed = complete(signal, value, coverage, rule) else {
                asked.holding.append(signal.name)
                activity.isUnknown = true
                return add(proposal, signal, &asked)
            }
            proposal = completed
        }
        add(proposal, signal, &asked)
    }

    /// A signal that could not be trusted for some time asks for a fixed count, and never for less than there is.
    private mutating func fallBack(_ signal: SignalPolicy, _ memory: ScalingMemory, _ asked: inout Asked) {
        guard let fallback = policy.fallback else { return }
        let seen = memory.signal(signal.name)?.at
        guard seen.map({ now - $0 >= fallback.after }) ?? true else { return }
        let count = max(current, min(fallback.replicas, Replicas.limit))
        let silence = seen.map { (now - $0).prometheusText } ?? "ever"
        note(
            .fallback, signal.name, "no data for \(silence): at least \(fallback.replicas)", count: count)
        asked.counts.append(count)
    }

    private func add(_ proposal: Proposal, _ signal: SignalPolicy, _ asked: inout Asked) {
        let isAdded = policy.combination == .sum || policy.combination == .mean
        if proposal.isNoObjection {
            asked.objections.append(proposal.count)
        } else if isAdded, let demand = proposal.demand, demand.isFinite {
            asked.demands.append((signal.name, demand, signal.weight ?? 1))
        } else {
            asked.counts.append(proposal.count)
        }
    }

    /// A removal of replicas explains for so long that series have ended.
    static let removalSpan = SeriesPresence.reach + .seconds(300)

    /// No replica carries exactly its share of the load: what those that were removed told may be so much more.
    private static let removalSlack = 0.1

    /// The share of a reading that is there; nil where all is. That series ended is no loss where as many replicas were
    /// removed: theirs are among them.
    private func share(of measured: Signal, _ memory: ScalingMemory) -> Double? {
        guard let kept = measured.kept, kept < 1 else { return measured.coverage }
        var (count, most) = (current, current)
        for change in memory.changes(within: Self.removalSpan, of: now).reversed() {
            count += change.from - change.to
            most = max(most, count)
        }
        if current > 0, most > current, kept * Double(most) >= Double(current) * (1 - Self.removalSlack) {
            return measured.coverage
        }
        return min(kept, measured.coverage ?? 1)
    }

    /// What a reading of a share of the sources says about less: the others count as if they were like those that
    /// report. Nil where nothing may be removed.
    private mutating func complete(
        _ signal: SignalPolicy, _ value: Double, _ coverage: Double, _ rule: ScalingPolicy.PartialRule
    ) -> Proposal? {
        let share = SignalPolicy.Unit.share.text(coverage)
        guard coverage >= rule.above, coverage > 0 else {
            note(
                .partial, signal.name,
                "only \(share) of its sources report in full; below \(SignalPolicy.Unit.share.text(rule.above)) "
                    + "nothing is removed", count: current)
            return nil
        }
        let isTotal =
            switch signal.target {
            case .perReplica, .backlog: true
            case .mean, .objective, .steps: false
            }
        if isTotal { reported[signal.name] = coverage }
        let completed = Proposal(
            signal, isTotal ? value / coverage : value, counts: counts, current: current, policy: policy)
        let most = max(1, Replicas.within(Double(current) * rule.scaleDown))
        let lowest = max(floor, current - min(current, most))
        floor = lowest
        note(
            .partial, signal.name,
            "\(share) of its sources report in full; with the others like them \(completed.count), and at most "
                + "\(most) are removed at once", count: max(completed.count, lowest))
        return completed
    }

    /// What the signals that are not predicted add to a forecast; as little as is tolerated adds nothing.
    private mutating func besidePredicted(_ asked: Asked) {
        guard let prediction = policy.prediction else { return }
        let others = asked.demands.reduce(0) { $0 + ($1.signal == prediction.signal ? 0 : $1.demand) }
        beside = others > Double(current) * policy.behaviour.up.tolerance ? others : 0
    }

    private mutating func combine(_ asked: Asked) {
        guard let chosen = chosen(asked) else {
            count = current
            return note(.held, "signals", "no signal can be trusted; the count stays")
        }
        count = chosen < current ? max(chosen, min(floor, current)) : chosen
        guard !asked.holding.isEmpty, chosen < current else { return }
        count = current
        note(
            .held, "signals",
            "\(asked.holding.joined(separator: ", ")): not to be trusted, so nothing is removed; the others ask for \(chosen)"
        )
    }

    private mutating func chosen(_ asked: Asked) -> Int? {
        switch policy.combination {
        case nil, .max: return asked.counts.max()
        case .min:
            guard let least = asked.counts.min() else { return nil }
            if asked.counts.count > 1 { note(.combined, "min", "the smallest counts", count: least) }
            return least
        case .sum, .mean:
            guard !asked.demands.isEmpty else { return asked.counts.max() }
            let isSum = policy.combination == .sum
            let total = asked.demands.reduce(0) { $0 + $1.demand * (isSum ? 1 : $1.weight) }
            if isSum { besidePredicted(asked) }
            let weight = isSum ? 1 : asked.demands.reduce(0) { $0 + $1.weight }
            let proposal = Proposal(
                demand: total / weight, base: current, current: current, policy: policy)
            let number = SignalPolicy.Unit.plain.text(total / weight)
            note(
                .combined, isSum ? "sum" : "mean",
                "\(asked.demands.count) demands are \(number) replicas together"
                    + (proposal.calm == nil ? "" : ": tolerated"), count: proposal.count)
            return max(proposal.count, asked.counts.max() ?? 0)
        }
    }
}

extension Signal.Outlook {
    func text(_ unit: SignalPolicy.Unit) -> String {
        "\(SignalPolicy.Unit.share.text(quantile)) of peaks within \(horizon.prometheusText) stay below "
            + "\(unit.text(peak)) (\(model))"
    }
}
