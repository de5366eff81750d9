import PromQL
import TimeSeries

/// While a sender pauses nothing marks its series as ended, and what `rate()` and its kin yield of them fades with every
/// moment in which no sample comes.
extension SignalProbe {
    /// How far apart the samples of a selector were when that was looked up.
    struct Spacing {
        var value: Duration?
        var lookedUpAt: Timestamp

        func holds(at now: Timestamp) -> Bool {
            // Of series that have just begun there are too few samples to tell.
            let isSure = value.map { $0 <= .seconds(60) } == true
            let validity = isSure ? Duration.seconds(300) : .seconds(15)
            return now >= lookedUpAt && now - lookedUpAt < validity
        }
    }

    /// The value of a query, where of each selector whose next sample is overdue counts what it was at its newest one.
    mutating func unfaded(_ value: Double, of expression: Expression, _ query: String) async -> Double {
        var overdue: [String: Timestamp] = [:]
        for selector in expression.selectors {
            guard let newest = try? await newestSample(of: selector), newest < now,
                let spacing = await spacing(of: selector, at: newest), now - newest > spacing
            else { continue }
            overdue[selector.plain] = newest
            let isWholeUntil = newest + spacing + .milliseconds(spacing.milliseconds / 2)
            pauses[query] = min(pauses[query] ?? isWholeUntil, isWholeUntil)
        }
        guard !overdue.isEmpty else { return value }
        let fixed = expression.fixed { $0.compactMap { overdue[$0.plain] }.min() }
        guard let result = try? await engine.evaluate(fixed, at: now, limits: Self.limits),
            case .success(let whole?) = Self.single(result.value), whole.isFinite
        else { return value }
        return whole
    }

    /// Of the series whose samples are closest to each other; nil where there are too few to tell.
    private mutating func spacing(of selector: VectorSelector, at newest: Timestamp) async -> Duration? {
        let plain = selector.plain
        if let known = presence.spacings[plain], known.holds(at: now) { return known.value }
        var found: Duration?
        // The shorter range suffices for most, and has fewer samples.
        for (seconds, enough) in [(60, 4.0), (300, 2.0)] where found == nil {
            let count = await number("max(count_over_time(\(plain)[\(seconds)s]))", at: newest)
            if let count, count >= enough { found = .milliseconds(Int64(Double(seconds * 1000) / count)) }
        }
        presence.spacings[plain] = Spacing(value: found, lookedUpAt: now)
        return found
    }
}
