import TimeSeries

/// Evaluates a plan over the series that it asked for: synchronous, without clock, the same on any machine up to libm.
final class Evaluator {
    let plan: Plan
    let lookback: Int64
    let features: QueryFeatures
    /// The series of each selection of the plan; none of those that are read in pieces.
    let columns: [[SeriesColumns]]
    /// Selections that are read as they are evaluated, by number.
    let pieces: [Int: SeriesPieces]
    /// How many samples were read in pieces.
    var samplesInPieces = 0
    var annotations = Annotations()
    /// What is taken down for `explain`; nil where nobody asks.
    var trace: EvaluationTrace?
    /// What each step looks at; nil where nobody asks.
    var counts: SampleCounts?
    let budget: SampleBudget
    let interruption: Interruption
    let workers: Workers
    /// Results of shared parts, by number.
    private var known: [Int: Operand] = [:]
    /// The models of `forecast` and its kin.
    let models: ForecastCache

    init(
        plan: Plan, selected: [SelectedSeries], lookback: Duration, features: QueryFeatures, maxSamples: Int,
        models: ForecastCache, workers: Workers = .one, isExpired: @escaping @Sendable () -> Bool
    ) {
        self.plan = plan
        columns = selected.map { if case .series(let series) = $0 { series } else { [] } }
        var pieces: [Int: SeriesPieces] = [:]
        for case (let number, .pieces(let unread)) in selected.enumerated() { pieces[number] = unread }
        self.pieces = pieces
        self.lookback = lookback.milliseconds
        self.features = features
        self.models = models
        self.workers = workers
        interruption = Interruption(isExpired: isExpired)
        budget = SampleBudget(limit: maxSamples)
    }

    var delaysNameRemoval: Bool { features.contains(.delayedNameRemoval) }

    /// The value of the whole plan.
    func evaluate() throws(QueryError) -> Operand {
        try chargeInput()
        let result = try evaluate(plan.root, plan.grid)
        guard case .vector(var vector) = result else { return result }
        try removeNames(&vector)
        return .vector(vector)
    }

    func evaluate(_ node: PlanNode, _ grid: Grid) throws(QueryError) -> Operand {
        try checkpoint()
        guard trace != nil else { return try value(of: node, grid) }
        var isKnown = false
        if case .shared(let number, _) = node { isKnown = known[number] != nil }
        trace?.begin(node, isKnown: isKnown, grid)
        let result = try value(of: node, grid)
        trace?.end(result, input: input(of: node))
        return result
    }

    /// How many samples a selector reads; nil for what takes in the results of other parts.
    private func input(of node: PlanNode) -> Int? {
        guard case .selector(let plan) = node else { return nil }
        return columns[plan.selection].sampleCount
    }

    private func value(of node: PlanNode, _ grid: Grid) throws(QueryError) -> Operand {
        switch node {
        case .constant(let value): return .scalar([Double](repeating: value, count: grid.count))
        case .string(let literal): return .string(literal)
        case .selector(let selector): return .vector(try evaluate(selector, grid))
        case .range: throw QueryError(.internalError, "a range vector has no value at a step")
        case .negated(let operand): return try negate(operand, grid)
        case .binary(let expression, let left, let right):
            return try evaluate(expression, left, right, grid)
        case .aggregation(let aggregation, let parameter, let operand):
            return .vector(try evaluate(aggregation, parameter, operand, grid))
        case .call(let call, let arguments): return try evaluate(call, arguments, grid)
        case .rangeCall(let call, let range, let arguments):
            return .vector(try evaluate(call, range, arguments, grid))
        case .info(let call, let operand, let selector):
            return .vector(try evaluateInfo(call, operand, selector, grid))
        case .once(let inner): return try once(inner, grid)
        case .shared(let number, let inner): return try shared(number, inner, grid)
        }
    }

    /// Evaluates at most once, unless there was something to say about it, which belongs to each place in the query.
    private func shared(_ number: Int, _ node: PlanNode, _ grid: Grid) throws(QueryError) -> Operand {
        if let known = known[number] {
            if case .vector(let vector) = known { try charge(vector.cells.count) }
            counts?.add(shared: number)
            return known
        }
        let messages = annotations.count
        counts?.begin(steps: grid.count)
        let result = try evaluate(node, grid)
        counts?.end(shared: number)
        if annotations.count == messages { known[number] = result }
        return result
    }

    /// Evaluates at the first step and repeats the result.
    private func once(_ node: PlanNode, _ grid: Grid) throws(QueryError) -> Operand {
        counts?.begin(steps: 1)
        let result = try evaluate(node, grid.first)
        counts?.endRepeated()
        switch result {
        case .scalar(let values):
            return .scalar([Double](repeating: values.first ?? Marker.notANumber, count: grid.count))
        case .vector(let vector):
            try charge(vector.rows * (grid.count - 1))
            return .vector(vector.repeated(grid.count))
        case .string(let literal): return .string(literal)
        }
    }

    func vector(_ node: PlanNode, _ grid: Grid) throws(QueryError) -> VectorColumns {
        guard case .vector(let vector) = try evaluate(node, grid) else {
            throw QueryError(.internalError, "expected an instant vector")
        }
        return vector
    }

    func scalar(_ node: PlanNode, _ grid: Grid) throws(QueryError) -> [Double] {
        guard case .scalar(let values) = try evaluate(node, grid) else {
            throw QueryError(.internalError, "expected a scalar")
        }
        return values
    }

    func string(_ node: PlanNode) throws(QueryError) -> StringLiteral {
        guard case .string(let literal) = node else { throw QueryError(.internalError, "expected a string") }
        return literal
    }

    private func negate(_ operand: PlanNode, _ grid: Grid) throws(QueryError) -> Operand {
        switch try evaluate(operand, grid) {
        case .scalar(let values): return .scalar(values.map { -$0 })
        case .string(let literal): return .string(literal)
        case .vector(var vector):
            for index in vector.cells.indices where Cell.isNumber(vector.cells[index]) {
                vector.cells[index] = -vector.cells[index]
            }
            for (index, histogram) in vector.histograms {
                vector.histograms[index] = histogram.scaled(by: -1)
            }
            try dropNames(&vector)
            return .vector(vector)
        }
    }

    // MARK: - Names

    /// Marks the names of all rows for removal, or removes them at once.
    func dropNames(_ vector: inout VectorColumns) throws(QueryError) {
        for row in 0..<vector.rows { vector.rename(row, withoutName(vector.names[row])) }
        if !delaysNameRemoval { try mergeEqual(&vector) }
    }

    func withoutName(_ name: SeriesName) -> SeriesName { name.withoutMetric(delayed: delaysNameRemoval) }

    /// Removes the names that are marked for removal; without delay there are none.
    func removeNames(_ vector: inout VectorColumns) throws(QueryError) {
        guard delaysNameRemoval else { return }
        for row in 0..<vector.rows where vector.names[row].dropsName {
            vector.rename(row, SeriesName(labels: vector.labels(row).withoutMetadata))
        }
        try mergeEqual(&vector)
    }

    /// Joins rows of equal labels.
    /// - Throws: `.execution` where two have a sample at the same step.
    func mergeEqual(_ vector: inout VectorColumns) throws(QueryError) {
        // Rows mostly come in the order of their labels, and then equal ones would stand side by side.
        guard vector.rows > 1, !vector.isStrictlyOrdered(workers) else { return }
        var known: [Labels: Int] = [:]
        known.reserveCapacity(vector.rows)
        var target: [Int] = []
        var isUnique = true
        for row in 0..<vector.rows {
            let first = known[vector.labels(row)] ?? row
            if first == row { known[vector.labels(row)] = row } else { isUnique = false }
            target.append(first)
        }
        guard !isUnique else { return }
        var merged = VectorColumns(steps: vector.steps)
        var place = [Int](repeating: -1, count: vector.rows)
        for row in 0..<vector.rows {
            if target[row] == row {
                place[row] = merged.rows
                merged.appendRow(vector.names[row], copying: row, of: vector)
                continue
            }
            let base = place[target[row]] * vector.steps
            for step in 0..<vector.steps {
                let source = row * vector.steps + step
                guard !Cell.isAbsent(vector.cells[source]) else { continue }
                guard Cell.isAbsent(merged.cells[base + step]) else { throw Evaluator.sameLabels }
                merged.copy(base + step, from: vector, source)
            }
        }
        vector = merged
    }

    static let sameLabels = QueryError(
        .execution, "vector cannot contain metrics with the same labelset")

    // MARK: - Limits

    /// Counts samples that are held from now on.
    func charge(_ samples: Int) throws(QueryError) { try budget.charge(samples) }

    /// Counts the steps and what has been read for them.
    func chargeInput() throws(QueryError) {
        try charge(plan.grid.count)
        release(plan.grid.count)
        for selection in columns { try charge(selection.sampleCount) }
        for unread in pieces.values { try charge(unread.sampleCount) }
    }

    /// Counts samples that are held no longer.
    func release(_ samples: Int) { budget.release(samples) }

    /// Ends the query once its time is over or nobody waits for it any more.
    func checkpoint() throws(QueryError) { try interruption.check() }
}
