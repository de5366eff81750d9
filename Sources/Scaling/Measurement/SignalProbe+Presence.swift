import PromQL
import TimeSeries

extension SignalProbe {
    /// What earlier probes saw of selectors and targets, and what this one adds.
    struct Presence {
        var targets = TargetStates()
        /// By selector.
        var selectors: [String: SeriesPresence] = [:]
        /// By selector.
        var spacings: [String: Spacing] = [:]
    }

    /// What is missing behind a query: targets that did not answer their last scrape, and series that ended in targets
    /// that did. Of several selectors the worst counts.
    mutating func standing(of query: String) async -> SeriesPresence.Standing {
        guard let expression = try? Expression.parse(query) else { return SeriesPresence.Standing() }
        let counters = expression.counters
        let ranged = expression.ranged
        let windows = expression.increaseWindows
        var worst = SeriesPresence.Standing()
        for selector in expression.selectors {
            let plain = selector.plain
            var standing = standings[plain]
            // Another query of this selector may have asked for another range of it.
            if let window = windows[plain], presence.selectors[plain]?.knows(window) != true {
                standing = nil
            }
            if standing == nil {
                standing = await look(
                    plain, isCounter: counters.contains(plain), isRanged: ranged.contains(plain),
                    window: windows[plain])
                if standing?.isScraped == false { standing?.coverage = await coverage(selector) }
                standings[plain] = standing
            }
            if let share = standing?.coverage { worst.coverage = min(worst.coverage ?? 1, share) }
            if let share = standing?.kept { worst.kept = min(worst.kept ?? 1, share) }
            if let doubted = standing?.doubted, doubted.last?.kept ?? 1 < worst.doubted.last?.kept ?? 1 {
                worst.doubted = doubted
            }
        }
        return worst
    }

    /// Nil where it cannot be told.
    private mutating func look(
        _ plain: String, isCounter: Bool, isRanged: Bool, window: Duration?
    ) async -> SeriesPresence.Standing? {
        // Taken out and not copied: it may hold many series.
        let known = presence.selectors.removeValue(forKey: plain)
        guard let here = await number(count(of: plain, freshFor: known?.freshFor)) else {
            presence.selectors[plain] = known
            return nil
        }
        var found = known ?? SeriesPresence(isCounter: isCounter, isRanged: isRanged)
        found.ask(of: window, at: now)
        if known == nil { await recall(plain, &found) }
        if found.isDue(here, at: now) {
            await readTargets(becauseOfLoss: found.hasLost(here))
            if let series = await self.found(plain, here, found) {
                found.note(series, at: now, targets: presence.targets)
                if found.standing.kept != nil, found.missesEnded, !found.knowsHabits {
                    await recallHabits(plain, here, &found)
                }
            }
        }
        presence.selectors[plain] = found
        return found.standing
    }

    /// Of a selector whose samples have to be fresh only those series count of which they are.
    private func count(of plain: String, freshFor: Duration?) -> String {
        freshFor.map { "count(timestamp(\(plain)) >= \((now - $0).seconds))" } ?? "count(\(plain))"
    }

    private func found(_ plain: String, _ here: Double, _ known: SeriesPresence) async -> SeriesPresence
        .Found?
    {
        // Of those whose samples are overdue it is still to be seen when the newest one came.
        guard here > 0 || known.freshFor != nil else {
            return SeriesPresence.Found(elements: [], count: here)
        }
        guard let elements = await elements(of: plain) else { return nil }
        var found = SeriesPresence.Found(elements: elements, count: here)
        guard known.isRanged, let times = await self.elements(of: "timestamp(\(plain))") else { return found }
        for element in times {
            guard let seconds = element.value, let sampledAt = Timestamp(seconds: seconds) else { continue }
            found.sampledAt[element.labels] = max(found.sampledAt[element.labels] ?? sampledAt, sampledAt)
        }
        for window in known.unknownWindows(at: now) {
            let times = await self.elements(of: "timestamp(\(plain))", at: now - window)
            found.startedAt[window] = times.map { times in
                Dictionary(
                    times.compactMap { element in
                        element.value.flatMap { Timestamp(seconds: $0) }.map { (element.labels, $0) }
                    }, uniquingKeysWith: max)
            }
        }
        if known.needsSpacings(at: now) { found.spacings = await spacings(of: plain, elements.count) }
        return found
    }

    /// How far apart the samples of each series are. The shorter range suffices for most, and has fewer samples.
    private func spacings(of plain: String, _ count: Int) async -> [Labels: Duration] {
        var found: [Labels: Duration] = [:]
        for seconds in [60, 300] {
            let counts = await elements(of: "count_over_time(\(plain)[\(seconds)s])") ?? []
            for element in counts where found[element.labels] == nil {
                guard let samples = element.value, samples >= 4 else { continue }
                found[element.labels] = .milliseconds(Int64(Double(seconds * 1000) / samples))
            }
            if found.count >= count { break }
        }
        return found
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
        series.recall(
            await matrix(plain, over: hour), step: SeriesPresence.resolution, since: hour.start
        ) { _ in true }
    }

    /// Once something is missed, what the store says of how series came and went for a day, unless that is too much.
    private func recallHabits(_ plain: String, _ here: Double, _ series: inout SeriesPresence) async {
        let day = EvaluationRange(start: now - .seconds(86_400), end: now, step: .seconds(180))
        let found = here * Double(day.stepCount) < Self.mostRecalled ? await matrix(plain, over: day) : []
        series.recallHabits(found, over: day, at: now, targets: presence.targets)
    }

    /// In values.
    private static let mostRecalled = 2e6
}

extension Expression {
    /// The longest ranges over which increases are asked for, by `VectorSelector.plain`: of these a part tells less than
    /// the whole.
    fileprivate var increaseWindows: [String: Duration] {
        var found: [String: Duration] = [:]
        walk { node in
            guard case .call(let call) = node, [.rate, .increase].contains(call.function) else { return }
            for argument in call.arguments {
                guard case .matrix(let matrix) = argument,
                    let window = try? matrix.window.milliseconds(
                        step: .seconds(1), range: .zero, positive: true)
                else { continue }
                let plain = matrix.selector.plain
                found[plain] = max(found[plain] ?? .zero, .milliseconds(window))
            }
        }
        return found
    }

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

    /// Those of ranges.
    fileprivate var ranged: Set<String> {
        var found: Set<String> = []
        walk { node in
            if case .matrix(let matrix) = node { found.insert(matrix.selector.plain) }
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
