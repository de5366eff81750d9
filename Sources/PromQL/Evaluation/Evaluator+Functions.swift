import TimeSeries

/// Functions of instant vectors and scalars.
extension Evaluator {
    func evaluate(
        _ call: FunctionCall, _ arguments: [PlanNode], _ grid: Grid
    ) throws(QueryError) -> Operand {
        switch call.function {
        case .time: return .scalar((0..<grid.count).map { Double(grid.time($0)) / 1000 })
        case .minOf, .maxOf:
            let (a, b) = (try scalar(arguments[0], grid), try scalar(arguments[1], grid))
            let pick = call.function == .minOf ? Arithmetic.least : Arithmetic.greatest
            return .scalar(zip(a, b).map(pick))
        case .scalar: return .scalar(Evaluator.onlyValues(try vector(arguments[0], grid)))
        case .vector:
            try charge(grid.count)
            return .vector(
                VectorColumns(
                    steps: grid.count, names: [SeriesName(labels: .empty)],
                    cells: try scalar(arguments[0], grid)))
        case .timestamp, .startTimestamp: return .vector(try timestamps(call, arguments[0], grid))
        case .absent:
            let operand = try vector(arguments[0], grid)
            let isPresent = (0..<grid.count).map { step in
                (0..<operand.rows).contains { !Cell.isAbsent(operand.cells[$0 * grid.count + step]) }
            }
            return .vector(try absent(call, isPresent))
        case .labelReplace, .labelJoin: return .vector(try relabel(call, arguments, grid))
        case .sort, .sortDesc, .sortByLabel, .sortByLabelDesc:
            if plan.grid.count > 1 || grid.count > 1 { annotations.ineffectiveSort(call.range) }
            return .vector(try sorted(call, arguments, try vector(arguments[0], grid)))
        case .histogramQuantile, .histogramFraction, .histogramQuantiles:
            return .vector(try histogramEstimates(call, arguments, grid))
        case .histogramAvg, .histogramCount, .histogramSum, .histogramStddev, .histogramStdvar:
            return .vector(try mapHistograms(call, try vector(arguments[0], grid)))
        case .year, .month, .hour, .minute, .daysInMonth, .dayOfMonth, .dayOfWeek, .dayOfYear:
            return .vector(try dates(call, arguments, grid))
        case .clamp, .clampMax, .clampMin, .round: return .vector(try bounded(call, arguments, grid))
        default:
            let function = ElementaryFunction.of(call.function)
            return .vector(try mapNumbers(try vector(arguments[0], grid)) { value, _ in function(value) })
        }
    }

    /// A function of each number; histograms are left out.
    func mapNumbers(
        _ vector: consuming VectorColumns, _ function: (_ value: Double, _ step: Int) -> Double
    ) throws(QueryError) -> VectorColumns {
        var result = vector
        result.histograms = [:]
        let steps = result.steps
        for index in result.cells.indices {
            let cell = result.cells[index]
            if Cell.isAbsent(cell) { continue }
            result.cells[index] = Cell.isNumber(cell) ? function(cell, index % steps) : Cell.absent
        }
        try dropNames(&result)
        return result
    }

    /// A number for each histogram; numbers are left out.
    private func mapHistograms(
        _ call: FunctionCall, _ vector: consuming VectorColumns
    ) throws(QueryError) -> VectorColumns {
        var result = vector
        for index in result.cells.indices {
            guard Cell.isHistogram(result.cells[index]), let histogram = result.histograms[index] else {
                result.cells[index] = Cell.absent
                continue
            }
            result.cells[index] =
                switch call.function {
                case .histogramCount: histogram.count
                case .histogramSum: histogram.sum
                case .histogramAvg: histogram.sum / histogram.count
                case .histogramStdvar: histogram.variance
                default: histogram.variance.squareRoot()
                }
        }
        result.histograms = [:]
        try dropNames(&result)
        return result
    }

    private func bounded(
        _ call: FunctionCall, _ arguments: [PlanNode], _ grid: Grid
    ) throws(QueryError) -> VectorColumns {
        let operand = try vector(arguments[0], grid)
        var scalars: [[Double]] = []
        for argument in arguments.dropFirst() { scalars.append(try scalar(argument, grid)) }
        switch call.function {
        case .clampMin:
            return try mapNumbers(operand) { Arithmetic.greatest(scalars[0][$1], $0) }
        case .clampMax:
            return try mapNumbers(operand) { Arithmetic.least(scalars[0][$1], $0) }
        case .clamp:
            return try mapNumbers(operand) { value, step in
                let (low, high) = (scalars[0][step], scalars[1][step])
                return high < low ? Cell.absent : Arithmetic.greatest(low, Arithmetic.least(high, value))
            }
        default:
            return try mapNumbers(operand) { value, step in
                // The inverse loses less to rounding for steps such as 0.1.
                let inverse = 1 / (scalars.isEmpty ? 1 : scalars[0][step])
                return (value * inverse + 0.5).rounded(.down) / inverse
            }
        }
    }

    /// The value of the only series at each step, NaN where there is none or several.
    private static func onlyValues(_ vector: VectorColumns) -> [Double] {
        var values = [Double](repeating: Marker.notANumber, count: vector.steps)
        var counts = [Int](repeating: 0, count: vector.steps)
        for index in vector.cells.indices where Cell.isNumber(vector.cells[index]) {
            let step = index % vector.steps
            counts[step] += 1
            values[step] = counts[step] == 1 ? vector.cells[index] : Marker.notANumber
        }
        return values
    }

    /// The time of the samples that a selector finds; the time of the step for anything else.
    private func timestamps(
        _ call: FunctionCall, _ argument: PlanNode, _ grid: Grid
    ) throws(QueryError) -> VectorColumns {
        let yielding: SelectedValue = call.function == .timestamp ? .timestamp : .startTimestamp
        var selector = argument
        if case .once(let inner) = argument { selector = inner }
        var result: VectorColumns
        if case .selector(let plan) = selector {
            let isOnce = if case .once = argument { true } else { false }
            result = try evaluate(plan, isOnce ? grid.first : grid, yielding: yielding)
            if isOnce { result = result.repeated(grid.count) }
        } else {
            result = try vector(argument, grid)
            guard call.function == .timestamp else { return VectorColumns(steps: grid.count) }
            result.histograms = [:]
            for index in result.cells.indices where !Cell.isAbsent(result.cells[index]) {
                result.cells[index] = Double(grid.time(index % grid.count)) / 1000
            }
        }
        try dropNames(&result)
        return result
    }

    private func dates(
        _ call: FunctionCall, _ arguments: [PlanNode], _ grid: Grid
    ) throws(QueryError) -> VectorColumns {
        if let argument = arguments.first {
            return try mapNumbers(try vector(argument, grid)) { value, _ in
                CalendarDate.part(call.function, of: value)
            }
        }
        try charge(grid.count)
        let cells = (0..<grid.count).map { step in
            CalendarDate.part(call.function, of: Double(grid.time(step) / 1000))
        }
        return VectorColumns(steps: grid.count, names: [SeriesName(labels: .empty)], cells: cells)
    }
}
