import TimeSeries

/// Aggregations.
extension Evaluator {
    func evaluate(
        _ aggregation: Aggregation, _ parameter: PlanNode?, _ operand: PlanNode, _ grid: Grid
    ) throws(QueryError) -> VectorColumns {
        if aggregation.operation == .countValues {
            guard let parameter else { throw QueryError(.internalError, "count_values lacks its label") }
            return try countValues(aggregation, try string(parameter), try vector(operand, grid))
        }
        let numbers: [Double] = if let parameter { try scalar(parameter, grid) } else { [] }
        let input = try vector(operand, grid)
        let groups = Groups(aggregation, input)
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
    struct Groups {
        private(set) var ofRow: [Int] = []
        private(set) var names: [SeriesName] = []

        init(_ aggregation: Aggregation, _ input: VectorColumns) {
            let selection =
                aggregation.isWithout
                ? LabelSelection(removing: aggregation.labels + ["__name__"])
                : LabelSelection(keeping: aggregation.labels)
            var numbers: [Labels: Int] = [:]
            var bytes: [UInt8] = []
            var last = -1
            ofRow.reserveCapacity(input.rows)
            for row in 0..<input.rows {
                _ = selection.select(input.labels(row), into: &bytes)
                // Rows come ordered, so that the next one often belongs to the same group.
                if last < 0 || names[last].labels.bytes != bytes {
                    let labels = Labels(canonical: bytes)
                    last = numbers[labels] ?? names.count
                    if last == names.count {
                        numbers[labels] = last
                        names.append(SeriesName(labels: labels))
                    }
                }
                if input.names[row].dropsName { names[last].dropsName = true }
                ofRow.append(last)
            }
        }
    }

    private func reduce(
        _ aggregation: Aggregation, _ input: VectorColumns, _ groups: Groups
    ) throws(QueryError) -> VectorColumns {
        let steps = input.steps
        try charge(groups.names.count * steps)
        var reducer = Reducer(aggregation, groups: groups.names.count, steps: steps)
        for row in 0..<input.rows {
            if row & 0xff == 0 { try checkpoint() }
            reducer.add(input, row, to: groups.ofRow[row], &annotations)
        }
        return reducer.result(groups.names, &annotations)
    }

    private func quantiles(
        _ aggregation: Aggregation, _ quantiles: [Double], _ input: VectorColumns, _ groups: Groups
    ) throws(QueryError) -> VectorColumns {
        let steps = input.steps
        try charge(groups.names.count * steps)
        var result = VectorColumns(steps: steps)
        var rows = [[Int]](repeating: [], count: groups.names.count)
        for row in 0..<input.rows { rows[groups.ofRow[row]].append(row) }
        if let parameter = aggregation.parameter {
            for quantile in quantiles where !(quantile >= 0 && quantile <= 1) {
                annotations.invalidQuantile(quantile, parameter.range)
            }
        }
        for (group, name) in groups.names.enumerated() {
            let base = result.appendRow(name) * steps
            for step in 0..<steps {
                try checkpoint()
                var values: [Double] = []
                for row in rows[group] {
                    let cell = input.cells[row * steps + step]
                    if Cell.isNumber(cell) { values.append(cell) }
                    if Cell.isHistogram(cell) {
                        annotations.ignoredHistogram("quantile", aggregation.operand.range)
                    }
                }
                if !values.isEmpty { result.cells[base + step] = Quantile.of(values, quantiles[step]) }
            }
        }
        return result
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
