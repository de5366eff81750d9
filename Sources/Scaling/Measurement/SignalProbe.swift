import PromQL
import TimeSeries

/// Reads signals at one moment.
///
/// A signal is as old as the newest sample of that selector of its query whose newest sample is oldest: a
/// quotient of a fresh and a dead series is not fresh. `timestamp()` of the selector tells it, which costs an
/// instant lookup and needs nothing of the engine that Prometheus' API does not offer.
struct SignalProbe {
    let engine: any QueryEngine
    let now: Timestamp
    /// What earlier probes saw, and what this one adds.
    var presence: Presence
    /// By selector.
    var standings: [String: SeriesPresence.Standing] = [:]
    /// By query of which no new samples come, though nothing says that they have ended: until when it is whole.
    var pauses: [String: Timestamp] = [:]
    private var values: [String: Signal.Reading] = [:]
    private var ages: [String: Timestamp?] = [:]
    private var coverages: [String: Double?] = [:]
    /// Where a range still yields a value but no sample is within reach, the newest is at least so old.
    static let lookback = Duration.seconds(300)

    init(engine: any QueryEngine, now: Timestamp, presence: Presence) {
        self.engine = engine
        self.now = now
        self.presence = presence
    }

    mutating func read(_ query: String, staleAfter: Duration) async -> Signal.Reading {
        if values[query] == nil { values[query] = await evaluate(query) }
        guard case .value(let value, let measuredAt)? = values[query] else {
            return values[query] ?? .missing
        }
        return now - measuredAt > staleAfter
            ? .stale(value, measuredAt: measuredAt) : .value(value, measuredAt: measuredAt)
    }

    private mutating func evaluate(_ query: String) async -> Signal.Reading {
        do {
            let expression = try Expression.parse(query)
            let result = try await engine.evaluate(expression, at: now, limits: Self.limits)
            let value: Double
            switch Self.single(result.value) {
            case .success(let number?): value = number
            case .success(nil): return .missing
            case .failure(let problem): return .failed(problem.message)
            }
            guard value.isFinite else { return .notFinite }
            let newest = try await newestSample(of: expression)
            return .value(await unfaded(value, of: expression, query), measuredAt: newest)
        } catch {
            return .failed(error.message)
        }
    }

    /// The share of the targets that answered their last scrape, of those that a selector's conditions find in `up`, or
    /// failing that its conditions on labels that discovery gives; nil where all did, or where no target is known. For
    /// series that no target exposes themselves, such as what rules record.
    mutating func coverage(_ selector: VectorSelector) async -> Double? {
        let conditions = selector.matchers.filter { $0.name != "__name__" }
        let known = conditions.filter { Self.targetLabels.contains($0.name) }
        var found = conditions.isEmpty ? nil : await share(up: conditions)
        if found == nil, !known.isEmpty, known.count < conditions.count { found = await share(up: known) }
        return found.flatMap { $0 < 1 ? $0 : nil }
    }

    private static let targetLabels: Set = ["job", "instance", "workload", "node", "zone", "cluster"]

    private mutating func share(up conditions: [Matcher]) async -> Double? {
        let text = "avg(up{" + conditions.map(\.description).joined(separator: ",") + "})"
        if let known = coverages[text] { return known }
        var share: Double?
        if let expression = try? Expression.parse(text),
            let result = try? await engine.evaluate(expression, at: now, limits: Self.limits),
            case .success(let value?) = Self.single(result.value), value.isFinite
        {
            share = value
        }
        coverages[text] = .some(share)
        return share
    }

    /// The elements of a query's vector; nil where it fails or yields something else.
    func elements(of query: String, at moment: Timestamp? = nil) async -> [VectorElement]? {
        guard let expression = try? Expression.parse(query),
            let result = try? await engine.evaluate(expression, at: moment ?? now, limits: Self.limits),
            case .vector(let elements) = result.value
        else { return nil }
        return elements
    }

    static let limits = QueryLimits(timeout: .seconds(10))

    /// The one number that a query yields; 0 for an empty result, nil where it fails.
    func number(_ query: String, at moment: Timestamp? = nil) async -> Double? {
        guard let expression = try? Expression.parse(query),
            let result = try? await engine.evaluate(expression, at: moment ?? now, limits: Self.limits),
            case .success(let value) = Self.single(result.value)
        else { return nil }
        return value ?? 0
    }

    /// The series that a query yielded over a range; none where it fails.
    func matrix(_ query: String, over range: EvaluationRange) async -> [MatrixSeries] {
        guard let expression = try? Expression.parse(query),
            let result = try? await engine.evaluate(expression, over: range, limits: Self.limits),
            case .matrix(let series) = result.value
        else { return [] }
        return series
    }

    struct NotSingle: Error { var message: String }

    /// The one number of a result; nil for an empty one.
    static func single(_ value: QueryValue) -> Result<Double?, NotSingle> {
        switch value {
        case .scalar(let number): return .success(number)
        case .string: return .failure(NotSingle(message: "the query yields text, not a number"))
        case .matrix: return .failure(NotSingle(message: "the query yields a range, not a number"))
        case .vector(let elements):
            guard elements.count <= 1 else {
                return .failure(
                    NotSingle(
                        message: "the query yields \(elements.count) series; one is needed, "
                            + "as an aggregation such as sum() makes it"))
            }
            guard let element = elements.first else { return .success(nil) }
            guard let number = element.value else {
                return .failure(NotSingle(message: "the query yields a histogram, not a number"))
            }
            return .success(number)
        }
    }

    private mutating func newestSample(of expression: Expression) async throws(QueryError) -> Timestamp {
        var oldest = now
        var isFirst = true
        for selector in expression.selectors {
            let newest = try await newestSample(of: selector) ?? now - Self.lookback
            oldest = isFirst ? newest : min(oldest, newest)
            isFirst = false
        }
        return oldest
    }

    /// Nil where none is within reach.
    mutating func newestSample(of selector: VectorSelector) async throws(QueryError) -> Timestamp? {
        let text = "max(timestamp(\(selector.plain)))"
        if let known = ages[text] { return known }
        let result = try await engine.evaluate(try Expression.parse(text), at: now, limits: Self.limits)
        var newest: Timestamp?
        if case .success(let seconds?) = Self.single(result.value) { newest = Timestamp(seconds: seconds) }
        ages[text] = .some(newest)
        return newest
    }
}
