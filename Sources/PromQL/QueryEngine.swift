package import TimeSeries

/// The steps of an evaluation: one at `start`, then every `step` up to and including `end`.
package struct EvaluationRange: Hashable, Sendable {
    package var start: Timestamp
    package var end: Timestamp
    package var step: Duration
    /// Whether the result is wanted as of one moment (a vector) rather than over time (a matrix).
    package private(set) var isInstant = false

    package init(start: Timestamp, end: Timestamp, step: Duration) {
        self.start = start
        self.end = end
        self.step = step
    }

    /// A single moment.
    package static func instant(_ moment: Timestamp) -> EvaluationRange {
        var range = EvaluationRange(start: moment, end: moment, step: .milliseconds(1))
        range.isInstant = true
        return range
    }

    package var stepCount: Int {
        guard end >= start, step > .zero else { return 0 }
        return Int(min(.max - 1, (end - start).milliseconds / max(1, step.milliseconds))) + 1
    }
}

/// One element of an instant vector.
package struct VectorElement: Hashable, Sendable {
    package enum Number: Hashable, Sendable {
        case float(Double)
        case histogram(FloatHistogram)
    }

    package var labels: Labels
    package var number: Number

    package init(labels: Labels, number: Number) {
        self.labels = labels
        self.number = number
    }

    /// The float, or nil for a histogram.
    package var value: Double? { if case .float(let value) = number { value } else { nil } }
}

/// One row of a matrix: samples where there are any, ascending.
package struct MatrixSeries: Sendable {
    package var labels: Labels
    package var samples: [Sample]
    package var histograms: [(timestamp: Timestamp, histogram: FloatHistogram)]

    package init(
        labels: Labels, samples: [Sample],
        histograms: [(timestamp: Timestamp, histogram: FloatHistogram)] = []
    ) {
        self.labels = labels
        self.samples = samples
        self.histograms = histograms
    }
}

/// What a query yields, at the boundary of the engine. Inside, evaluation works on columns.
package enum QueryValue: Sendable {
    case scalar(Double)
    case string(String)
    /// At an instant; in the order in which the API shows it.
    case vector([VectorElement])
    case matrix([MatrixSeries])
}

/// A result with what a person should know about it, in Prometheus' words.
package struct QueryResult: Sendable {
    package var value: QueryValue
    package var warnings: [String]
    package var infos: [String]
    /// Samples that were decoded, each once.
    package var samplesRead: Int
    /// Where they were asked for and the engine can tell.
    package var samples: SampleStatistics?

    /// The samples part of `stats`, as Prometheus counts.
    package struct SampleStatistics: Sendable {
        /// What the selectors looked at in each step: one sample once for each step that sees it.
        package var perStep: [(at: Timestamp, count: Int)]
        /// The most samples that were held at a time.
        package var peak: Int

        package init(perStep: [(at: Timestamp, count: Int)], peak: Int) {
            self.perStep = perStep
            self.peak = peak
        }

        package var total: Int { perStep.reduce(0) { $0 + $1.count } }
    }

    package init(value: QueryValue, warnings: [String] = [], infos: [String] = [], samplesRead: Int = 0) {
        self.value = value
        self.warnings = warnings
        self.infos = infos
        self.samplesRead = samplesRead
    }
}

/// Prometheus' classes of query errors, the `errorType` of its API.
package struct QueryError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable {
        case badData = "bad_data", execution, timeout, canceled, internalError = "internal", unavailable
    }

    package var kind: Kind
    package var message: String
    /// Where in the query, 1-based, for parse errors.
    package var line: Int?
    package var column: Int?

    package init(_ kind: Kind, _ message: String, line: Int? = nil, column: Int? = nil) {
        self.kind = kind
        self.message = message
        self.line = line
        self.column = column
    }

    package var description: String {
        guard let line, let column else { return message }
        return "\(line):\(column): parse error: \(message)"
    }
}

/// What bounds one evaluation, and what it counts.
package struct QueryLimits: Hashable, Sendable {
    package var maxSamples: Int
    package var timeout: Duration
    package var lookback: Duration
    /// Whether the result tells what each step looked at; it takes a little time.
    package var countsSamples = false

    package init(
        maxSamples: Int = 50_000_000, timeout: Duration = .seconds(120), lookback: Duration = .seconds(300)
    ) {
        self.maxSamples = maxSamples
        self.timeout = timeout
        self.lookback = lookback
    }
}

/// What rules and scaling ask: the local engine, or an upstream over its HTTP API.
package protocol QueryEngine: Sendable {
    func evaluate(
        _ expression: Expression, over range: EvaluationRange, limits: QueryLimits
    ) async throws(QueryError) -> QueryResult
    /// The same with the plan and what each part of it cost; engines that cannot tell refuse.
    func explain(
        _ expression: Expression, over range: EvaluationRange, limits: QueryLimits
    ) async throws(QueryError) -> (result: QueryResult, explanation: QueryExplanation)
}

extension QueryEngine {
    package func evaluate(
        _ expression: Expression, at moment: Timestamp, limits: QueryLimits = QueryLimits()
    ) async throws(QueryError) -> QueryResult {
        try await evaluate(expression, over: .instant(moment), limits: limits)
    }
}
