import PromQL
import TimeSeries

extension SignalProbe {
    /// What earlier probes saw of selectors and targets, and what this one adds.
    struct Presence {
        var targets = TargetStates()
        /// By selector.
        var selectors: [String: SeriesPresence] = [:]
    }

    /// What is missing behind a query: targets that did not answer their last scrape, and series that ended in targets
    /// that did. Of several selectors the worst counts.
    mutating func standing(of query: String) async -> SeriesPresence.Standing {
        guard let expression = try? Expression.parse(query) else { return SeriesPresence.Standing() }
        let counters = expression.counters
        var worst = SeriesPresence.Standing()
        for selector in expression.selectors {
            let plain = selector.plain
            var standing = standings[plain]
            if standing == nil {
                standing = await look(plain, isCounter: counters.contains(plain))
                if standing?.isScraped == false { standing?.coverage = await coverage(selector) }
                standings[plain] = standing
            }
            if let share = standing?.coverage { worst.coverage = min(worst.coverage ?? 1, share) }
            if let share = standing?.kept { worst.kept = min(worst.kept ?? 1, share) }
        }
        return worst
    }

    /// Nil where it cannot be told.
    private mutating func look(_ plain: String, isCounter: Bool) async -> SeriesPresence.Standing? {
        guard let here = await number("count(\(plain))") else { return nil }
        // Taken out and not copied: it may hold many series.
        var known = presence.selectors.removeValue(forKey: plain)
        if known == nil {
            var new = SeriesPresence(isCounter: isCounter)
            await recall(plain, &new)
            known = new
        }
        guard var found = known else { return nil }
        if found.isDue(here, at: now) {
            await readTargets(becauseOfLoss: found.hasLost(here))
            if let series = here > 0 ? await elements(of: plain) : [] {
                found.note(series, at: now, targets: presence.targets)
            }
        }
        presence.selectors[plain] = found
        return found.standing
    }

    private static let targets = "max by (job, instance) (up)"

    private mutating func readTargets(becauseOfLoss: Bool) async {
        guard presence.targets.isDue(at: now, becauseOfLoss: becauseOfLoss),
            let found = await elements(of: Self.targets)
        else { return }
        presence.targets.note(found, at: now)
    }

    /// After a restart, what the store says about the time before: of all series for an hour, and of those whose targets
    /// are down now for a day, since these are missed until they answer.
    private mutating func recall(_ plain: String, _ series: inout SeriesPresence) async {
        let hour = EvaluationRange(
            start: now - SeriesPresence.reach, end: now, step: SeriesPresence.resolution)
        if !presence.targets.wasRecalled {
            presence.targets.recall(await matrix(Self.targets, over: hour), at: now)
        }
        await readTargets(becauseOfLoss: true)
        let targets = presence.targets
        if targets.hasDown {
            let step = Duration.seconds(600)
            let day = EvaluationRange(start: now - .seconds(86_400), end: now, step: step)
            series.recall(await matrix(plain, over: day), step: step) { targets.state(of: $0) == .down }
        }
        series.recall(await matrix(plain, over: hour), step: SeriesPresence.resolution) { _ in true }
    }
}

extension Expression {
    /// The selectors of counters, as `VectorSelector.plain`: those whose increase the expression takes.
    fileprivate var counters: Set<String> {
        var found: Set<String> = []
        walk { node in
            guard case .call(let call) = node, [.rate, .irate, .increase].contains(call.function) else {
                return
            }
            for selector in call.arguments.flatMap(\.selectors) { found.insert(selector.plain) }
        }
        return found
    }
}

extension VectorSelector {
    /// As it would be without offset, `@` and range.
    var plain: String {
        var copy = self
        copy.offset = nil
        copy.at = nil
        copy.rangeExtension = nil
        return copy.description
    }
}
