package import TimeSeries

/// What a query did and what each part of it cost: the plan as it was carried out.
package struct QueryExplanation: Hashable, Sendable {
    /// One selection of series; several selectors may share it.
    package struct Reading: Hashable, Sendable {
        package var matchers: [Matcher]
        package var range: ClosedRange<Timestamp>
        package var series: Int
        package var samples: Int

        package init(matchers: [Matcher], range: ClosedRange<Timestamp>, series: Int, samples: Int) {
            self.matchers = matchers
            self.range = range
            self.series = series
            self.samples = samples
        }
    }

    /// One part of the plan with the parts that it is made of.
    package struct Step: Hashable, Sendable {
        /// What was done: `sum by (mode)`, `rate`, `selector`, `constant`, `once`, `reused`.
        package var operation: String
        /// What was read or is given: a selector, a window, a literal; empty for what works on parts below.
        package var expression: String
        /// Where it stands in the query, as byte offsets; nil for what stands for the part below.
        package var source: Range<Int>?
        /// At how many moments it was evaluated.
        package var steps = 0
        /// Series of the result; 1 for a scalar.
        package var series = 0
        /// Samples taken in: those read by a selector, else those of the parts below.
        package var input = 0
        /// Samples of the result that are held, gaps included.
        package var output = 0
        /// The time that it took with all parts below.
        package var elapsed: Duration = .zero
        package var children: [Step] = []

        package init(
            operation: String, expression: String = "", source: Range<Int>? = nil, elapsed: Duration = .zero
        ) {
            self.operation = operation
            self.expression = expression
            self.source = source
            self.elapsed = elapsed
        }

        /// The time that it took without the parts below.
        package var ownTime: Duration {
            max(.zero, children.reduce(elapsed) { $0 - $1.elapsed })
        }
    }

    /// The time from the expression to the plan, from the plan to all columns, and from these to the result.
    package var planning: Duration
    package var reading: Duration
    package var evaluating: Duration
    package var readings: [Reading]
    package var plan: Step

    package init(
        planning: Duration, reading: Duration, evaluating: Duration, readings: [Reading], plan: Step
    ) {
        self.planning = planning
        self.reading = reading
        self.evaluating = evaluating
        self.readings = readings
        self.plan = plan
    }
}

extension QueryEngine {
    /// Engines that cannot look into the evaluation say so.
    package func explain(
        _ expression: Expression, over range: EvaluationRange, limits: QueryLimits
    ) async throws(QueryError) -> (result: QueryResult, explanation: QueryExplanation) {
        throw QueryError(.badData, "this engine does not explain its queries; leave explain out")
    }
}
