import TimeSeries

/// `histogram_quantile`, `histogram_quantiles` and `histogram_fraction`.
extension Evaluator {
    /// What is asked of each histogram.
    private struct Question: Sendable {
        var first: [Double]
        var second: [Double] = []
        /// The label that tells quantiles apart, and its value.
        var label: (name: String, value: [String])?
    }

    func histogramEstimates(
        _ call: FunctionCall, _ arguments: [PlanNode], _ grid: Grid
    ) throws(QueryError) -> VectorColumns {
        var questions: [Question] = []
        let operand: Int
        switch call.function {
        case .histogramQuantile:
            questions.append(Question(first: try scalar(arguments[0], grid)))
            operand = 1
        case .histogramFraction:
            questions.append(
                Question(first: try scalar(arguments[0], grid), second: try scalar(arguments[1], grid)))
            operand = 2
        default:
            let label = try string(arguments[1]).value
            for argument in arguments.dropFirst(2) {
                let values = try scalar(argument, grid)
                questions.append(
                    Question(first: values, label: (label, values.map(Evaluator.openMetricsText))))
            }
            operand = 0
        }
        if call.function != .histogramFraction { checkQuantiles(call, questions) }
        let input = try vector(arguments[operand], grid)
        let classic = ClassicSeries(input, call.arguments[operand].range, &annotations)
        var result = VectorColumns(steps: grid.count)
        for question in questions {
            try estimate(call, operand, question, input, classic, &result)
        }
        release(input.cells.count)
        if !delaysNameRemoval { try mergeEqual(&result) }
        return result
    }

    private func checkQuantiles(_ call: FunctionCall, _ questions: [Question]) {
        let first = call.function == .histogramQuantile ? 0 : 2
        for (number, question) in questions.enumerated() {
            for quantile in question.first where !(quantile >= 0 && quantile <= 1) {
                annotations.invalidQuantile(quantile, call.arguments[first + number].range)
            }
        }
    }

    private func estimate(
        _ call: FunctionCall, _ operand: Int, _ question: Question, _ input: VectorColumns,
        _ classic: ClassicSeries, _ result: inout VectorColumns
    ) throws(QueryError) {
        let steps = input.steps
        var rows: [SeriesName: Int] = [:]
        var last: (labels: Labels, row: Int)?
        func index(_ labels: Labels, _ step: Int) throws(QueryError) -> Int {
            if question.label == nil, let last, last.labels == labels { return last.row * steps + step }
            var named = labels
            if let label = question.label { named = labels.replacing(label.name, with: label.value[step]) }
            let name = withoutName(SeriesName(labels: named))
            if rows[name] == nil {
                try charge(steps)
                rows[name] = result.appendRow(name)
            }
            let row = rows[name] ?? 0
            last = (labels, row)
            return row * steps + step
        }
        for row in 0..<input.rows where !input.histograms.isEmpty {
            for step in 0..<steps {
                guard case .histogram(let histogram)? = input.element(row * steps + step),
                    !classic.conflicts(input.labels(row), step)
                else { continue }
                let target = try index(input.labels(row), step)
                guard Cell.isAbsent(result.cells[target]) else { throw Evaluator.sameLabels }
                result.cells[target] = native(call, operand, question, step, histogram, input.labels(row))
            }
        }
        let estimates = try estimates(call, operand, question, input, classic)
        for (number, group) in classic.groups.enumerated() {
            for step in 0..<steps where !Cell.isAbsent(estimates[number * steps + step]) {
                let target = try index(group.labels, step)
                guard Cell.isAbsent(result.cells[target]) else { throw Evaluator.sameLabels }
                result.cells[target] = estimates[number * steps + step]
            }
        }
    }

    /// What classic histograms answer at all steps, one after the other, absent where there is none: by all workers.
    private func estimates(
        _ call: FunctionCall, _ operand: Int, _ question: Question, _ input: VectorColumns,
        _ classic: ClassicSeries
    ) throws(QueryError) -> [Double] {
        let (interruption, metricStays) = (interruption, delaysNameRemoval)
        let pieces = workers.pieces(of: classic.groups.count, atLeast: 1 + 1024 / max(1, input.steps))
        let parts = try workers.map(pieces.count) { piece throws(QueryError) in
            var annotations = Annotations()
            var values: [Double] = []
            values.reserveCapacity(pieces[piece].count * input.steps)
            var histogram = ClassicHistogram()
            for group in classic.groups[pieces[piece]] {
                try interruption.check()
                let metric = metricStays ? group.labels.metricName : ""
                for step in 0..<input.steps {
                    classic.read(group, step, input, into: &histogram)
                    guard !histogram.isEmpty else {
                        values.append(Cell.absent)
                        continue
                    }
                    values.append(
                        Evaluator.estimate(call, operand, question, step, histogram, metric, &annotations))
                }
            }
            return (values: values, annotations: annotations)
        }
        for part in parts { annotations.add(part.annotations) }
        return parts.flatMap(\.values)
    }

    private func native(
        _ call: FunctionCall, _ operand: Int, _ question: Question, _ step: Int,
        _ histogram: FloatHistogram, _ labels: Labels
    ) -> Double {
        let position = call.arguments[operand].range
        let name = labels.metricName
        if call.function == .histogramFraction {
            let value = histogram.fraction(from: question.first[step], to: question.second[step])
            if histogram.sum.isNaN, histogram.count != 0, !value.isNaN, histogram.hasNaNObservations {
                annotations.nanObservations(
                    "histogram_fraction", "which are excluded from all fractions", name, position)
            }
            return value
        }
        let (value, effect) = histogram.quantile(question.first[step])
        switch effect {
        case .none: break
        case .isNaN: annotations.nanObservations("histogram_quantile", "result is NaN", name, position)
        case .isSkewed:
            annotations.nanObservations("histogram_quantile", "result is skewed higher", name, position)
        }
        return value
    }

    private static func estimate(
        _ call: FunctionCall, _ operand: Int, _ question: Question, _ step: Int,
        _ histogram: ClassicHistogram, _ metric: String, _ annotations: inout Annotations
    ) -> Double {
        if call.function == .histogramFraction {
            return histogram.fraction(from: question.first[step], to: question.second[step])
        }
        let quantile = question.first[step]
        if quantile.isNaN { return Marker.notANumber }
        if quantile < 0 { return -.infinity }
        if quantile > 1 { return .infinity }
        if histogram.wasForced {
            annotations.forcedMonotonicity(metric, call.arguments[operand].range)
        }
        return histogram.quantile(quantile)
    }

    /// A float as OpenMetrics writes label values: `1.0`, `0.5`.
    static func openMetricsText(_ value: Double) -> String {
        let text = NumberSyntax.text(value)
        return text.allSatisfy { $0.isNumber || $0 == "-" } ? text + ".0" : text
    }
}

extension FloatHistogram {
    /// Whether fewer observations are in buckets than were made.
    var hasNaNObservations: Bool {
        sum.isNaN && ascending.reduce(0) { $0 + $1.count } < count
    }
}

/// The classic histograms among the rows of a vector: rows with an `le` label, by their other labels.
struct ClassicSeries {
    struct Group {
        var labels: Labels
        var rows: [(row: Int, upper: Double)]
    }

    private(set) var groups: [Group] = []
    /// Where a native and a classic histogram of the same name meet: by labels and step.
    private var conflicting: [Labels: Set<Int>] = [:]

    init(_ input: VectorColumns, _ position: SourceRange, _ annotations: inout Annotations) {
        let selection = LabelSelection(removing: ["le"])
        var numbers: [Labels: Int] = [:]
        for row in 0..<input.rows {
            let labels = input.labels(row)
            guard input.cells[input.range(of: row)].contains(where: Cell.isNumber) else { continue }
            guard let text = labels["le"], let upper = ClassicSeries.bound(text) else {
                annotations.badBucketLabel(labels.metricName, labels["le"] ?? "", position)
                continue
            }
            let rest = selection.apply(labels)
            let number = numbers[rest] ?? groups.count
            if number == groups.count {
                numbers[rest] = number
                groups.append(Group(labels: rest, rows: []))
            }
            groups[number].rows.append((row, upper))
        }
        for number in groups.indices { groups[number].rows.sort { $0.upper < $1.upper } }
        guard !groups.isEmpty, !input.histograms.isEmpty else { return }
        for row in 0..<input.rows {
            guard let number = numbers[input.labels(row)] else { continue }
            for step in 0..<input.steps where Cell.isHistogram(input.cells[row * input.steps + step]) {
                let meets = groups[number].rows.contains {
                    Cell.isNumber(input.cells[$0.row * input.steps + step])
                }
                guard meets else { continue }
                conflicting[groups[number].labels, default: []].insert(step)
                annotations.mixedClassicAndNative(input.labels(row).metricName, position)
            }
        }
    }

    func conflicts(_ labels: Labels, _ step: Int) -> Bool {
        !conflicting.isEmpty && conflicting[labels]?.contains(step) ?? false
    }

    /// The buckets with a sample at the step; none where there is a native histogram too.
    func read(_ group: Group, _ step: Int, _ input: VectorColumns, into histogram: inout ClassicHistogram) {
        histogram.replace { buckets in
            guard !conflicts(group.labels, step) else { return }
            let rows = group.rows.span
            let cells = input.cells.span
            for index in rows.indices {
                let cell = cells[rows[index].row * input.steps + step]
                if Cell.isNumber(cell) { buckets.append((rows[index].upper, cell)) }
            }
        }
    }

    /// The value of an `le` label as Go's `strconv.ParseFloat` reads it.
    static func bound(_ text: String) -> Double? {
        switch text.lowercased() {
        case "+inf", "inf", "+infinity", "infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        case "nan": return nil
        default: return Double(text)
        }
    }
}
