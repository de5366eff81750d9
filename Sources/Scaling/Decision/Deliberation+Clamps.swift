import TimeSeries

extension Deliberation {
    /// Moves only as far as every recommendation within the window of the direction agrees. The present count
    /// is clamped into [lowest of the up window, highest of the down window], so that a window can delay a
    /// move and never cause one (kubernetes#96671).
    mutating func stabilise(_ memory: inout ScalingMemory) {
        let up = policy.behaviour.up.window
        let down = policy.behaviour.down.window
        if memory.isFresh {
            // A controller that knows no past takes the present count for a recommendation.
            memory.recommend(current, at: now, upWindow: up, downWindow: down)
        }
        memory.recommend(count, at: now, upWindow: up, downWindow: down)
        guard let lowest = memory.minima.first, let highest = memory.maxima.first else { return }
        let asked = count
        // The forecast knows what will be needed again; the past is the guess of those who have none.
        count = isForeseen && asked < current ? asked : max(lowest.count, min(current, highest.count))
        if policy.idleAfter != nil {
            // The first replica waits for no window, and the idle time stands in for the window before the last leaves.
            if current == 0 { count = max(count, min(1, asked)) }
            if isIdle, asked == 0 { count = 0 }
        }
        if asked < count {
            note(
                .stabilised, "scale-down",
                "within the last \(down.prometheusText) up to \(highest.count) were needed",
                until: highest.at + down)
        } else if asked > count {
            note(
                .stabilised, "scale-up",
                "within the last \(up.prometheusText) as few as \(lowest.count) were needed",
                until: lowest.at + up)
        }
    }

    /// Keeps the change within what the velocity limit leaves of its period.
    mutating func limitVelocity(_ memory: ScalingMemory) {
        guard count != current else { return }
        let isUp = count > current
        let direction = isUp ? policy.behaviour.up : policy.behaviour.down
        let limit = direction.limit
        let subject = isUp ? "scale-up" : "scale-down"
        if isCoolingDown(direction, memory), let cooldown = direction.cooldown,
            let changedAt = memory.changedAt
        {
            count = current
            return note(
                .rateLimited, subject, "the count changed less than \(cooldown.prometheusText) ago",
                until: changedAt + cooldown)
        }
        guard limit != .none else { return }
        guard limit != .blocked else {
            count = current
            return note(.rateLimited, subject, "the policy does not allow \(subject)")
        }
        let options = limit.rates.map { (rate: $0, reach: reach(of: $0, isUp: isUp, memory)) }
        let takesFarthest = if case .largest = limit { true } else { false }
        // The first of equals, so that the text does not depend on chance.
        let farther: (Int, Int) -> Bool = isUp == takesFarthest ? { $0 > $1 } : { $0 < $1 }
        var chosen = options[0]
        for option in options.dropFirst() where farther(option.reach, chosen.reach) { chosen = option }
        guard isUp ? count > chosen.reach : count < chosen.reach else { return }
        let asked = count
        count = chosen.reach
        let first = memory.changes(within: chosen.rate.period, of: now).first { ($0.to > $0.from) == isUp }
        note(
            .rateLimited, subject, "\(chosen.rate.text) allows \(chosen.reach), \(asked) were asked for",
            until: (first?.at ?? now) + chosen.rate.period)
    }

    func isCoolingDown(_ direction: ScalingBehaviour.Direction, _ memory: ScalingMemory) -> Bool {
        guard let cooldown = direction.cooldown, let changedAt = memory.changedAt else { return false }
        return changedAt <= now && now - changedAt < cooldown
    }

    /// The count that a rate allows now: counted from the count at the beginning of the period, never against
    /// the direction.
    private func reach(of rate: VelocityLimit.Rate, isUp: Bool, _ memory: ScalingMemory) -> Int {
        var start = current
        for change in memory.changes(within: rate.period, of: now) { start -= change.to - change.from }
        start = max(0, min(start, Replicas.limit))
        let reach: Int
        switch (rate.amount, isUp) {
        case (.replicas(let step), true): reach = start + max(0, min(step, Replicas.limit))
        case (.replicas(let step), false): reach = start - max(0, min(step, Replicas.limit))
        case (.share(let share), true): reach = max(start + 1, Replicas.covering(Double(start) * (1 + share)))
        case (.share(let share), false): reach = min(start - 1, Replicas.within(Double(start) * (1 - share)))
        }
        return isUp ? max(current, reach) : min(current, max(0, reach))
    }

    /// Keeps a count that has changed too often from being lowered.
    mutating func spendFlapBudget(_ memory: ScalingMemory) {
        guard count < current, let budget = policy.behaviour.flapBudget, budget.changes > 0 else { return }
        let spent = memory.changes(within: budget.period, of: now)
        guard spent.count >= budget.changes else { return }
        count = current
        let deciding = spent[spent.endIndex - budget.changes]
        note(
            .flapBudget, "changes",
            "\(spent.count) changes within \(budget.period.prometheusText), \(budget.changes) are allowed",
            until: deciding.at + budget.period)
    }
}

extension VelocityLimit.Rate {
    var text: String {
        switch amount {
        case .replicas(let count): "\(count) per \(period.prometheusText)"
        case .share(let share): "\(SignalPolicy.Unit.share.text(share)) per \(period.prometheusText)"
        }
    }
}
