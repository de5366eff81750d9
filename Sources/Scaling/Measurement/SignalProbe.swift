import PromQL
import TimeSeries

/// Reads signals at one moment.
///
/// A signal is as old as the newest sample of that selector of its query whose newest sample is oldest: a
/// quotient of a fresh and a dead series is not fresh. `timestamp()` of the selector tells it, which costs an
/// instant lookup and needs nothing of the engine that Prometheus' API does not offer.
struct SignalProbe {
    private let engine: any QueryEngine
    private let now: Timestamp
    private var values: [String: Signal.Reading] = [:]
    private var ages: [String: Timestamp?] = [:]
    /// Where a range still yields a value but no sample is within reach, the newest is at least so old.
    private static let lookback = Duration.seconds(300)

    init(engine: any QueryEngine, now: Timestamp) {
        self.engine = engine
        self.now = now
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
            return .value(value, measuredAt: try await newestSample(of: expression))
        } catch {
            return .failed(error.message)
        }
    }

    private static let limits = QueryLimits(timeout: .seconds(10))

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

    private mutating func newestSample(of selector: VectorSelector) async throws(QueryError) -> Timestamp? {
        var plain = selector
        plain.offset = nil
        plain.at = nil
        plain.rangeExtension = nil
        let text = "max(timestamp(\(plain.description)))"
        if let known = ages[text] { return known }
        let result = try await engine.evaluate(try Expression.parse(text), at: now, limits: Self.limits)
        var newest: Timestamp?
        if case .success(let seconds?) = Self.single(result.value) { newest = Timestamp(seconds: seconds) }
        ages[text] = .some(newest)
        return newest
    }
}
