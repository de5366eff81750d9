import TimeSeries

/// Aggregations.
extension Evaluator {
    func evaluate(
        _ aggregation: Aggregation, _ parameter: PlanNode?, _ operand: PlanNode, _ grid: Grid
    ) throws(QueryError) -> VectorColumns {
        if aggregation.operation == .countValues {
            guard let parameter else { throw QueryError(.internalError, "count_values lacks its label") }
            let input = try vector(operand, grid)
            defer { release(input.cells.count) }
            return try countValues(aggregation, try string(parameter), input)
        }
        let numbers: [Double] = if let parameter { try scalar(parameter, grid) } else { [] }
        let input = try vector(operand, grid)
        let groups = Groups(aggregation, input, workers)
        let result: VectorColumns
        switch aggregation.operation {
        case .topk, .bottomk, .limitk, .limitRatio:
            result = try select(aggregation, numbers, input, groups)
        case .quantile: result = try quantiles(aggregation, numbers, input, groups)
        default: result = try reduce(aggregation, input, groups)
        }
        release(input.cells.count)
        return result
    }

    /// Which group each row belongs to.
    struct Groups: Sendable {
        private(set) var ofRow: [Int] = []
        private(set) var names: [SeriesName] = []
        private var numbers: [Labels: Int] = [:]
        private var last = -1

        /// The rows of each group, in their order.
        var rows: [[Int]] {
            var rows = [[Int]](repeating: [], count: names.count)
            for (row, group) in ofRow.enumerated() { rows[group].append(row) }
            return rows
        }

        init(_ aggregation: Aggregation, _ input: VectorColumns, _ workers: Workers) {
            let selection =
                aggregation.isWithout
                ? LabelSelection(removing: aggregation.labels + ["__name__"])
                : LabelSelection(keeping: aggregation.labels)
            // One piece for each worker, since each has to find all groups of its rows.
            let pieces = workers.pieces(
                of: input.rows, atLeast: max(1024, (input.rows + workers.count - 1) / workers.count))
            let parts = workers.map(pieces.count) { Groups(selection, input, pieces[$0]) }
            self = parts[0]
            ofRow.reserveCapacity(input.rows)
            for part in parts.dropFirst() {
                let here = part.names.map { number(of: $0.labels.bytes, dropsName: $0.dropsName) }
                for group in part.ofRow { ofRow.append(here[group]) }
            }
        }

        /// Of some rows, numbered as if there were no others.
        private init(_ selection: LabelSelection, _ input: VectorColumns, _ rows: Range<Int>) {
            var bytes: [UInt8] = []
            ofRow.reserveCapacity(rows.count)
            for row in rows {
                _ = selection.select(input.labels(row), into: &bytes)
                ofRow.append(number(of: bytes, dropsName: input.names[row].dropsName))
            }
        }

        /// The number of the group with these labels, a new one where there is none.
        private mutating func number(of bytes: [UInt8], dropsName: Bool) -> Int {
            // Rows come ordered, so that the next one often belongs to the same group, or groups take turns.
            let following = last + 1 < names.count ? last + 1 : 0
            if last < 0 || names[last].labels.bytes != bytes {
                if following < names.count, names[following].labels.bytes == bytes {
                    last = following
                } else {
                    let labels = Labels(canonical: bytes)
                    last = numbers[labels] ?? names.count
                    if last == names.count {
                        numbers[labels] = last
                        names.append(SeriesName(labels: labels))
                    }
                }
            }
            if dropsName { names[last].dropsName = true }
            return last
        }
    }

    private func reduce(
        _ aggregation: Aggregation, _ input: VectorColumns, _ groups: Groups
    ) throws(QueryError) -> VectorColumns {
        let (names, ofRow, interruption) = (groups.names, groups.ofRow, self.interruption)
        try charge(names.count * input.steps)
        return try byStep(input, groups) { steps, annotations throws(QueryError) in
            var reducer = Reducer(aggregation, groups: names.count, steps: steps)
            for row in 0..<input.rows {
                if row & 0xff == 0 { try interruption.check() }
                reducer.add(input, row, to: ofRow[row], &annotations)
            }
            return reducer.result(names, &annotations)
        }
    }

    private func quantiles(
        _ aggregation: Aggregation, _ quantiles: [Double], _ input: VectorColumns, _ groups: Groups
    ) throws(QueryError) -> VectorColumns {
        try charge(groups.names.count * input.steps)
        if let parameter = aggregation.parameter {
            for quantile in quantiles where !(quantile >= 0 && quantile <= 1) {
                annotations.invalidQuantile(quantile, parameter.range)
            }
        }
        let (names, rows, interruption) = (groups.names, groups.rows, self.interruption)
        return try byStep(input, groups) { steps, annotations throws(QueryError) in
            var result = VectorColumns(steps: steps.count)
            var values: [Double] = []
            for (group, name) in names.enumerated() {
                let base = result.appendRow(name) * steps.count
                for step in steps {
                    try interruption.check()
                    values.removeAll(keepingCapacity: true)
                    for row in rows[group] {
                        let cell = input.cells[row * input.steps + step]
                        if Cell.isNumber(cell) { values.append(cell) }
                        if Cell.isHistogram(cell) {
                            annotations.ignoredHistogram("quantile", aggregation.operand.range)
                        }
                    }
                    guard !values.isEmpty else { continue }
                    result.cells[base + step - steps.lowerBound] = Quantile.of(values, quantiles[step])
                }
            }
            return result
        }
    }

    /// The cells of all groups, some consecutive steps for each worker; `body` makes a row for each group.
    private func byStep(
        _ input: VectorColumns, _ groups: Groups,
        _ body: @Sendable (Range<Int>, inout Annotations) throws(QueryError) -> VectorColumns
    ) throws(QueryError) -> VectorColumns {
        // Histograms are few, and each is work enough to be worth no sharing by steps alone.
        let least = input.histograms.isEmpty ? max(8, 131_072 / max(1, input.rows)) : input.steps
        let pieces = workers.pieces(of: input.steps, atLeast: least)
        let interruption = self.interruption
        let parts = try workers.map(pieces.count) { piece throws(QueryError) in
            try EvaluatedPart.made(steps: pieces[piece].count, interruption) { part throws(QueryError) in
                part.vector = try body(pieces[piece], &part.annotations)
            }
        }
        for part in parts { annotations.add(part.annotations) }
        guard parts.count > 1 else { return parts[0].vector }
        return VectorColumns(joiningSteps: parts.map(\.vector), names: groups.names)
    }

    private func countValues(
        _ aggregation: Aggregation, _ label: StringLiteral, _ input: VectorColumns
    ) throws(QueryError) -> VectorColumns {
        guard label.invalidBytes == nil, !label.value.isEmpty else {
            throw QueryError(
                .execution,
                "invalid label name \(label.invalidBytes.map(StringSyntax.quoted) ?? Labels.quoted(label.value))"
            )
        }
        let selection =
            aggregation.isWithout
            ? LabelSelection(removing: aggregation.labels + ["__name__"])
            : LabelSelection(keeping: aggregation.labels + [label.value])
        let steps = input.steps
        var result = VectorColumns(steps: steps)
        var rows: [Labels: Int] = [:]
        for row in 0..<input.rows {
            try checkpoint()
            for step in 0..<steps {
                guard let element = input.element(row * steps + step) else { continue }
                let text: String =
                    switch element {
                    case .number(let value): NumberSyntax.plainText(value)
                    case .histogram(let histogram): histogram.text
                    }
                let labels = selection.apply(input.labels(row).replacing(label.value, with: text))
                let known = rows[labels]
                if known == nil { try charge(steps) }
                let target = known ?? result.appendRow(SeriesName(labels: labels))
                rows[labels] = target
                let cell = result.cells[target * steps + step]
                result.cells[target * steps + step] = Cell.isAbsent(cell) ? 1 : cell + 1
            }
        }
        return result
    }
}
