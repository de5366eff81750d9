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
        if !isUp, isForeseen, isForesightProven, direction.isLimitAssumed == true { return }
        guard limit != .blocked else {
            count = current
            return note(.rateLimited, subject, "the policy does not allow \(subject)")
        }
        let takesFarthest = if case .largest = limit { true } else { false }
        let farther: (Int, Int) -> Bool = isUp == takesFarthest ? { $0 > $1 } : { $0 < $1 }
        let options = limit.rates.map {
            (rate: $0, reach: allowed(by: $0, from: start(of: $0, memory), isUp: isUp))
        }
        var farthest = options[0].reach
        for option in options where farther(option.reach, farthest) { farthest = option.reach }
        // A limit never forces a move against the direction.
        let reach = isUp ? max(current, farthest) : min(current, max(0, farthest))
        guard isUp ? count > reach : count < reach else { return }
        let asked = count
        count = reach
        guard explains else { return }
        // Any of the rates lets the count go on, or the last one does.
        let lifts = limit.rates.map { lift(of: $0, isUp: isUp, memory) }
        let until = takesFarthest ? lifts.min() : lifts.max()
        let equals = options.filter { $0.reach == farthest }
        // Of equals the one that lets it go on then, and the first of those.
        let named = equals.first { lift(of: $0.rate, isUp: isUp, memory) == until } ?? equals[0]
        note(
            .rateLimited, subject, "\(named.rate.text) allows \(reach), \(asked) were asked for",
            until: until)
    }

    /// When a rate lets the count go beyond what is decided now.
    private func lift(of rate: VelocityLimit.Rate, isUp: Bool, _ memory: ScalingMemory) -> Timestamp {
        let changes = memory.changes(within: rate.period, of: now)
        var start = start(of: rate, memory)
        func isBeyond() -> Bool {
            let reach = allowed(by: rate, from: start, isUp: isUp)
            return isUp ? reach > count : reach < count
        }
        if isBeyond() { return now }
        for change in changes {
            start += change.to - change.from
            if isBeyond() { return change.at + rate.period }
        }
        return now + rate.period
    }

    func isCoolingDown(_ direction: ScalingBehaviour.Direction, _ memory: ScalingMemory) -> Bool {
        guard let cooldown = direction.cooldown, let changedAt = memory.changedAt else { return false }
        return changedAt <= now && now - changedAt < cooldown
    }

    /// The count at the beginning of a rate's period: what was added since is taken away and what was removed is added
    /// back, whatever the direction, as HorizontalPodAutoscaler does.
    private func start(of rate: VelocityLimit.Rate, _ memory: ScalingMemory) -> Int {
        memory.changes(within: rate.period, of: now).reduce(current) { $0 - ($1.to - $1.from) }
    }

    /// The count that a rate allows from one at the beginning of its period.
    private func allowed(by rate: VelocityLimit.Rate, from start: Int, isUp: Bool) -> Int {
        let start = max(0, min(start, Replicas.limit))
        switch (rate.amount, isUp) {
        case (.replicas(let step), true): return start + max(0, min(step, Replicas.limit))
        case (.replicas(let step), false): return start - max(0, min(step, Replicas.limit))
        case (.share(let share), true):
            return max(start + 1, Replicas.covering(Double(start) * (1 + share)))
        case (.share(let share), false):
            return min(start - 1, Replicas.within(Double(start) * (1 - share)))
        }
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
