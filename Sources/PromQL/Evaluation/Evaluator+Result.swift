import TimeSeries

/// From columns to what the boundary of the engine shows.
extension Evaluator {
    static func result(
        _ evaluator: Evaluator, _ expression: Expression, _ range: EvaluationRange
    ) throws(QueryError) -> QueryValue {
        if case .range(let plan) = evaluator.plan.root {
            try evaluator.chargeInput()
            return .matrix(try evaluator.matrix(plan, expression))
        }
        let grid = evaluator.plan.grid
        switch try evaluator.evaluate() {
        case .string(let literal): return .string(literal.value)
        case .scalar(let values):
            if range.isInstant { return .scalar(values.first ?? Marker.notANumber) }
            let samples = values.enumerated().map {
                Sample(Timestamp(milliseconds: grid.time($0.offset)), $0.element)
            }
            return .matrix([MatrixSeries(labels: .empty, samples: samples)])
        case .vector(let vector):
            return range.isInstant
                ? .vector(elements(vector, isOrdered: isOrdered(expression)))
                : .matrix(matrix(vector, grid))
        }
    }

    /// Whether an instant query shows the order of evaluation instead of that of the labels.
    private static func isOrdered(_ expression: Expression) -> Bool {
        switch expression.unwrapped {
        case .call(let call):
            [.sort, .sortDesc, .sortByLabel, .sortByLabelDesc].contains(call.function)
        case .aggregation(let aggregation):
            aggregation.operation == .topk || aggregation.operation == .bottomk
        default: false
        }
    }

    private static func elements(_ vector: VectorColumns, isOrdered: Bool) -> [VectorElement] {
        var elements: [VectorElement] = []
        for row in 0..<vector.rows {
            switch vector.element(row) {
            case .number(let value):
                elements.append(VectorElement(labels: vector.labels(row), number: .float(value)))
            case .histogram(let histogram):
                elements.append(VectorElement(labels: vector.labels(row), number: .histogram(histogram)))
            case nil: break
            }
        }
        guard !isOrdered, let order = LabelOrder.permutation(of: elements.map(\.labels)) else {
            return elements
        }
        return order.map { elements[$0] }
    }

    private static func matrix(_ vector: VectorColumns, _ grid: Grid) -> [MatrixSeries] {
        var matrix: [MatrixSeries] = []
        for row in 0..<vector.rows {
            var series = MatrixSeries(labels: vector.labels(row), samples: [])
            series.samples.reserveCapacity(vector.steps)
            let cells = vector.cells.span
            for step in 0..<vector.steps {
                let cell = cells[row * vector.steps + step]
                if Cell.isAbsent(cell) { continue }
                let time = Timestamp(milliseconds: grid.time(step))
                if Cell.isNumber(cell) {
                    series.samples.append(Sample(time, cell))
                } else if let histogram = vector.histograms[row * vector.steps + step] {
                    series.histograms.append((time, histogram))
                }
            }
            if !series.samples.isEmpty || !series.histograms.isEmpty { matrix.append(series) }
        }
        guard let order = LabelOrder.permutation(of: matrix.map(\.labels)) else { return matrix }
        return order.map { matrix[$0] }
    }

    /// A range vector as it is: the samples in the window of the only step.
    private func matrix(_ plan: RangePlan, _ expression: Expression) throws(QueryError) -> [MatrixSeries] {
        var matrix: [MatrixSeries] = []
        let rows = try rows(plan, isResult: true)
        for number in 0..<rows.count {
            let row = rows[number]
            let times = row.floats.times.milliseconds
            let window = WindowTable(times, references: plan.references, window: plan.window)
            let labels = row.name.dropsName ? row.name.labels.withoutMetadata : row.name.labels
            var series = MatrixSeries(labels: labels, samples: [])
            if plan.rangeExtension == nil {
                for index in window.range(0) {
                    series.samples.append(
                        Sample(Timestamp(milliseconds: times[index]), row.floats.values[index]))
                }
            } else {
                series.samples = extended(row.floats, plan)
            }
            if let histograms = row.histograms {
                let times = histograms.times.milliseconds
                let window = WindowTable(times, references: plan.references, window: plan.window)
                series.histograms = window.range(0).map {
                    (Timestamp(milliseconds: times[$0]), histograms.values[$0])
                }
            }
            if !series.samples.isEmpty || !series.histograms.isEmpty { matrix.append(series) }
        }
        return matrix.sorted { $0.labels < $1.labels }
    }

    /// The samples in the window, with values of both ends as `anchored` and `smoothed` see them.
    private func extended(_ samples: FloatSamples, _ plan: RangePlan) -> [Sample] {
        let end = plan.references.time(0)
        let start = end &- plan.window
        let isSmoothed = plan.rangeExtension == .smoothed
        let times = samples.times.milliseconds
        let window = WindowTable(
            times, references: plan.references, window: plan.window &+ lookback,
            after: isSmoothed ? lookback : 0
        ).range(0)
        let inside = window.filter { times[$0] > start && times[$0] <= end }
        guard !inside.isEmpty || (isSmoothed && !window.isEmpty) else { return [] }
        func edge(_ time: Int64) -> Double? {
            if isSmoothed, let value = Smoothing.value(samples, window, at: time) { return value }
            let before = window.last { times[$0] <= time }
            return (before ?? window.first).map { samples.values[$0] }
        }
        var result: [Sample] = []
        if let value = edge(start) { result.append(Sample(Timestamp(milliseconds: start), value)) }
        for index in inside where times[index] < end {
            result.append(Sample(Timestamp(milliseconds: times[index]), samples.values[index]))
        }
        if let value = edge(end) { result.append(Sample(Timestamp(milliseconds: end), value)) }
        return result
    }
}
