import PromQL
import TimeSeries

extension SignalProbe {
    /// The share of the series behind a query that are left of those that were there within the last ten minutes; nil
    /// where none has ended. Only series count whose target answers its scrapes all the same: where a target has gone,
    /// its series were to end.
    mutating func kept(_ query: String) async -> Double? {
        guard let expression = try? Expression.parse(query) else { return nil }
        var least: Double?
        for selector in expression.selectors {
            if let share = await kept(selector) { least = min(least ?? 1, share) }
        }
        return least
    }

    private mutating func kept(_ selector: VectorSelector) async -> Double? {
        let plain = selector.plain
        if let known = keptShares[plain] { return known }
        let share = await share(of: selector, plain)
        keptShares[plain] = .some(share)
        return share
    }

    private mutating func share(of selector: VectorSelector, _ plain: String) async -> Double? {
        guard let here = await number("count(\(plain))") else { return nil }
        if !presence.knows(plain) { await recall(plain) }
        presence.note(here, of: plain, at: now)
        // As many as ever, or none at all, which is no reading.
        guard here > 0, let most = presence.most(of: plain), here < most else { return nil }
        let ended: Double
        if let known = presence.ended(of: plain, here: here, at: now) {
            ended = known
        } else {
            ended = await self.ended(selector, plain)
            presence.note(ended: ended, of: plain, here: here, at: now)
        }
        let missing = min(most - here, ended)
        return missing > 0 ? here / (here + missing) : nil
    }

    /// How many series ended lately whose targets are up.
    private func ended(_ selector: VectorSelector, _ plain: String) async -> Double {
        let window = SeriesPresence.reach.prometheusText
        let conditions = selector.matchers.filter { Self.targetLabels.contains($0.name) }
        // What looks like a target's label may be the metric's own; the join is on these two, which never are.
        let certain = conditions.filter { ["job", "instance"].contains($0.name) }
        for matchers in certain == conditions ? [conditions] : [conditions, certain] {
            let up = "up{" + matchers.map(\.description).joined(separator: ",") + "} == 1"
            let count = await number(
                "count((present_over_time(\(plain)[\(window)]) unless \(plain)) and on (job, instance) (\(up)))"
            )
            if let count, count > 0 { return count }
        }
        return 0
    }

    /// After a restart, what the store says about the time before.
    private mutating func recall(_ plain: String) async {
        let range = EvaluationRange(
            start: now - SeriesPresence.reach, end: now, step: SeriesPresence.resolution)
        for sample in await numbers("count(\(plain))", over: range) {
            presence.note(sample.value, of: plain, at: sample.timestamp)
        }
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
