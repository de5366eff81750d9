import TimeSeries

/// A function over the rows of a range vector, any of them: what workers share.
struct RangeCallTask: Sendable {
    let call: FunctionCall
    let plan: RangePlan
    /// The values of the other arguments at each step.
    let scalars: [[Double]]
    let grid: Grid
    let lookback: Int64
    let features: QueryFeatures
    let budget: SampleBudget
    let interruption: Interruption

    /// Some consecutive rows.
    func evaluate(_ rows: RangeRows, _ numbers: Range<Int>) throws(QueryError) -> EvaluatedPart {
        try EvaluatedPart.made(steps: grid.count, interruption) { part throws(QueryError) in
            let room = max(0, budget.limit - budget.held) / max(1, grid.count)
            part.vector.reserve(rows: min(numbers.count, room))
            try add(rows, numbers, to: &part) { _ throws(QueryError) in try budget.charge(grid.count) }
        }
    }

    /// The series of a piece of a selection.
    func evaluate(
        _ series: [SeriesColumns], _ detectsResets: Bool, to part: inout EvaluatedPart,
        _ found: (Int) throws(QueryError) -> Void
    ) throws(QueryError) {
        let rows = RangeRows(
            series, usesStarts: features.contains(.startTimestamps), detectsResets: detectsResets)
        try add(rows, 0..<rows.count, to: &part, found)
    }

    /// - Parameter found: called for each row with a result.
    private func add(
        _ rows: RangeRows, _ numbers: Range<Int>, to part: inout EvaluatedPart,
        _ found: (Int) throws(QueryError) -> Void
    ) throws(QueryError) {
        let keepsName = call.function == .lastOverTime || call.function == .firstOverTime
        let before = plan.rangeExtension == nil ? 0 : lookback
        let after = plan.rangeExtension == .smoothed ? lookback : 0
        var cache = WindowCache(references: plan.references, window: plan.window &+ before, after: after)
        var rates = RateCache(
            references: plan.references, window: plan.window, isPerSecond: call.function == .rate)
        let isRate = plan.rangeExtension == nil && [.rate, .increase, .delta].contains(call.function)
        for number in numbers {
            if number & 0xf == 0 { try interruption.check() }
            let row = rows[number]
            let windows = cache.windows(of: row.floats.times)
            let histogramWindows = row.histograms.map { cache.windows(of: $0.times) }
            part.vector.appendRow(
                keepsName ? row.name : row.name.withoutMetric(delayed: features.contains(.delayedNameRemoval))
            )
            let isPlain = isRate && row.histograms == nil && row.floats.starts == nil
            let corrections = isPlain && call.function != .delta ? ResetCorrections(row.floats.values) : nil
            let base = (part.vector.rows - 1) * grid.count
            if isPlain, corrections?.isFinite ?? true {
                rates.table(row.floats, windows).fill(
                    &part.vector.cells, from: base, row.floats.values, corrections)
            } else {
                try RangeFunction(
                    call: call, plan: plan, row: row, floats: windows, histograms: histogramWindows,
                    scalars: scalars, times: grid, checkpoint: interruption.check
                ).evaluate(into: &part.vector, annotations: &part.annotations)
            }
            try fill(&part.vector.cells, from: base, row)
            if part.vector.isEmpty(row: part.vector.rows - 1) {
                part.vector.removeLastRow()
            } else {
                try found(number)
                hintAtCounters(row, &part)
            }
        }
    }

    /// Where buckets stand for samples, what they say.
    private func fill(_ cells: inout [Double], from base: Int, _ row: RangeRow) throws(QueryError) {
        guard let buckets = row.rollups, row.histograms == nil, plan.rangeExtension == nil,
            RollupFunction.supports(call.function)
        else { return }
        try RollupFunction(
            function: call.function, buckets: buckets, samples: row.floats, references: plan.references,
            window: plan.window, scalars: scalars
        ).fill(&cells, from: base, checkpoint: interruption.check)
    }

    /// `rate` and `increase` of what does not look like a counter.
    private func hintAtCounters(_ row: RangeRow, _ part: inout EvaluatedPart) {
        guard call.function == .rate || call.function == .increase else { return }
        let checksType = features.contains(.typeAndUnitLabels)
        if !checksType, row.name.labels.isNamedAsCounter { return }
        let name = row.name.labels.metricName
        let last = part.vector.range(of: part.vector.rows - 1)
        guard !name.isEmpty, part.vector.cells[last].contains(where: Cell.isNumber) else { return }
        let position = call.arguments[0].range
        if checksType {
            let type = row.name.labels["__type__"] ?? ""
            if type != "counter", type != "histogram" {
                part.annotations.maybeNotACounter(name, type: type, position)
            }
        } else {
            part.annotations.maybeNotACounter(name, position)
        }
    }
}

/// What a worker made of some rows or steps, and what is to be said about it.
struct EvaluatedPart: Sendable {
    var vector: VectorColumns
    var annotations = Annotations()
    /// Samples that were read for it.
    var samplesRead = 0

    /// What `body` makes; where it fails, the others are told.
    static func made(
        steps: Int, _ interruption: Interruption, _ body: (inout EvaluatedPart) throws(QueryError) -> Void
    ) throws(QueryError) -> EvaluatedPart {
        do {
            var part = EvaluatedPart(vector: VectorColumns(steps: steps))
            try body(&part)
            return part
        } catch {
            interruption.fail(error)
            throw error
        }
    }
}
